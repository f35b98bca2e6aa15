"""Text files, plain or gzipped, line by line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import Errors, LitBertError


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers from 1, without line ends.

    Raises LitBertError L207 if the file can't be read, L401 for a line that is not UTF-8.
    """
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                text = line.decode("utf-8-sig" if number == 1 else "utf8")
                yield number, text.removesuffix("\n").removesuffix("\r")
    except (OSError, EOFError, zlib.error) as error:
        raise LitBertError(Errors.L207.format(path=path, reason=error)) from None
    except UnicodeDecodeError as error:
        problem = f"it is not UTF-8 ({error.reason}). Save the file as UTF-8."
        raise LitBertError(Errors.L401.format(path=path, line=number, problem=problem)) from None
