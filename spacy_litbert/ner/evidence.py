"""Collect what a component finds in gold texts and whether it is right, to fit temperatures and thresholds to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import minibatch

from ..ragged import indices_of, starts_of
from ..types import BoolArray, IntArray
from .calibration import FEWEST, LabelCalibration, Objective, choose_threshold, fit_temperature, reliability
from .decoding import Evidence, Mentions, confidence
from .scoring import Gold

_BATCH = 64
Find = Callable[[list[Doc]], tuple[Mentions, Evidence, IntArray]]


@dataclass
class Judged:
    """The mentions found, batch by batch, that are known to be right or wrong, and the number of gold ones by label."""

    n_gold: dict[str, int]
    labels: list[IntArray] = field(default_factory=list)
    right: list[BoolArray] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def fit(
        self, index: int, label: str, objective: Objective, *, temperature: float, threshold: float
    ) -> LabelCalibration:
        """Fit temperature and threshold of a label, by its index. Raises LitBertError L431 as ``choose_threshold``.

        temperature, threshold: what it has, and keeps if there are no gold mentions, which says that nobody looked for
            them rather than that all that was found is wrong, or none was found; of fewer than 20 found ones it keeps
            the temperature.
        """
        own = [labels == index for labels in self.labels]
        right = np.concatenate([of[chosen] for of, chosen in zip(self.right, own)] or [np.zeros(0, dtype=bool)])
        parts = [select(of, chosen) for of, chosen in zip(self.evidence, own)]
        evidence = Evidence(
            np.concatenate([part.rows for part in parts] or [np.zeros((0, 3))]),
            np.concatenate([part.lengths for part in parts] or [np.zeros(0, dtype=np.int64)]),
            np.concatenate([part.after for part in parts] or [np.zeros((0, 3))]),
        )

        def confidences(temperature: float) -> np.ndarray:
            return confidence(evidence, np.full(len(right), temperature))

        n_gold = self.n_gold[label]
        fitted = fit_temperature(confidences, right) if n_gold and len(right) >= FEWEST else None
        before, after = confidences(1.0), confidences(fitted or temperature)
        figures = dict.fromkeys(("precision", "recall", "f1"), 0.0)
        if n_gold and (len(right) or objective.recall is not None):
            threshold, figures = choose_threshold(after, right, n_gold, objective, label)
        return LabelCalibration(
            n_gold=n_gold,
            n_found=len(right),
            temperature=fitted,
            threshold=threshold,
            ece_before=reliability(before, right)["ece"] if len(right) else None,
            ece_after=reliability(after, right)["ece"] if len(right) else None,
            **figures,
        )


def collect(examples: Iterable[Example], find: Find, labels: Sequence[str], key: str) -> Judged:
    """Judge what ``find`` finds in the predicted Docs of examples, 64 at a time.

    find: returns the mentions of Docs end to end, what speaks for them, and where each Doc starts.
    labels: of the mentions, by their numbers. key: as of ``mentions_of``.
    """
    judged = Judged(dict.fromkeys(labels, 0))
    for batch in minibatch(examples, _BATCH):  # type: ignore[no-untyped-call]
        golds = [Gold(example, key) for example in batch if len(example.predicted)]
        docs = [example.predicted for example in batch if len(example.predicted)]
        for label, _, _ in (mention for gold in golds for mention in gold.mentions):
            if label in judged.n_gold:
                judged.n_gold[label] += 1
        if docs:
            found, evidence, starts = find(docs)
            right = _judge(docs, golds, found, starts, labels)
            known = np.array([one is not None for one in right], dtype=bool)
            judged.labels.append(found.labels[known])
            judged.right.append(np.array([one is True for one in right], dtype=bool)[known])
            judged.evidence.append(select(evidence, known))
    return judged


def select(evidence: Evidence, chosen: BoolArray) -> Evidence:
    """Return the evidence of some mentions. chosen: (mentions,) booleans."""
    lengths = evidence.lengths[chosen]
    rows = evidence.rows[indices_of(starts_of(evidence.lengths)[:-1][chosen], lengths)]
    return Evidence(rows, lengths, evidence.after[chosen])


def _judge(
    docs: list[Doc], golds: list[Gold], found: Mentions, starts: IntArray, labels: Sequence[str]
) -> list[bool | None]:
    owners = np.searchsorted(starts, found.starts, side="right") - 1
    firsts = starts[owners]
    places = zip(owners, found.labels, found.starts - firsts, found.ends - firsts)
    return [golds[i].judge(Span(docs[i], int(start), int(end), labels[label])) for i, label, start, end in places]
