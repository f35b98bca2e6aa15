"""Self-alignment: the multi-similarity loss over pairs of names that are mined in the batch.

Liu et al. (2021), "Self-alignment pretraining for biomedical entity representations"; Wang et al. (2019),
"Multi-similarity loss with general pair weighting for deep metric learning".
"""

from __future__ import annotations

import torch
from torch import Tensor

_ALPHA, _BETA, _BASE = 1.0, 60.0, 0.5
_MARGIN = 0.2


def multi_similarity(vectors: Tensor, concepts: Tensor, forms: Tensor) -> Tensor:
    """Compute the loss of unit vectors, a scalar.

    vectors: (names, width). concepts: (names,) int64, what each stands for. forms: (names,) int64, equal for equal
    names: those are no pair, whatever they stand for.

    A pair counts if it is hard: two names of a concept that are hardly more similar than one of them is to a name of
    another concept, and the other way round.
    """
    similarities = vectors @ vectors.T
    distinct = forms[:, None] != forms
    same = (concepts[:, None] == concepts) & distinct
    other = (concepts[:, None] != concepts) & distinct
    with torch.no_grad():
        nearest_other = similarities.masked_fill(~other, -torch.inf).amax(1, keepdim=True)
        farthest_same = similarities.masked_fill(~same, torch.inf).amin(1, keepdim=True)
        same = same & (similarities < nearest_other + _MARGIN)
        other = other & (similarities > farthest_same - _MARGIN)
    shifted = similarities - _BASE
    pulled = _log_of_sum(-_ALPHA * shifted, same) / _ALPHA
    pushed = _log_of_sum(_BETA * shifted, other) / _BETA
    return (pulled + pushed).mean()


def _log_of_sum(powers: Tensor, chosen: Tensor) -> Tensor:
    """Return log(1 + Σ exp) over the chosen ones of each row."""
    zero = powers.new_zeros(len(powers), 1)
    return torch.cat([zero, powers.masked_fill(~chosen, -torch.inf)], 1).logsumexp(1)
