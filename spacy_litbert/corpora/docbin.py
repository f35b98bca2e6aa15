"""Write documents as DocBin, what `spacy train` reads.

A component that tags tokens can't learn a mention whose ends fall inside tokens. Such a mention is left
out, and the tokens it touches are marked as *missing*: training and spaCy's scorer pass over them,
instead of learning that nothing is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc, DocBin

from ..errors import Errors, LitBertError
from ..files import replacing
from .document import Document, Mention, keep_longest

DEFAULT_LIMIT = 0.5
_N_EXAMPLES = 5
_CONTEXT = 12
_ID = "id"


@dataclass
class Conversion:
    """A DocBin and what became of the mentions.

    misaligned: the mentions off the token boundaries, as ``id: context⟦mention⟧context``.
    n_overlapping: mentions left out because a longer one covers part of them.
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

    The documents' ids go along, see ``id_of``.

    source: what the documents are called in an error.
    limit: how many per cent of the mentions may lie off the token boundaries.

    Equal documents give equal bytes. Raises LitBertError L404 above the limit.
    """
    conversion = Conversion(DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True))
    for document in documents:
        doc = tokenizer(document.text)
        doc.user_data[_ID] = document.id
        kept, dropped = keep_longest(document.entities)
        misaligned = _set_entities(doc, kept)
        conversion.docbin.add(doc)
        conversion.n_documents += 1
        conversion.n_tokens += len(doc)
        conversion.n_mentions += len(kept) + len(dropped)
        conversion.n_overlapping += len(dropped)
        conversion.misaligned.extend(_example(document, mention) for mention in misaligned)
    if conversion.percent_misaligned > limit:
        examples = "; ".join(conversion.misaligned[:_N_EXAMPLES])
        percent = conversion.percent_misaligned
        raise LitBertError(Errors.L404.format(percent=percent, path=source, limit=limit, examples=examples))
    return conversion


def id_of(doc: Doc) -> str | None:
    """Return the id of the document that a Doc of a DocBin was made from; None if the DocBin has none."""
    found = doc.user_data.get(_ID)
    return found if isinstance(found, str) else None


def write_docbin(path: Path, docbin: DocBin) -> None:
    """Write a ``.spacy`` file; it appears when it is whole."""
    with replacing(path) as partial:
        partial.write_bytes(docbin.to_bytes())


def _set_entities(doc: Doc, mentions: list[Mention]) -> list[Mention]:
    """Set ``doc.ents``, and return the mentions that don't fall on token boundaries."""
    spans = [(mention, doc.char_span(mention.start, mention.end, mention.label)) for mention in mentions]
    entities = [span for _, span in spans if span is not None]
    misaligned = [mention for mention, span in spans if span is None]
    taken = {token.i for span in entities for token in span}
    touched = {token.i for mention in misaligned for token in doc if _touches(mention, token.idx, len(token))}
    doc.set_ents(entities, missing=[doc[i : i + 1] for i in sorted(touched - taken)], default="outside")
    return misaligned


def _touches(mention: Mention, start: int, length: int) -> bool:
    return start < mention.end and mention.start < start + length


def _example(document: Document, mention: Mention) -> str:
    before = document.text[max(0, mention.start - _CONTEXT) : mention.start]
    after = document.text[mention.end : mention.end + _CONTEXT]
    return f"{document.id}: {before}⟦{document.text[mention.start : mention.end]}⟧{after}"
