#!/usr/bin/env bash
# Tokenised text → FOLDER/packed/*.tar.xz: one file a shard, so that any number of them can travel.
set -euo pipefail
cd "$1"
mkdir -p packed
tar -cJf packed/heldout.tar.xz heldout
tar -cJf packed/vocabulary.tar.xz prepared/vocab.txt prepared/tokenizer.json prepared/tokenizer_config.json
for shard in prepared/*/; do
    tar -cJf "packed/$(basename "$shard").tar.xz" "${shard%/}"
done
ls -l packed
