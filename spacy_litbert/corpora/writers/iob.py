"""Write Docs as tokens with IOB2 tags."""

from __future__ import annotations

from spacy.tokens import Doc, Token

from ..docs import document_of
from ..iob import is_boundary
from .limits import cannot_hold


def iob_block(doc: Doc) -> str:
    """Return a line for each token, and a blank one after each sentence, or at the end if there are no sentences.

    There is no place for ids, for white space and for what is known of a mention beyond its label.

    Raises LitBertError L624 for a token or label that would be read as something else.
    """
    lines = []
    for sentence in doc.sents if doc.has_annotation("SENT_START") else [doc[:]]:
        begins = True  # a mention that goes on over the end of a sentence begins anew there
        for token in sentence:
            begins = begins or token.ent_iob_ != "I"
            if not token.is_space:
                lines.append(_line(token, "B" if begins else "I"))
                begins = False
        lines.append("\n")
    return "".join(lines)


def _line(token: Token, iob: str) -> str:
    label = token.ent_type_
    tag = "O" if token.ent_iob_ not in ("B", "I") else f"{iob}-{label}" if label else iob
    line = f"{token.text}\t{tag}"
    if token.text.split() != [token.text] or is_boundary(line) or token.text.startswith("\ufeff"):
        raise cannot_hold("IOB2", "the token", document_of(token.doc), token.text)
    if label and (not label.strip() or set(label) & set("\t\n\r")):
        raise cannot_hold("IOB2", "the label", document_of(token.doc), label)
    return line + "\n"
