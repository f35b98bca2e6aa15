"""A cased WordPiece vocabulary: what cuts text into wordpieces.

A ``Vocabulary`` is plain data, so that it can be saved inside a pipeline and compared. It
builds a tokenizer that knows no special tokens: a literal ``[SEP]`` in a text stays text.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ..errors import Errors, LitBertError

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTINUATION = "##"


@dataclass(frozen=True)
class Vocabulary:
    """A WordPiece vocabulary and BERT's settings for cutting text with it.

    tokens: the entries in the order of their ids.
    lowercase, strip_accents, handle_chinese_chars, clean_text: as in BERT's normaliser;
        LitBERT is cased and keeps accents.
    max_word_length: a longer word (in characters) becomes one ``[UNK]``.

    Raises LitBertError L101 for doubled entries and L102 for missing special tokens.
    Method: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, google-research/bert.
    """

    tokens: tuple[str, ...]
    lowercase: bool = False
    strip_accents: bool | None = None
    handle_chinese_chars: bool = True
    clean_text: bool = True
    max_word_length: int = 100
    source: str = "(memory)"

    def __post_init__(self) -> None:
        doubled = [token for token, n in Counter(self.tokens).items() if n > 1]
        if doubled:
            raise LitBertError(Errors.L101.format(path=self.source, n=len(doubled), tokens=doubled[:5]))
        missing = [token for token in SPECIAL_TOKENS if token not in self.ids]
        if missing:
            raise LitBertError(Errors.L102.format(path=self.source, missing=", ".join(missing)))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Entry → id."""
        return {token: i for i, token in enumerate(self.tokens)}

    def tokenizer(self) -> Tokenizer:
        """The Rust tokenizer. It adds no special tokens and finds none in a text."""
        model = WordPiece(
            vocab=self.ids,
            unk_token="[UNK]",
            max_input_chars_per_word=self.max_word_length,
            continuing_subword_prefix=CONTINUATION,
        )
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = _normalizer(self)
        tokenizer.pre_tokenizer = BertPreTokenizer()
        return tokenizer

    def normalize(self, text: str) -> str:
        """Change a text as this vocabulary does before it cuts: lower-cased, without accents, as its settings say."""
        return str(_normalizer(self).normalize_str(text))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for msgpack or JSON; ``source`` is left out: a pipeline forgets where it came from."""
        data = asdict(self)
        del data["source"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Vocabulary:
        return cls(**{**data, "tokens": tuple(data["tokens"])})

    @classmethod
    def from_folder(cls, folder: Path) -> Vocabulary:
        """Read ``tokenizer.json``, or else ``vocab.txt`` with ``tokenizer_config.json``.

        Raises LitBertError L103 or L104 where the folder's tokenizer is not BERT's.
        """
        if (folder / "tokenizer.json").is_file():
            return _from_tokenizer_json(folder / "tokenizer.json")
        path = folder / "vocab.txt"
        config_path = folder / "tokenizer_config.json"
        config = read_json(config_path) if config_path.is_file() else {}
        return cls(
            tokens=tuple(_read_text(path).rstrip("\n").split("\n")),
            lowercase=bool(config.get("do_lower_case", False)),
            strip_accents=config.get("strip_accents"),
            handle_chinese_chars=bool(config.get("tokenize_chinese_chars", True)),
            source=str(path),
        )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises LitBertError L207 for a damaged file."""
    try:
        data = json.loads(_read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    if not isinstance(data, dict):
        raise LitBertError(Errors.L207.format(path=path, reason="it holds no JSON object"))
    return data


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None


def _normalizer(vocabulary: Vocabulary) -> BertNormalizer:
    return BertNormalizer(
        clean_text=vocabulary.clean_text,
        handle_chinese_chars=vocabulary.handle_chinese_chars,
        strip_accents=vocabulary.strip_accents,
        lowercase=vocabulary.lowercase,
    )


def _from_tokenizer_json(path: Path) -> Vocabulary:
    data = read_json(path)
    expected = {"model": "WordPiece", "normalizer": "BertNormalizer", "pre_tokenizer": "BertPreTokenizer"}
    for part, kind in expected.items():
        found = (data.get(part) or {}).get("type")
        if found != kind:
            raise LitBertError(Errors.L103.format(path=path, part=part, found=found, expected=kind))
    model, normalizer = data["model"], data["normalizer"]
    prefix = model.get("continuing_subword_prefix")
    if prefix != CONTINUATION:
        raise LitBertError(
            Errors.L103.format(path=path, part="continuing_subword_prefix", found=prefix, expected=CONTINUATION)
        )
    ids: dict[str, int] = model["vocab"]
    if sorted(ids.values()) != list(range(len(ids))):
        raise LitBertError(Errors.L103.format(path=path, part="vocab", found="ids with gaps", expected="0, 1, 2 …"))
    outside = [entry["content"] for entry in data.get("added_tokens") or [] if entry["content"] not in ids]
    if outside:
        raise LitBertError(Errors.L104.format(path=path, tokens=outside[:5]))
    return Vocabulary(
        tokens=tuple(sorted(ids, key=lambda token: ids[token])),
        lowercase=normalizer["lowercase"],
        strip_accents=normalizer["strip_accents"],
        handle_chinese_chars=normalizer["handle_chinese_chars"],
        clean_text=normalizer["clean_text"],
        max_word_length=model["max_input_chars_per_word"],
        source=str(path),
    )
