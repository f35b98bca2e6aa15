"""Requests that get no annotations: a coded error and the status of the answer."""

from __future__ import annotations

from ..errors import LitBertError


class RefusedError(LitBertError):
    """Raised for a request that gets no annotations.

    status: of the answer, as HTTP has them.
    retry_after: seconds until the same request may well succeed; None if it never will.
    """

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


def problem_of_error(error: LitBertError) -> dict[str, str]:
    """Return a coded error as it is answered: ``{"code": "L643", "detail": "…"}``."""
    code, _, detail = str(error).removeprefix("[").partition("] ")
    return {"code": code, "detail": detail}
