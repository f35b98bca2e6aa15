"""Calibrate each ``litbert_ner`` of a pipeline on a file of gold texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import minibatch

from ..corpora.docbin import read_docbin
from .calibration import LabelCalibration
from .component import LitBertNer

_BATCH = 64
Calibrations = dict[str, dict[str, LabelCalibration]]


def recognizers(nlp: Language) -> dict[str, LitBertNer]:
    """Return the enabled components of this kind, by their names."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, LitBertNer)}


def calibrate_pipeline(
    nlp: Language, dev: Path, *, precision: float | None = None, recall: float | None = None, progress: bool = False
) -> Calibrations:
    """Fit temperatures and thresholds of each ``litbert_ner``; return what was fitted, by component and label.

    dev: a ``.spacy`` file of gold texts that the pipeline was not trained on. The rest as of ``LitBertNer.calibrate``,
        which says what is raised; L207 and L224 for a file that is damaged or missing.
    """
    for _ in read_docbin(dev, nlp.vocab):  # damage is found before the work
        pass
    return {
        name: component.calibrate(_annotated(nlp, name, dev), precision=precision, recall=recall, progress=progress)
        for name, component in recognizers(nlp).items()
    }


def _annotated(nlp: Language, name: str, dev: Path) -> Iterator[Example]:
    """Yield the examples of a file, annotated by the pipes before a component."""
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    for batch in minibatch(Corpus(dev)(nlp), _BATCH):  # type: ignore[no-untyped-call]
        with nlp.select_pipes(enable=before):
            annotated = list(nlp.pipe(((example.predicted, example) for example in batch), as_tuples=True))
        for doc, example in annotated:
            example.predicted = doc
            yield example
