"""Read corpus files as what spaCy trains and evaluates on, for ``[corpora.train]`` and ``[corpora.dev]`` of a config.

A mention off the token boundaries is missing, as in a DocBin that ``docbin.py`` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors, LitBertError
from .bioc_json import read_bioc_json
from .brat import read_brat
from .docbin import DEFAULT_LIMIT, to_docbin
from .files import format_of
from .iob import read_iob
from .jsonl import read_jsonl
from .pubtator import read_pubtator
from .read import Reader, read_with
from .xml_documents import read_bioc_xml

Corpus = Callable[[Language], Iterator[Example]]

_BIOC = {".xml": read_bioc_xml, ".json": read_bioc_json}


def build_pubtator_reader_v1(
    path: str | Path, labels: dict[str, str] | None = None, max_misaligned: float = DEFAULT_LIMIT
) -> Corpus:
    """Build the corpus ``spacy-litbert.PubTator.v1`` of a PubTator file.

    labels: the label wanted for each label in the file; those not named stay as they are.
    max_misaligned: how many per cent of the mentions may lie off the token boundaries.

    When the examples are read, raises what ``read_with`` does for a bad file, and L404 above ``max_misaligned``.
    """
    return partial(_examples, read_pubtator, path, labels, max_misaligned)


def build_bioc_reader_v1(
    path: str | Path, labels: dict[str, str] | None = None, max_misaligned: float = DEFAULT_LIMIT
) -> Corpus:
    """Build the corpus ``spacy-litbert.BioC.v1`` of a BioC file, ``.xml`` or ``.json``; see PubTator's.

    Raises LitBertError L403 for another ending.
    """
    ending = format_of(Path(path))
    if ending not in _BIOC:
        raise LitBertError(Errors.L403.format(path=path, choices=", ".join(_BIOC)))
    return partial(_examples, _BIOC[ending], path, labels, max_misaligned)


def build_brat_reader_v1(
    path: str | Path, labels: dict[str, str] | None = None, max_misaligned: float = DEFAULT_LIMIT
) -> Corpus:
    """Build the corpus ``spacy-litbert.BRAT.v1`` of a folder of ``.txt`` and ``.ann`` files; see PubTator's."""
    return partial(_examples, read_brat, path, labels, max_misaligned)


def build_jsonl_reader_v1(
    path: str | Path, labels: dict[str, str] | None = None, max_misaligned: float = DEFAULT_LIMIT
) -> Corpus:
    """Build the corpus ``spacy-litbert.JSONL.v1`` of a JSONL file with mentions; see PubTator's."""
    return partial(_examples, read_jsonl, path, labels, max_misaligned)


def build_iob_reader_v1(
    path: str | Path, labels: dict[str, str] | None = None, max_misaligned: float = DEFAULT_LIMIT
) -> Corpus:
    """Build the corpus ``spacy-litbert.IOB2.v1`` of a file of tokens with IOB2 tags; see PubTator's.

    The pipeline's tokenizer cuts the text anew.
    """
    return partial(_examples, read_iob, path, labels, max_misaligned)


def _examples(
    reader: Reader, path: str | Path, labels: dict[str, str] | None, max_misaligned: float, nlp: Language
) -> Iterator[Example]:
    documents = read_with(reader, Path(path), labels)
    conversion = to_docbin(documents, nlp.tokenizer, source=str(path), limit=max_misaligned)
    for doc in conversion.docbin.get_docs(nlp.vocab):
        yield Example(nlp.tokenizer(doc.text), doc)  # of any length, as `litbert_ner` cuts or learns them
