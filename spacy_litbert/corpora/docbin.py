"""Write documents as DocBin, what `spacy train` reads.

A component that tags tokens can't learn a mention whose ends fall inside tokens. Such a mention is left
out, and the tokens it touches are marked as *missing*: training and spaCy's scorer pass over them,
instead of learning that nothing is there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import Errors, LitBertError
from ..files import check_file, replacing
from .docs import in_context, place
from .document import Document
from .writers.limits import check_id

DEFAULT_LIMIT = 0.5
LONGEST = 1_000_000  # characters of a text: spaCy's own `nlp.max_length`
_N_EXAMPLES = 5
# What thinc, srsly and spaCy raise over bytes that are not what was written.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, EOFError, IndexError, OverflowError, zlib.error)


@dataclass
class Conversion:
    """A DocBin and what became of the mentions.

    misaligned: the mentions off the token boundaries, as ``id: context⟦mention⟧context``.
    n_overlapping: mentions in ``doc.spans["litbert"]`` alone, because a longer one covers part of them.
    """

    docbin: DocBin
    n_documents: int = 0
    n_mentions: int = 0
    n_tokens: int = 0
    n_overlapping: int = 0
    misaligned: list[str] = field(default_factory=list)

    @property
    def percent_misaligned(self) -> float:
        return 100 * len(self.misaligned) / self.n_mentions if self.n_mentions else 0.0


def to_docbin(
    documents: Iterable[Document], tokenizer: Callable[[str], Doc], *, source: str, limit: float = DEFAULT_LIMIT
) -> Conversion:
    """Make Docs with the documents' raw text, the tokenizer's tokens and the mentions as ``doc.ents``.

    Ids, passages, concept ids and confidence stay with them (see ``docs.py``).

    source: what the documents are called in an error.
    limit: how many per cent of the mentions may lie off the token boundaries.

    Equal documents give equal bytes. Raises LitBertError L404 above the limit, L413 for a mention without a label, L624
    for an id that is no text.
    """
    conversion = Conversion(DocBin(attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"], store_user_data=True))
    for document in documents:
        check_id("A DocBin", document)
        for one in document.entities:
            if not one.label:
                mention = document.text[one.start : one.end]
                raise LitBertError(Errors.L413.format(id=document.id, path=source, mention=mention))
        placed = place(document, tokenizer)
        conversion.docbin.add(placed.doc)
        conversion.n_documents += 1
        conversion.n_tokens += len(placed.doc)
        conversion.n_mentions += len(placed.doc.ents) + len(placed.misaligned) + len(placed.overlapping)
        conversion.n_overlapping += len(placed.overlapping)
        conversion.misaligned.extend(in_context(document, placed.misaligned))
    if conversion.percent_misaligned > limit:
        examples = "; ".join(conversion.misaligned[:_N_EXAMPLES])
        percent = conversion.percent_misaligned
        raise LitBertError(Errors.L404.format(percent=percent, path=source, limit=limit, examples=examples))
    return conversion


def check_length(text_id: str, text: str, source: str) -> None:
    """Raise LitBertError L418 for a text that `spacy train` and `nlp` refuse by default. source: where it lies."""
    if len(text) > LONGEST:
        raise LitBertError(Errors.L418.format(id=text_id, path=source, n=len(text), limit=LONGEST))


def write_docbin(path: Path, docbin: DocBin) -> None:
    """Write a ``.spacy`` file; it appears when it is whole."""
    with replacing(path) as partial:
        partial.write_bytes(docbin.to_bytes())


def read_docbin(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Yield the Docs of a ``.spacy`` file. Raises LitBertError as ``check_file`` does, L207 for a damaged file."""
    check_file(path)
    try:
        docbin = DocBin().from_disk(path)
        docs = docbin.get_docs(vocab)
        yield from docs
    except _DAMAGED as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error or type(error).__name__)) from None
