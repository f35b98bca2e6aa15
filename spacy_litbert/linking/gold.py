"""What gold texts teach a linker: mentions for its memory, and lists of candidates of which it is known what is right.

Gold entities have ids in ``kb_id_``; of several joined by ``|`` any is right.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import Errors, LitBertError, Warnings
from .abbreviations import long_forms_of
from .concept import NIL
from .knowledge_base import KnowledgeBase
from .lists import Listed
from .memory import MentionMemory, fold_of

# Makes lists for spans of a Doc; the number is a fold of documents that is not to be remembered.
MakeLists = Callable[[Doc, Sequence[Span], int | None], list[Listed]]


def memory_of(examples: Iterable[Example]) -> MentionMemory:
    """Remember the gold entities; an abbreviation as it stands and as what it stands for."""
    return MentionMemory.of(_mentions(examples))


def gold_lists(example: Example, kb: KnowledgeBase, make: MakeLists, *, remembers: bool = False) -> Iterator[Listed]:
    """Yield the distinct lists of an example's entities with what is right.

    remembers: the memory counts as it is, for texts that it was not made of.

    Entities of the prediction that overlap with none of the reference stand for no concept.
    """
    reference = example.reference
    spans = [ent for ent in reference.ents if ent.kb_id_]
    taken = [(ent.start_char, ent.end_char) for ent in reference.ents]
    invented = [
        ent
        for ent in example.predicted.ents
        if not any(ent.start_char < end and start < ent.end_char for start, end in taken)
    ]
    without = None if remembers else fold_of(reference.text)
    for doc, ents in ((reference, spans), (example.predicted, invented)):
        seen = set()
        for ent, listed in zip(ents, make(doc, ents, without)):
            ids = ent.kb_id_ if doc is reference else NIL
            if (id(listed), ids) in seen:
                continue
            seen.add((id(listed), ids))
            numbers = {kb.number_of(one) for one in ids.split("|")}
            right = np.append(np.isin(listed.candidates.numbers, [one for one in numbers if one is not None]), False)
            right[-1] = not right.any()
            yield replace(listed, right=right, is_gold=ids != NIL)


def linked(examples: Iterable[Example], kb: KnowledgeBase, name: str) -> list[Example]:
    """Return the examples with linked entities. W005 says how many of these have no id that is known.

    name: of the linker. Raises LitBertError L531 if none has one.
    """
    found = [one for one in examples if any(ent.kb_id_ for ent in one.reference.ents)]
    n_mentions = Counter(ent.kb_id_ for one in found for ent in one.reference.ents if ent.kb_id_ not in ("", NIL))
    unknown = [ids for ids in n_mentions if all(kb.number_of(one) is None for one in ids.split("|"))]
    if len(unknown) == len(n_mentions):
        problem = f"no entity of the texts has a kb_id_ of the knowledge base {kb.path}"
        raise LitBertError(Errors.L531.format(name=name, problem=problem))
    if unknown:
        n, of = sum(n_mentions[ids] for ids in unknown), n_mentions.total()
        examples_of = ", ".join(sorted(unknown)[:3])
        warnings.warn(Warnings.W005.format(n=n, of=of, path=kb.path, ids=examples_of), stacklevel=3)
    return found


def settled(example: Example, kb: KnowledgeBase) -> Example:
    """Return an example with the gold entities that have ids, one each.

    It is the predicted one if it stands for a concept that one of the gold ids stands for too, under whatever id.
    """
    predicted = {(ent.start_char, ent.end_char): ent.kb_id_ for ent in example.predicted.ents}
    reference = example.reference.copy()
    reference.set_ents([ent for ent in reference.ents if ent.kb_id_])
    for ent in reference.ents:
        ids = ent.kb_id_.split("|")
        found = predicted.get((ent.start_char, ent.end_char), "")
        number = kb.number_of(found)
        is_right = found in ids or (number is not None and number in map(kb.number_of, ids))
        for token in ent:
            token.ent_kb_id_ = found if is_right else ids[0]
    return Example(example.predicted, reference)


def _mentions(examples: Iterable[Example]) -> Iterator[tuple[str, list[str], int]]:
    for example in examples:
        doc = example.reference
        known = {(ent.text, one) for ent in doc.ents for one in ent.kb_id_.split("|")}
        texts = {text for text, _ in known}
        for ent, long_form in zip(doc.ents, long_forms_of(doc, doc.ents)):
            if not ent.kb_id_ or ent.kb_id_ == NIL:
                continue
            ids = ent.kb_id_.split("|")
            yield ent.text, ids, fold_of(doc.text)
            # A long form that the annotators gave another concept is none.
            if long_form != ent.text and (long_form not in texts or any((long_form, one) in known for one in ids)):
                yield long_form, ids, fold_of(doc.text)
