"""Say that a format can't hold a document."""

from __future__ import annotations

from ...errors import Errors, LitBertError
from ..document import Document

OTHER_FORMAT = "Choose another format: JSONL holds everything."


def check_id(format_name: str, document: Document) -> None:
    """Raise LitBertError L624 for an id that is no text: that of a file whose name is not UTF-8."""
    try:
        document.id.encode("utf8")
    except UnicodeEncodeError:
        way_out = "Give the file that it is from a name in UTF-8."
        raise cannot_hold(format_name, "the id", document, document.id, way_out) from None


def cannot_hold(
    format_name: str, what: str, document: Document, value: str, way_out: str = OTHER_FORMAT
) -> LitBertError:
    """Make the error L624 for a value in a document.

    value: what is there, shown as Python writes it and cut to 60 characters.
    """
    shown = f"{value[:60]!r}"
    return LitBertError(Errors.L624.format(format=format_name, what=what, id=document.id, value=shown, way_out=way_out))
