"""The best candidates of each list, with their probabilities: what a linker says of a mention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from thinc.api import Model

from .candidates import Candidates
from .columns import Array
from .knowledge_base import KnowledgeBase
from .lists import Listed
from .ranker import softmax

Ranking = list[tuple[str, float]]  # ids of concepts, the best first
Rankings = list[Ranking]  # of a Doc's mentions, in their order


def ranked(
    lists: Sequence[Listed], kb: KnowledgeBase, ranker: Model[Any, Any] | None, *, temperature: float, top: int
) -> Rankings:
    """Return the ``top`` best candidates of each list; equal lists are ranked once.

    kb: that the candidates are numbers of. ranker: None for similarities in place of probabilities.
    temperature: that the ranker's scores are divided by.
    """
    distinct = list({id(listed): listed for listed in lists}.values())
    if ranker is None:
        values = [listed.candidates.similarities for listed in distinct]
    else:
        scores = ranker.predict([listed.rows for listed in distinct])
        values = [softmax(of_list, temperature)[:-1] for of_list in scores]
    found = {id(listed): _ranking(listed.candidates, of_list, kb, top) for listed, of_list in zip(distinct, values)}
    return [found[id(listed)] for listed in lists]


def _ranking(candidates: Candidates, values: Array, kb: KnowledgeBase, top: int) -> Ranking:
    """Return the best candidates; of those with equal values the most similar come first."""
    cosines = np.maximum(candidates.by_long.cosines, candidates.by_text.cosines)
    order = np.lexsort((candidates.numbers, -cosines, -values))[:top]
    return [(kb.id_of(candidates.numbers[i]), float(values[i])) for i in order]
