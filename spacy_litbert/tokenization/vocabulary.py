"""A cased WordPiece vocabulary: what cuts text into wordpieces.

A ``Vocabulary`` is plain data, so that it can be saved inside a pipeline and compared. It
builds a tokenizer that knows no special tokens: a literal ``[SEP]`` in a text stays text.
"""

from __future__ import annotations

import os
import re
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
from ..files import listing, read_json, read_text

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTINUATION = "##"
_LONGEST_WORD = 100_000  # characters
# vocab.txt holds an entry a line, in UTF-8, which has no halves of characters.
_NO_ENTRY = re.compile(r"[\n\r\ud800-\udfff]")
# Names in tokenizer_config.json and in ``Vocabulary``.
_SETTINGS = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}


# What ``Vocabulary.to_dict`` gives, with its types.
_SAVED: dict[str, Any] = {
    "tokens": list | tuple,
    "lowercase": bool,
    "strip_accents": bool | None,
    "handle_chinese_chars": bool,
    "clean_text": bool,
    "max_word_length": int,
}


@dataclass(frozen=True)
class Vocabulary:
    """A WordPiece vocabulary and BERT's settings for cutting text with it.

    tokens: the entries in the order of their ids.
    lowercase: change letters to lower case; LitBERT is cased.
    strip_accents: take accents off; None for where letters are lower-cased. LitBERT keeps them.
    handle_chinese_chars: make a word of each CJK character.
    clean_text: drop control characters, and read all white space as blanks.
    max_word_length: characters of a word; a longer one becomes one ``[UNK]``.
    source: what the vocabulary was read from, for messages.

    Raises LitBertError L101 for doubled entries, L102 for missing special tokens, L232 for entries that are no text.
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
        bad = [repr(token) for token in self.tokens if not _is_text(token)]
        if bad:
            raise LitBertError(Errors.L232.format(path=self.source, tokens=", ".join(bad[:5])))
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
        """Return the id of each entry."""
        return {token: i for i, token in enumerate(self.tokens)}

    def tokenizer(self) -> Tokenizer:
        """Make the Rust tokenizer. It adds no special tokens and finds none in a text."""
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
        """Return plain data for msgpack or JSON, without ``source``: a pipeline forgets where it came from."""
        data = asdict(self)
        del data["source"]
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Vocabulary:
        """Make a vocabulary of what ``to_dict`` gave. Raises LitBertError L305 for anything else."""
        if not isinstance(data, dict) or "tokens" not in data:
            raise LitBertError(Errors.L305.format(reason="its vocabulary has no tokens"))
        wrong = [str(name) for name, value in data.items() if not isinstance(value, _SAVED.get(name, ()))]
        if wrong or not 1 <= data.get("max_word_length", 1) <= _LONGEST_WORD:
            found = ", ".join(wrong) or f"words of {data['max_word_length']} characters"
            raise LitBertError(Errors.L305.format(reason=f"its vocabulary can't have {found}"))
        return cls(**{**data, "tokens": tuple(data["tokens"])})

    @classmethod
    def from_folder(cls, folder: Path) -> Vocabulary:
        """Read the vocabulary of a model's folder, see ``read_vocabulary``."""
        return read_vocabulary(folder)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a model's folder, or a bare vocab.txt.

    Of a folder: tokenizer.json, or else vocab.txt with the settings in tokenizer_config.json. Files that
    contradict each other are refused. Where no file says whether it is lower-cased, it is if it has no upper-case
    letter.

    Raises LitBertError L101–L104 and L230–L232 for a vocabulary that is not BERT's, L213 where there is none,
    L207, L222 and L224–L226 for files that can't be read.
    """
    if not path.is_dir():
        return _from_text(path, {})
    settings = _read_settings(path / "tokenizer_config.json")
    if os.path.lexists(path / "tokenizer.json"):
        vocabulary = _from_tokenizer_json(path / "tokenizer.json")
        _check_agreement(vocabulary, path, settings)
        return vocabulary
    if os.path.lexists(path / "vocab.txt"):
        return _from_text(path / "vocab.txt", settings)
    raise LitBertError(Errors.L213.format(path=path, missing="vocab.txt or tokenizer.json", found=listing(path)))


def _is_text(token: Any) -> bool:
    return isinstance(token, str) and _NO_ENTRY.search(token) is None


def _read_tokens(path: Path) -> tuple[str, ...]:
    return tuple(read_text(path).rstrip("\n").split("\n"))


def _from_text(path: Path, settings: dict[str, Any]) -> Vocabulary:
    tokens = _read_tokens(path)
    return Vocabulary(tokens, source=str(path), **{"lowercase": _has_no_capitals(tokens), **settings})


def _has_no_capitals(tokens: tuple[str, ...]) -> bool:
    ordinary = [token for token in tokens if token not in SPECIAL_TOKENS and not token.startswith("[unused")]
    return not any(token != token.lower() for token in ordinary)


def _read_settings(path: Path) -> dict[str, Any]:
    """Read what tokenizer_config.json says of the normaliser, by our names; nothing if there is no such file."""
    if not os.path.lexists(path):
        return {}
    config = read_json(path)
    return {ours: _flag(config, name, path) for name, ours in _SETTINGS.items() if name in config}


def _flag(data: dict[str, Any], key: str, path: Path) -> bool | None:
    value = data.get(key)
    # Only accents may be left open: null strips them where letters are lower-cased.
    if not isinstance(value, bool) and not (value is None and key == "strip_accents"):
        expected = "true, false or null" if key == "strip_accents" else "true or false"
        raise LitBertError(Errors.L230.format(path=path, key=key, found=value, expected=expected))
    return value


def _check_agreement(vocabulary: Vocabulary, folder: Path, settings: dict[str, Any]) -> None:
    """Refuse files that contradict tokenizer.json: transformers reads vocab.txt and tokenizer_config.json beside it."""
    first = folder / "tokenizer.json"
    if os.path.lexists(folder / "vocab.txt"):
        tokens = _read_tokens(folder / "vocab.txt")
        if tokens != vocabulary.tokens:
            i = next((i for i, (a, b) in enumerate(zip(tokens, vocabulary.tokens)) if a != b), None)
            lengths = f"{len(vocabulary):,} entries and {len(tokens):,}"
            problem = lengths if i is None else f"entry {i} is {vocabulary.tokens[i]!r} and {tokens[i]!r}"
            raise LitBertError(Errors.L231.format(first=first, second="vocab.txt", problem=problem))
    for key, value in settings.items():
        found = getattr(vocabulary, key)
        if found != value and value is not None:
            problem = f"{key} is {found} and {value}"
            raise LitBertError(Errors.L231.format(first=first, second="tokenizer_config.json", problem=problem))


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
        found = data[part].get("type") if isinstance(data.get(part), dict) else data.get(part)
        if found != kind:
            raise LitBertError(Errors.L103.format(path=path, part=part, found=found, expected=kind))
    model, normalizer = data["model"], data["normalizer"]
    for part, wanted in {"continuing_subword_prefix": CONTINUATION, "unk_token": "[UNK]"}.items():
        if model.get(part) != wanted:
            raise LitBertError(Errors.L103.format(path=path, part=part, found=model.get(part), expected=wanted))
    longest = model.get("max_input_chars_per_word")
    if type(longest) is not int or not 1 <= longest <= _LONGEST_WORD:
        wanted = f"a positive integer up to {_LONGEST_WORD:,}"
        raise LitBertError(
            Errors.L230.format(path=path, key="max_input_chars_per_word", found=longest, expected=wanted)
        )
    ids = _checked_ids(model.get("vocab"), path)
    _check_added(data.get("added_tokens"), ids, path)
    flags: dict[str, Any] = {
        name: _flag(normalizer, name, path)
        for name in ("lowercase", "strip_accents", "handle_chinese_chars", "clean_text")
    }
    tokens = tuple(sorted(ids, key=lambda token: ids[token]))
    return Vocabulary(tokens, max_word_length=longest, source=str(path), **flags)


def _checked_ids(ids: Any, path: Path) -> dict[str, int]:
    if not isinstance(ids, dict) or not all(type(i) is int for i in ids.values()):
        found = "ids that are no integers" if isinstance(ids, dict) else type(ids).__name__
        raise LitBertError(Errors.L103.format(path=path, part="vocab", found=found, expected="entries and their ids"))
    if sorted(ids.values()) != list(range(len(ids))):
        raise LitBertError(Errors.L103.format(path=path, part="vocab", found="ids with gaps", expected="0, 1, 2 …"))
    return ids


def _check_added(added: Any, ids: dict[str, int], path: Path) -> None:
    entries = [] if added is None else added
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("content"), str) for entry in entries
    ):
        raise LitBertError(Errors.L230.format(path=path, key="added_tokens", found=added, expected="a list of tokens"))
    outside = [entry["content"] for entry in entries if entry["content"] not in ids]
    if outside:
        raise LitBertError(Errors.L104.format(path=path, tokens=outside[:5]))
    for entry in entries:
        content = entry["content"]
        if entry.get("id", ids[content]) != ids[content]:
            key = f"the id of {content}"
            raise LitBertError(Errors.L230.format(path=path, key=key, found=entry["id"], expected=ids[content]))
