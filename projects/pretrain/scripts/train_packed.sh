#!/usr/bin/env bash
# Packed text → a trained model in parts below 16 MiB, on a machine with torch and transformers alone.
#
#   bash scripts/train_packed.sh PACKED OUT [run's own options, such as --training.minutes 8]
#
# Run in this project's folder. CONFIG names another config file than configs/gpu.cfg. MAX_SECONDS is the most that this
# call may train; after them it saves, and the same call with --resume goes on.
set -euo pipefail
packed=$(realpath "$1") out=$(realpath -m "$2")
shift 2
config=${CONFIG:-configs/gpu.cfg}
export PYTHONPATH="$PWD/../..${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
mkdir -p training/full "$out"
find "$packed" -name "*.tar.xz" -print0 | xargs -0 --no-run-if-empty -n 1 -P "$(nproc)" tar -C training/full -xJf
timeout --signal TERM "${MAX_SECONDS:-0}" python3 -m spacy_litbert.pretraining.run "$config" "$@" || [ $? -eq 124 ]
{ read -r run; read -r model; } < <(python3 - "$config" "$@" <<'PYTHON'
import sys
from pathlib import Path

from spacy_litbert.pretraining.config import read_overrides, read_settings

arguments = [value for value in sys.argv[2:] if value != "--resume"]
settings = read_settings(Path(sys.argv[1]), read_overrides(arguments))
print(settings.training.output, settings.export.folder, sep="\n")
PYTHON
)
if ! said=$(python3 -m spacy_litbert.pretraining.export "$run" "$model" 2>&1); then
    echo "$said"
    case $said in *L507*) echo "Saved before its end: call again with --resume"; exit 0 ;; esac
    exit 1
fi
tar -cf - -C "$(dirname "$model")" "$(basename "$model")" | split -b 15M -d - "$out/$(basename "$model").tar."
(cd "$out" && sha256sum -- *.tar.* > SHA256SUMS)
