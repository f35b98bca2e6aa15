"""How much the service takes, and how long it tries."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import Errors, LitBertError

# In bytes: a character escaped in JSON as a pair of surrogates, what stands between two texts, and everything else.
_CHARACTER, _BETWEEN, _AROUND = 12, 64, 1024


@dataclass(frozen=True)
class Settings:
    """Limits, each a whole number from 1.

    max_characters: of all texts of a request; of a batch as well, unless one text is longer.
    max_texts: of a request.
    timeout: seconds from the head of a request to its answer.
    queue: requests that wait.
    batch_size: texts that go through the pipeline at once.

    Raises LitBertError L004 for a number below 1.
    """

    max_characters: int = 500_000
    max_texts: int = 500
    timeout: int = 60
    queue: int = 100
    batch_size: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 1:
                raise LitBertError(Errors.L004.format(name=field.name, value=value, minimum=1))

    @property
    def max_bytes(self) -> int:
        """The bytes of a body: enough for whatever the other limits let pass."""
        return _CHARACTER * self.max_characters + _BETWEEN * self.max_texts + _AROUND
