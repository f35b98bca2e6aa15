"""Type aliases for thinc models."""

from __future__ import annotations

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from ..compat import FullTransformerBatch, TransformerData

TransformerModel = Model[list[Doc], FullTransformerBatch]
Tok2VecModel = Model[list[Doc], list[Floats2d]]
Pooling = Model[Ragged, Floats2d]
TokenVectors = Model[list[TransformerData], list[Floats2d]]
TextClassifier = Model[list[Doc], Floats2d]
