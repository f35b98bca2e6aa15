"""Precision, recall and F1 of mentions and their ids, and of the ids of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matching import Same, concepts, is_right

from spacy_litbert.linking.memory import memory_key
from spacy_litbert.ner.calibration import reliability


@dataclass(frozen=True)
class Place:
    """A mention: the number of its document, its characters, its label, and its text."""

    document: int
    start: int
    end: int
    label: str
    text: str


@dataclass(frozen=True)
class Gold:
    """A gold mention and its ids, joined by ``|``."""

    place: Place
    ids: str


@dataclass(frozen=True)
class Link:
    """A mention that was found, and what it may stand for: ids with probabilities, the best first."""

    place: Place
    ranking: list[tuple[str, float]]

    @property
    def probability(self) -> float:
        """That of the best concept; -1 without one."""
        return self.ranking[0][1] if self.ranking else -1.0

    @property
    def none(self) -> float:
        """The probability of all candidates' being wrong."""
        return min(max(0.0, 1 - sum(probability for _, probability in self.ranking)), 1.0)


def figures(
    gold: Collection[Gold], found: Collection[Link], same: Same, known: set[str], *, threshold: float
) -> dict[str, Any]:
    """Return the figures of the mentions that are linked: those whose best concept reaches the threshold.

    known: names that were seen in training, as they are remembered.
    """
    links = [link for link in found if link.ranking and link.probability >= threshold]
    ids = {one.place: concepts(one.ids, same) for one in gold}
    linked, wanted = _count([link.place for link in links], known), _count(ids, known)
    right = {"mentions": [link.place for link in links if link.place in ids]}
    for name, strict in (("mentions and ids", False), ("mentions and ids, strict", True)):
        right[name] = [
            link.place
            for link in links
            if is_right(same(link.ranking[0][0]), ids.get(link.place, frozenset()), strict=strict)
        ]
    of_mentions = {
        name: {group: _prf(_count(places, known)[group], linked[group], wanted[group]) for group in sorted(wanted)}
        for name, places in right.items()
    }
    return {**of_mentions, "ids of documents": _of_documents(ids, links, same)}


def reliabilities(gold: Collection[Gold], found: Collection[Link], same: Same) -> dict[str, Any]:
    """Measure how far the linker's probabilities can be relied on, for the mentions that were found.

    link: of the best concept; right if mention and concept are. none: of all candidates' being wrong; right if gold has
    no such mention, or what it stands for is not among them.
    """
    ids = {one.place: concepts(one.ids, same) for one in gold}
    said = {"link": [link.probability for link in found if link.ranking], "none": [link.none for link in found]}
    right = {
        "link": [same(link.ranking[0][0]) in ids.get(link.place, ()) for link in found if link.ranking],
        "none": [not any(same(one) in ids.get(link.place, ()) for one, _ in link.ranking) for link in found],
    }
    return {name: reliability(np.array(said[name]), np.array(right[name])) for name in said}


def _of_documents(ids: dict[Place, frozenset[str]], links: Iterable[Link], same: Same) -> dict[str, Any]:
    """Compare the distinct ids of each document and label, whatever mention they came from."""
    wanted = {(place.document, place.label, one) for place, several in ids.items() for one in several}
    found = {(link.place.document, link.place.label, same(link.ranking[0][0])) for link in links}
    by_label = {
        label: ({one for one in found if one[1] == label}, {one for one in wanted if one[1] == label})
        for label in sorted({place.label for place in ids})
    }
    return {group: _prf(len(a & b), len(a), len(b)) for group, (a, b) in {"all": (found, wanted), **by_label}.items()}


def _count(places: Iterable[Place], known: set[str]) -> Counter[str]:
    """Count places, by label, and of names seen and not seen in training."""
    groups: Counter[str] = Counter()
    for place in places:
        seen = "seen" if memory_key(place.text) in known else "unseen"
        groups.update(("all", place.label, f"{place.label}, {seen} names"))
    return groups


def _prf(right: int, found: int, wanted: int) -> dict[str, float]:
    values = {"p": right / max(found, 1), "r": right / max(wanted, 1), "f": 2 * right / max(found + wanted, 1)}
    return {**{name: round(100 * value, 2) for name, value in values.items()}, "found": found, "gold": wanted}
