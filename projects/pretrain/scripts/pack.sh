#!/usr/bin/env bash
# Tokenised text → FOLDER/packed/*.tar.xz: one file a shard, so that any number of them can travel.
set -euo pipefail
cd "$1"
partial=packed.partial
rm -rf "$partial"
mkdir "$partial"
tar -cJf "$partial/heldout.tar.xz" heldout
tar -cJf "$partial/vocabulary.tar.xz" prepared/vocab.txt prepared/tokenizer.json prepared/tokenizer_config.json
for shard in prepared/*/; do
    tar -cJf "$partial/$(basename "$shard").tar.xz" "${shard%/}"
done
rm -rf packed
mv "$partial" packed
ls -l packed
