"""Texts that teach what an abbreviation stands for where nothing says so.

A text that defines an abbreviation says which concept it means, if the long form is a name of the knowledge base. With
the definition taken away, and the abbreviation in place of the name, the same text shows how authors write of that
concept: an example that nobody had to annotate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count

from ..corpora.document import Document, Mention
from .abbreviations import find_abbreviations
from .knowledge_base import LEVELS, KnowledgeBase

_WIDTH = 1000  # characters that are kept on either side of the first mention
_UNTYPED = "ENTITY"  # the label of a concept without types


@dataclass
class Definitions:
    """The texts found for each abbreviation and each concept that it stands for.

    types: of the concepts; the first that a concept has of them is the label of its mentions. None for all concepts.
    most: texts that are kept for a concept under one abbreviation, the first ones.
    """

    kb: KnowledgeBase
    types: tuple[str, ...] | None
    most: int
    found: dict[str, dict[int, list[Document]]] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)

    def add(self, document: Document) -> None:
        """Keep what a text defines."""
        for short, long in find_abbreviations(document.text).items():
            number = concept_of(self.kb, long, self.types)
            if number is None:
                continue
            texts = self.found.setdefault(short, {}).setdefault(number, [])
            if len(texts) < self.most:
                kinds = (kind for kind in self.kb.types_of(number) if self.types is None or kind in self.types)
                label = next(kinds, _UNTYPED)
                text, places = _without_definition(document.text, short, long)
                mentions = tuple(Mention(*place, label, concept_id=self.kb.id_of(number)) for place in places)
                if mentions:
                    texts.append(Document(self._new_id(f"{document.id}:{short}"), text, mentions))

    def _new_id(self, wanted: str) -> str:
        """Return the id, with a number if a text has it already, as where files of two folders have one name."""
        numbered = (f"{wanted}-{n}" for n in count(2))
        one = next(one for one in chain([wanted], numbered) if one not in self._ids)
        self._ids.add(one)
        return one

    def texts(self, least: int, *, ambiguous: bool = False) -> Iterator[Document]:
        """Yield the texts by abbreviation and concept.

        least: of a concept; what was defined less often is left out. ambiguous: so are abbreviations of one concept.
        """
        for short in sorted(self.found):
            meanings = [texts for _, texts in sorted(self.found[short].items()) if len(texts) >= least]
            if len(meanings) > 1 or not ambiguous:
                yield from chain.from_iterable(meanings)


def concept_of(kb: KnowledgeBase, name: str, types: Iterable[str] | None) -> int | None:
    """Return the number of the concept that has this name; None if there is none, or if several come equally first."""
    allowed = kb.allowed_concepts(None if types is None else frozenset(types))
    ranked = sorted(
        {
            (LEVELS.index(level), int(kb.preferences[number]), number)
            for form, level in kb.forms_equal_to(name).items()
            for number in kb.concepts_of(form)
            if allowed[number]
        }
    )
    if not ranked or (len(ranked) > 1 and ranked[0][:2] == ranked[1][:2] and ranked[0][2] != ranked[1][2]):
        return None
    return ranked[0][2]


def _without_definition(text: str, short: str, long: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a part of the text with the abbreviation in place of the name, and where the abbreviation stands in it."""
    name, abbreviation = (r"\s+".join(map(re.escape, form.split())) for form in (long, short))
    for pattern in (
        rf"(?<!\w){name}\s*[(\[]\s*{abbreviation}\b[^()\[\]]*[)\]]",
        rf"(?<!\w){abbreviation}\s*[(\[]\s*{name}\s*[)\]]",
        rf"(?<!\w){name}(?!\w)",
    ):
        text = re.sub(pattern, lambda _: short, text, flags=re.IGNORECASE)
    word = re.compile(rf"(?<!\w){abbreviation}(?!\w)")
    first = word.search(text)
    if first is None:
        return "", []
    start, end = max(0, first.start() - _WIDTH), first.end() + _WIDTH
    if start:
        start = text.find(" ", start, first.start()) + 1 or first.start()
    if end < len(text):
        end = max(text.rfind(" ", first.end(), end), first.end())
    part = text[start:end].strip()
    return part, [match.span() for match in word.finditer(part)]
