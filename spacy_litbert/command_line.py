"""Let a command that can't go on print one line and exit with code 1, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from unicodedata import category

from .errors import Errors, LitBertError

_CONTROLS = ("Cc", "Cf", "Cs")  # Unicode's categories of what is no character to be seen


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Print a ``LitBertError`` or an error of the operating system and exit with 1; usable as a decorator as well."""
    if isinstance(sys.stdout, TextIOWrapper):  # a file or pipe that is not UTF-8 has no place for every character
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    except BrokenPipeError:  # whoever read the output has seen enough
        raise
    except LitBertError as error:
        _exit(str(error))
    except OSError as error:
        _exit(_said(error))


def _said(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return Errors.L224.format(path=error.filename)
    if error.filename is None:
        return str(error) or type(error).__name__
    return Errors.L222.format(path=error.filename, reason=error.strerror or str(error))


def plain(text: str) -> str:
    """Return a text from a file with its control characters escaped, which a terminal would obey."""
    controls = {c for c in text if category(c) in _CONTROLS and c not in "\n\t"}
    return "".join(c.encode("unicode_escape").decode("ascii") if c in controls else c for c in text)


def _exit(message: str) -> None:
    print("✘", *plain(message).split("\n"), file=sys.stderr)
    raise SystemExit(1)
