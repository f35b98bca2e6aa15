"""Lists of candidates for the mentions that another component predicted, to choose a threshold for a whole pipeline.

On gold mentions a linker meets no mention that is none. A recognizer makes some up, and misses others: what the
threshold is good for shows only where its mentions are linked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from spacy.tokens import Span
from spacy.training import Example

from .concept import NIL
from .gold import MakeLists
from .knowledge_base import KnowledgeBase
from .lists import Listed


def predicted_lists(example: Example, kb: KnowledgeBase, make: MakeLists) -> Iterator[Listed]:
    """Yield a list for each entity of the prediction, and one without candidates for each that it misses.

    An entity stands for what the reference's entity with the same characters and label does; without such a one, or
    if that has no id, for no concept. So the F1 of links over these lists is that of mentions and ids together.
    """
    gold = {_place(ent): ent for ent in example.reference.ents if ent.kb_id_ not in ("", NIL)}
    ents = example.predicted.ents
    for ent, listed in zip(ents, make(example.predicted, ents, None)):
        found = gold.pop(_place(ent), None)
        numbers = {kb.number_of(one) for one in found.kb_id_.split("|")} if found is not None else set()
        right = np.append(np.isin(listed.candidates.numbers, [one for one in numbers if one is not None]), False)
        right[-1] = not right.any()
        yield replace(listed, right=right, is_gold=found is not None)
    missed = list(gold.values())
    for listed in make(example.reference, missed, None):
        yield Listed(listed.candidates[:0], listed.rows[-1:], np.array([True]), is_gold=True)


def _place(ent: Span) -> tuple[int, int, str]:
    return ent.start_char, ent.end_char, ent.label_
