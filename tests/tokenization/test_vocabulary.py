"""Vocabularies: read from what users have, refused where they are not BERT's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import BertTokenizerFast

from spacy_litbert.errors import LitBertError
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

from ..conftest import toy_tokens


def write(folder: Path, tokens: list[str], **config: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf8")
    return folder


def test_vocab_txt_and_tokenizer_json_give_the_same_vocabulary(tmp_path: Path) -> None:
    folder = write(tmp_path / "txt", toy_tokens(), do_lower_case=False)
    hugging_face = BertTokenizerFast.from_pretrained(folder)
    hugging_face.save_pretrained(tmp_path / "json")
    assert (tmp_path / "json" / "tokenizer.json").exists()
    first, second = Vocabulary.from_folder(folder), Vocabulary.from_folder(tmp_path / "json")
    assert first.to_dict() == second.to_dict()
    text = "Lithium toxicity ≥2 [x] é"
    assert first.tokenizer().encode(text).ids == hugging_face(text, add_special_tokens=False)["input_ids"]


def test_a_round_trip_keeps_everything(vocabulary: Vocabulary) -> None:
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))).to_dict() == vocabulary.to_dict()


def test_doubled_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L101.*'gene'"):
        Vocabulary.from_folder(write(tmp_path, [*SPECIAL_TOKENS, "gene", "gene"]))


def test_missing_special_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L102.*\[MASK\]"):
        Vocabulary.from_folder(write(tmp_path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]))


@pytest.mark.parametrize(
    "change, code",
    [
        ({"model": {"type": "BPE"}}, "L103"),
        ({"normalizer": None}, "L103"),
        ({"pre_tokenizer": {"type": "ByteLevel"}}, "L103"),
        ({"added_tokens": [{"content": "newword"}]}, "L104"),
    ],
)
def test_other_tokenizers_are_refused(tmp_path: Path, change: dict[str, object], code: str) -> None:
    tokenizer = BertTokenizerFast.from_pretrained(write(tmp_path, toy_tokens()))
    data = json.loads(tokenizer.backend_tokenizer.to_str())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**data, **change}), encoding="utf8")
    with pytest.raises(LitBertError, match=code):
        Vocabulary.from_folder(tmp_path)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf8")
    with pytest.raises(LitBertError, match=r"L207.*tokenizer\.json"):
        Vocabulary.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_bytes(b"\xff\xfe[PAD]")
    with pytest.raises(LitBertError, match=r"L207.*vocab\.txt"):
        Vocabulary.from_folder(tmp_path)
