"""What we use of spacy-transformers, and of transformers beyond its BERT: the only place that names their insides."""

from __future__ import annotations

from spacy_transformers.data_classes import FullTransformerBatch, TransformerData, WordpieceBatch
from spacy_transformers.layers import TransformerListener
from spacy_transformers.layers.split_trf import split_trf_batch
from transformers.utils import ModelOutput

__all__ = [
    "FullTransformerBatch",
    "ModelOutput",
    "TransformerData",
    "TransformerListener",
    "WordpieceBatch",
    "split_trf_batch",
]
