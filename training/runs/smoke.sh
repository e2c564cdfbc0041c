#!/usr/bin/env bash
# From votes to an activated adapter, end to end on an invented sample: under ten minutes on two cores.
#
#   training/runs/smoke.sh [RUN]      RUN: an empty folder for everything it makes; default: one that is removed afterwards
#
# TRAINING_PYTHON and SITE_PYTHON name the two environments (.venv-training/bin/python, .venv/bin/python).
set -euo pipefail
cd "$(dirname "$0")/../.."

training=${TRAINING_PYTHON:-.venv-training/bin/python}
site=${SITE_PYTHON:-.venv/bin/python}
base=var/models/SmolLM2-135M-Instruct.Q4_1.gguf
recipes=training/recipes/smoke

if [ $# -gt 0 ]; then
  run=$1
  if [ -e "$run" ] && [ -n "$(ls -A "$run")" ]; then
    echo "$run: not empty. Name another folder." >&2
    exit 1
  fi
  mkdir -p "$run"
else
  run=$(mktemp -d)
  trap 'rm -rf "$run"' EXIT
fi
[ -f "$base" ] || { echo "$base: missing. Run \`make setup\`." >&2; exit 1; }
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1 OMP_WAIT_POLICY=passive

step() { printf '\n== %s  (%d s)\n' "$1" "$SECONDS"; }

# Ends a training run with SIGKILL once it has written a step that no checkpoint holds.
kill_in_the_middle() {
  local folder=$1 pid=$2
  until [ -f "$folder/metrics.jsonl" ] && [ "$(grep -c '"loss"' "$folder/metrics.jsonl")" -ge 8 ]; do
    kill -0 "$pid" 2> /dev/null || { echo "The run ended before it could be killed." >&2; return 1; }
    sleep 0.2
  done
  kill -KILL "$pid"
  wait "$pid" 2> /dev/null && { echo "The run was not killed." >&2; return 1; }
  echo "Killed after step $(grep -c '"loss"' "$folder/metrics.jsonl")."
}

step "the stages' own tests: losses against trl, tokens against llama.cpp, kill and resume"
if [ "${SMOKE_TESTS:-1}" = 1 ]; then
  "$training" -m pytest -q -c training/stages/tests/pytest.ini training/stages/tests
fi

step "sources and preparation"
"$training" -m training.preparation build --recipe training/recipes/data/smoke.yaml --data training/tests/samples --out "$run/data"

step "SFT, killed"
"$training" -m training.stages sft --recipe $recipes/sft.yaml --data "$run/data" --run "$run/sft" > "$run/sft.log" 2>&1 &
kill_in_the_middle "$run/sft" $! || { cat "$run/sft.log"; exit 1; }

step "SFT, resumed"
"$training" -m training.stages sft --recipe $recipes/sft.yaml --data "$run/data" --run "$run/sft" --resume

step "is the curve whole"
"$training" - "$run/sft" << 'PYTHON'
import sys
from pathlib import Path

from training.stages.tracking import column, read_metrics

lines = read_metrics(Path(sys.argv[1]))
steps, losses = column(lines, "loss")
assert steps == list(range(1, 13)), f"steps {steps}: one is missing or there twice"
_, held = column(lines, "validation_loss")
assert held[-1] < held[0], f"the loss on the validation split did not fall: {held}"
print(f"12 steps, each once; validation loss {held[0]:.3f} to {held[-1]:.3f}")
PYTHON

step "DPO"
"$training" -m training.stages dpo --recipe $recipes/dpo.yaml --data "$run/data" --run "$run/dpo" --adapter "$run/sft/adapter"

step "preference accuracy of base, SFT and DPO"
"$training" -m training.stages preference --recipe $recipes/dpo.yaml --pairs "$run/data/pairs.jsonl" --split train \
  --adapter "sft=$run/sft/adapter" --adapter "dpo=$run/dpo/adapter" --out "$run/dpo/preference.json"

step "GGUF, compared with PEFT through llama.cpp"
"$training" -m training.stages to-gguf --recipe $recipes/dpo.yaml --run "$run/dpo" --site-python "$site"

step "manifest"
"$training" -m training.stages manifest --run "$run/dpo"
"$training" -m training.stages manifest --run "$run/dpo" --verify

step "merged and quantised"
"$site" -m training.stages merge --base "$base" --adapter "$run/dpo/adapter.gguf" --layout Q8_0 --out "$run/merged.gguf"

step "evaluation report"
"$site" -m evaluation.run --suite revision --data "$run/data/examples.jsonl" --split train --limit 3 \
  --model "$base" --adapter "$run/dpo/adapter.gguf" --out "$run/evaluation"
cp "$run/evaluation/report.json" "$run/dpo/report.json"

step "registry: add, activate, verify"
export DATA_DIR="$run/site" LIVE=0  # nobody is answered there, so no panel is asked
mkdir -p "$DATA_DIR"
"$site" manage.py migrate --verbosity 0
"$site" manage.py rotate_keys --create
"$site" manage.py models add "$base" --name starter
"$site" manage.py models activate starter
"$site" manage.py models add "$run/dpo/adapter.gguf"
"$site" manage.py models activate smoke-dpo
"$site" manage.py models list
"$site" manage.py models verify

step "DPO2: people rate, a model learns from it, and answers"
TRAINING_RUN="$run" "$site" -m pytest -q -n 0 -m training webapp/studies/tests/test_from_ratings_to_a_model.py

step "done"
