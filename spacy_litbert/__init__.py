"""LitBERT inside spaCy: a light BERT for biomedical text."""

from .errors import LitBertError

__version__ = "0.1.0"

__all__ = ["LitBertError", "__version__"]
