"""Write a vocabulary as the tokenizer files that transformers reads, with the true length limit."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.processors import BertProcessing

from ..errors import Errors, LitBertError
from ..files import replacing
from ..tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")


def check_no_model(folder: Path) -> None:
    """Raise LitBertError L218 for a folder that holds a model, whose vocabulary must not be replaced."""
    if any((folder / name).exists() for name in ("config.json", "bert_config.json")):
        problem = "a model lies there, and its vocabulary is not replaced. Choose another folder"
        raise LitBertError(Errors.L218.format(path=folder, problem=problem))


def check_no_other(folder: Path, vocabulary: Vocabulary) -> None:
    """Raise LitBertError L218 for a folder that holds another vocabulary than this one."""
    if not any(os.path.lexists(folder / name) for name in ("vocab.txt", "tokenizer.json")):
        return
    if Vocabulary.from_folder(folder).to_dict() != vocabulary.to_dict():
        problem = "it holds another vocabulary, which is not replaced. Choose another folder, or move that away"
        raise LitBertError(Errors.L218.format(path=folder, problem=problem))


def holds_tokenizer(folder: Path, vocabulary: Vocabulary) -> bool:
    """Tell whether all files of ``write_tokenizer`` are in a folder, for this vocabulary."""
    if not all((folder / name).is_file() for name in _FILES):
        return False
    try:
        return Vocabulary.from_folder(folder).to_dict() == vocabulary.to_dict()
    except LitBertError:  # damaged, to be written anew
        return False


def write_tokenizer(vocabulary: Vocabulary, folder: Path, *, model_max_length: int) -> None:
    """Write vocab.txt, tokenizer.json and tokenizer_config.json.

    model_max_length: the most wordpieces that the encoder reads, special tokens included. Without it
        transformers never truncates and a long text crashes the encoder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = vocabulary.tokenizer()
    ids = vocabulary.ids
    tokenizer.post_processor = BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.decoder = WordPieceDecoder(prefix="##")
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    config = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": vocabulary.lowercase,
        "strip_accents": vocabulary.strip_accents,
        "tokenize_chinese_chars": vocabulary.handle_chinese_chars,
        "model_max_length": model_max_length,
        "clean_up_tokenization_spaces": False,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    _write(folder / "vocab.txt", "\n".join(vocabulary.tokens))
    _write(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    _write(folder / "tokenizer_config.json", json.dumps(config, indent=2))


def _write(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf8")
