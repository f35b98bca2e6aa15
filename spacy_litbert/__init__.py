"""LitBERT inside spaCy: a light BERT for biomedical text.

The public functions are imported when they are first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from .about import __version__
from .errors import LitBertError

TYPE_CHECKING = False  # as type checkers read it; ``typing`` costs more than all the rest
if TYPE_CHECKING:
    from .checkpoints.convert import convert
    from .checkpoints.describe import describe
    from .checkpoints.folder import load_checkpoint
    from .cli.export import export
    from .linking.lookup import to_lookup_kb
    from .tokenization.alignment import align

_PUBLIC = {
    "align": "tokenization.alignment",
    "convert": "checkpoints.convert",
    "describe": "checkpoints.describe",
    "export": "cli.export",
    "load_checkpoint": "checkpoints.folder",
    "to_lookup_kb": "linking.lookup",
}

__all__ = ["LitBertError", "__version__", "align", "convert", "describe", "export", "load_checkpoint", "to_lookup_kb"]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
