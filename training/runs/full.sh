#!/usr/bin/env bash
# Both starter adapters from the sets that may be published: hours on two cores.
#
#   training/runs/full.sh DATA RUN [im|gm]      DATA: the folder with the sets; RUN: everything it makes
#
# It can be stopped at any time and started again: what is finished is left alone, what was killed goes on.
# RECIPES names another folder of recipes; RECIPES_PREFIX=7b- takes those for a large base on a GPU, with BASE_GGUF, that base as GGUF.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ $# -lt 2 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 1
fi
data=$1
run=$2
models=${3:-im gm}
training=${TRAINING_PYTHON:-.venv-training/bin/python}
site=${SITE_PYTHON:-.venv/bin/python}
recipes=${RECIPES:-training/recipes}
prefix=${RECIPES_PREFIX:-}
base=${BASE_GGUF:-var/models/SmolLM2-135M-Instruct.Q4_1.gguf}
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
mkdir -p "$run"

step() { printf '\n== %s  (%d s)\n' "$1" "$SECONDS"; }

stage() { # STAGE MODEL DATA [ADAPTER]: one run, unless it is finished
  local folder=$run/$2-$1
  [ -d "$folder/adapter" ] || "$training" -m training.stages "$1" --recipe "$recipes/$2/$prefix$1.yaml" --data "$3" --run "$folder" \
    --resume ${4:+--adapter "$4"}
  [ -f "$folder/loader_check.json" ] || "$training" -m training.stages to-gguf --recipe "$recipes/$2/$prefix$1.yaml" --run "$folder" \
    --base-gguf "$base" --site-python "$site"
  "$training" -m training.stages manifest --run "$folder"
}

step "sources and preparation"
[ -f "$run/data/report.json" ] || "$training" -m training.preparation build --recipe training/recipes/data/starter.yaml \
  --data "$data" --out "$run/data"

for model in $models; do
  step "$model: SFT"
  stage sft "$model" "$run/data"
  pairs=$run/data
  if [ "$model" = im ]; then
    step "im: pairs of its own answers"
    pairs=$run/im-pairs
    mkdir -p "$pairs"
    if [ ! -f "$pairs/pairs.jsonl" ]; then
      "$site" -m training.sampling "$run/data/examples.jsonl" --model "$base" --adapter "$run/im-sft/adapter.gguf" \
        --out "$pairs/samples.jsonl"
      "$training" -m training.own_pairs "$run/data/examples.jsonl" "$pairs/samples.jsonl" --out "$pairs/own.jsonl"
      cat "$run/data/pairs.jsonl" "$pairs/own.jsonl" > "$pairs/pairs.part"
      mv "$pairs/pairs.part" "$pairs/pairs.jsonl"
    fi
  fi
  step "$model: DPO"
  stage dpo "$model" "$pairs" "$run/$model-sft/adapter"
  step "$model: preference accuracy on held-out pairs"
  "$training" -m training.stages preference --recipe "$recipes/$model/${prefix}dpo.yaml" --pairs "$pairs/pairs.jsonl" \
    --adapter "sft=$run/$model-sft/adapter" --adapter "dpo=$run/$model-dpo/adapter" --out "$run/$model-dpo/preference.json"
done
step "done"
