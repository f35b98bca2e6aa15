"""How long a Doc is in wordpieces: what training batches should be measured by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional, Union

from spacy.tokens import Doc
from spacy.training import Example

from ..checkpoints.resolve import default_name
from ..checkpoints.sources import vocabulary_of
from ..tokenization.wordpieces import WordpieceEncoder


def build_wordpiece_length_v1(name: Optional[str] = None) -> Callable[[Union[Example, Doc]], int]:
    """Build a ``get_length`` for spaCy's batchers that counts wordpieces, ``spacy-litbert.wordpiece_length.v1``.

    name: whose vocabulary counts: weights by any of their names; null for the best bundled weights.
    """
    encoder = WordpieceEncoder(vocabulary_of(name or default_name()))

    def wordpiece_length(item: Union[Example, Doc]) -> int:
        doc = item.reference if isinstance(item, Example) else item
        return len(encoder.encode([doc.text]).ids)

    return wordpiece_length
