"""The error for a line of a vocabulary's file, and checks that several readers share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ...errors import Errors, LitBertError


def record_error(path: Path, line: int, problem: object) -> LitBertError:
    """Make the error L520."""
    return LitBertError(Errors.L520.format(path=path, line=line, problem=problem))


def date_number(year: str | None, month: str | None = None, day: str | None = None) -> int:
    """Return a date as the number yyyymmdd; 0 without a year. Raises ValueError for what is no date."""
    if not year:
        return 0
    try:
        found = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        found = date.min
    if not 1800 <= found.year <= 2100:
        raise ValueError(f"{'-'.join(part for part in (year, month, day) if part)} is no date.")
    return found.year * 10000 + found.month * 100 + found.day


def read_date(text: str) -> int:
    """Return ``2015-01-31``, ``2015`` or ``20150131`` as the number yyyymmdd. Raises ValueError for what is no date."""
    digits = text.strip().replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (4, 6, 8)):
        raise ValueError(f"{text!r} is no date. Write it as 2015-01-31.")
    return date_number(digits[:4], digits[4:6] or None, digits[6:] or None)
