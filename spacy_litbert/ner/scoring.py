"""Compare mentions with gold ones, where these are known: precision, recall and F1 under partial annotation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import PRFScore
from spacy.tokens import Span
from spacy.training import Example

from ..confidence import spans_of
from ..types import BoolArray
from .annotation import known_tokens, mentions_of


class Gold:
    """The gold mentions of an Example that are known, as (label, start, end) in tokens of the reference.

    key: as of ``mentions_of``.
    """

    def __init__(self, example: Example, key: str | None):
        self._example, self._key = example, key
        alignment = example.alignment  # an Example hashes its tokens each time that it is asked for it
        self._x2y, self._y2x = alignment.x2y, alignment.y2x
        self._known: dict[str, BoolArray] = {}
        spans = ((span.label_, span.start, span.end) for span in mentions_of(example.reference, key))
        self.mentions = {mention for mention in spans if self._is_known(*mention)}

    def judge(self, span: Span) -> bool | None:
        """Say whether a predicted mention is right, to the token and the label; None if that is not known.

        A part of a gold token is not the mention that this token is.
        """
        mention = self.place(span)
        if mention is None or not self._is_known(*mention):
            return None
        return mention in self.mentions and self._covers(span, *mention[1:])

    def place(self, span: Span) -> tuple[str, int, int] | None:
        """Return a predicted mention as (label, start, end) in tokens of the reference; None if it has none there."""
        tokens = self._x2y[span.start : span.end]
        return (span.label_, int(tokens[0]), int(tokens[-1]) + 1) if len(tokens) else None

    def _covers(self, span: Span, start: int, end: int) -> bool:
        """Return whether a predicted mention has all tokens that those of the reference are aligned with."""
        tokens = self._y2x[start:end]
        return bool(span.start <= tokens.min() and tokens.max() < span.end)

    def _is_known(self, label: str, start: int, end: int) -> bool:
        if label not in self._known:
            self._known[label] = known_tokens(self._example.reference, label, self._key)
        return bool(self._known[label][start:end].all())


def build_litbert_ner_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build the scorer of ``litbert_ner``, ``spacy-litbert.ner_scorer.v1``.

    It gives ``ents_p``, ``ents_r``, ``ents_f`` and ``ents_per_type`` of ``doc.ents``, as spaCy's, and the same of all
    mentions, ``spans_litbert_p`` …, for the key "litbert". Mentions, predicted or gold, of labels that were not
    annotated in a Doc are left out (``spacy_litbert.ner.annotation``), as are predicted ones at missing tokens.
    """
    return score


def score(examples: Iterable[Example], *, spans_key: str, **kwargs: Any) -> dict[str, Any]:
    """Score ``doc.ents`` and ``doc.spans[spans_key]`` as ``build_litbert_ner_scorer_v1`` says; None without gold."""
    examples = list(examples)
    entities = [eg for eg in examples if eg.reference.has_annotation("ENT_IOB")]
    spans = [eg for eg in examples if spans_key in eg.reference.spans or eg.reference.has_annotation("ENT_IOB")]
    return {
        **_figures("ents", ((Gold(eg, None), eg.predicted.ents) for eg in entities)),
        **_figures(f"spans_{spans_key}", ((Gold(eg, spans_key), _group(eg, spans_key)) for eg in spans)),
    }


def _group(example: Example, key: str) -> list[Span]:
    group = example.predicted.spans.get(key)
    return [] if group is None else [span for span in spans_of(group) if span is not None]


def _figures(prefix: str, pairs: Iterable[tuple[Gold, Iterable[Span]]]) -> dict[str, Any]:
    by_label: dict[str, PRFScore] = defaultdict(PRFScore)
    for gold, predicted in pairs:
        found = set()
        for span in predicted:
            right = gold.judge(span)
            if right:
                found.add(gold.place(span))
            elif right is not None:
                by_label[span.label_].fp += 1
        for mention in gold.mentions:
            by_label[mention[0]].tp += mention in found
            by_label[mention[0]].fn += mention not in found
    total = PRFScore()
    for label_score in by_label.values():
        total += label_score
    known = len(total) > 0
    figures = {"p": total.precision, "r": total.recall, "f": total.fscore}
    per_type = {label: label_score.to_dict() for label, label_score in by_label.items()}
    return {
        **{f"{prefix}_{name}": value if known else None for name, value in figures.items()},
        f"{prefix}_per_type": per_type if known else None,
    }
