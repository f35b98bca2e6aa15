"""Measure tokenise + align + window: speed beside spacy-transformers', and how text is cut beside two other ways.

    python -m benchmarks.alignment FOLDER [MORE FOLDERS …]

Each folder holds JSONL files with a ``text`` a line (BC5CDR, NCBI-disease …). Speed is measured on the
first 1,000 texts of the first folder; coverage and agreement on all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import spacy
from spacy.tokens import Doc
from spacy_transformers.align import get_alignment_via_offset_mapping
from spacy_transformers.data_classes import WordpieceBatch
from spacy_transformers.layers.transformer_model import huggingface_tokenize
from spacy_transformers.span_getters import configure_strided_spans
from spacy_transformers.truncate import truncate_oversize_splits
from tokenizers import Tokenizer
from transformers import BertTokenizerFast

from spacy_litbert.checkpoints.resolve import resolve
from spacy_litbert.tokenization.alignment import align
from spacy_litbert.tokenization.tokenizer import biomedical_tokenizer
from spacy_litbert.tokenization.vocabulary import Vocabulary
from spacy_litbert.tokenization.windows import make_windows
from spacy_litbert.tokenization.wordpieces import WordpieceEncoder, is_visible, visible_table
from spacy_litbert.types import IntArray

from .record import read_texts, spread, write

NAME = "litbert-oa-small"
BATCH = 32
REPEATS = 7


def ours(encoder: WordpieceEncoder, docs: list[Doc]) -> None:
    for i in range(0, len(docs), BATCH):
        alignment = align(encoder, docs[i : i + BATCH])
        make_windows(alignment.doc_pieces, alignment.doc_tokens, [alignment.token_cuts], size=512, overlap=64)


def stock(tokenizer: BertTokenizerFast, docs: list[Doc]) -> None:
    spans_of = configure_strided_spans(128, 96)
    for i in range(0, len(docs), BATCH):
        spans = [span for spans in spans_of(docs[i : i + BATCH]) for span in spans]
        encoding = huggingface_tokenize(tokenizer, [span.text for span in spans])
        wordpieces = WordpieceBatch.from_batch_encoding(encoding)
        alignment = get_alignment_via_offset_mapping(spans, encoding["offset_mapping"])
        truncate_oversize_splits(wordpieces, alignment, tokenizer.model_max_length)


def raw_text(tokenizer: Tokenizer, docs: list[Doc]) -> None:
    """Go the other exact way, at its least: encode each whole text anew, and take ids and offsets out as arrays."""
    for i in range(0, len(docs), BATCH):
        for encoding in tokenizer.encode_batch([doc.text for doc in docs[i : i + BATCH]]):
            np.array(encoding.ids, dtype=np.int32)
            np.array(encoding.offsets, dtype=np.int32)


def speed(vocabulary: Vocabulary, tokenizer: BertTokenizerFast, docs: list[Doc]) -> dict[str, object]:
    """Measure words (spaCy tokens) per second in interleaved runs. ``cold``: an encoder that has seen no word yet."""
    visible_table()
    warm, raw = WordpieceEncoder(vocabulary), vocabulary.tokenizer()
    runs: dict[str, Callable[[], None]] = {
        "ours_warm": lambda: ours(warm, docs),
        "ours_cold": lambda: ours(WordpieceEncoder(vocabulary), docs),
        "raw_text_encoded_anew": lambda: raw_text(raw, docs),
        "spacy_transformers": lambda: stock(tokenizer, docs),
    }
    n_words = sum(map(len, docs))
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(REPEATS + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if repeat:  # the first round warms everything up
                rates[name].append(n_words / (time.perf_counter() - started))
    ratios = {
        name: spread([a / b for a, b in zip(rates[name], rates["spacy_transformers"])])
        for name in ("ours_warm", "ours_cold", "raw_text_encoded_anew")
    }
    return {
        "texts": len(docs),
        "words": n_words,
        "words_per_second": {name: spread(values) for name, values in rates.items()},
        "times_spacy_transformers": ratios,
    }


def agreement(vocabulary: Vocabulary, texts: list[str]) -> dict[str, object]:
    """Count the texts that are cut as pretraining cuts them: the whole raw text, encoded at once."""
    nlp, raw, encoder = spacy.blank("en"), vocabulary.tokenizer(), WordpieceEncoder(vocabulary)
    tokenizers = {"english": nlp.tokenizer, "biomedical": biomedical_tokenizer(nlp)}
    same = {"distinct_words_of_the_raw_text": 0, **{f"distinct_{name}_tokens": 0 for name in tokenizers}}
    for text in texts:
        expected = raw.encode(text).ids
        same["distinct_words_of_the_raw_text"] += encoder.encode([text]).ids.tolist() == expected
        for name, tokenizer in tokenizers.items():
            apart = " ".join(token.text for token in tokenizer(text) if not token.is_space)
            same[f"distinct_{name}_tokens"] += raw.encode(apart).ids == expected
    return {"texts": len(texts), "texts_cut_as_in_pretraining": same}


def coverage(vocabulary: Vocabulary, tokenizer: BertTokenizerFast, docs: list[Doc]) -> dict[str, int]:
    """Count visible tokens without a piece, and tokens whose pieces differ from spacy-transformers'."""
    encoder = WordpieceEncoder(vocabulary)
    missing = differing = compared = 0
    for doc in docs:
        alignment = align(encoder, [doc])
        visible = np.array([any(map(is_visible, token.text)) for token in doc])
        missing += int((visible & (alignment.lengths == 0)).sum())
        encoding = tokenizer(doc.text, return_offsets_mapping=True, add_special_tokens=False, return_tensors="np")
        theirs = get_alignment_via_offset_mapping([doc[:]], encoding["offset_mapping"])
        first = np.cumsum(cast(IntArray, theirs.lengths)) - theirs.lengths
        same = theirs.lengths == alignment.lengths
        same[same] = [
            not n or theirs.dataXd[a] == b for n, a, b in zip(theirs.lengths[same], first[same], alignment.first[same])
        ]
        differing += int((~same).sum())
        compared += len(doc)
    return {
        "docs": len(docs),
        "tokens": compared,
        "visible_without_piece": missing,
        "unlike_spacy_transformers": differing,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    folders = parser.parse_args().folders
    vocabulary = Vocabulary.from_folder(resolve(NAME))
    tokenizer = BertTokenizerFast.from_pretrained(resolve(NAME))
    nlp = spacy.blank("en")
    docs = {folder.name: [nlp.make_doc(text) for text in read_texts(folder, 10**9)] for folder in folders}
    first = docs[folders[0].name]
    words = " ".join(doc.text for doc in first)
    long = nlp.tokenizer(" ".join([words] * 2)[:1_300_000])
    write(
        "alignment",
        {
            "vocabulary": NAME,
            "batch_size": BATCH,
            "speed": speed(vocabulary, tokenizer, first[:1000]),
            "agreement": agreement(vocabulary, [doc.text for doc in first]),
            "coverage": {name: coverage(vocabulary, tokenizer, some) for name, some in docs.items()},
            "coverage_of_one_long_text": coverage(vocabulary, tokenizer, [long]),
        },
    )
