"""What stands around a mention: for names that several concepts share, the words beside it tell which one is meant."""

from __future__ import annotations

import re

from .normalize import fold

_WIDTH = 200  # characters on either side


def context_of(text: str, start: int, end: int) -> str:
    """Return the words around the characters ``start … end - 1`` of a text, in folded form, without the name itself.

    Cut words at both ends are left out. The name is left out wherever it stands, since it tells nothing.
    """
    first, last = max(0, start - _WIDTH), min(len(text), end + _WIDTH)
    before = text[first:start].partition(" ")[2] if first else text[:start]
    after = text[end:last].rpartition(" ")[0] if last < len(text) else text[end:]
    name = re.compile(rf"(?<!\w){re.escape(text[start:end])}(?!\w)")
    return fold(name.sub(" ", f"{before} {after}"))
