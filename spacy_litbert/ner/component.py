"""The component ``litbert_ner``: token vectors → scores of tags → mentions of each label, with confidences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, Optional

import numpy as np
import srsly
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d, Ragged
from tqdm import tqdm

from ..confidence import register_confidence
from ..errors import Errors, LitBertError, Warnings
from ..models.listener import accept_any_encoder
from ..ragged import starts_of
from ..types import IntArray
from .annotation import labels_of, mentions_of, tags_of
from .calibration import LabelCalibration, Objective
from .decoding import SCORE_OF, Evidence, Mentions, confidence, decode, gather
from .evidence import collect
from .mentions import DocMentions, annotate, split
from .model import TagScores, linear, set_output_layer
from .settings import checked_threshold, differs, problem_of

_SAMPLE = 10
_DEFAULT_MODEL = """
[model]
@architectures = "spacy-litbert.LitBertNer.v1"
hidden_width = 64

[model.tok2vec]
@architectures = "spacy-litbert.LitBertListener.v1"
grad_factor = 1.0
upstream = "*"

[model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""
DEFAULT_MODEL = Config().from_str(_DEFAULT_MODEL)["model"]


@Language.factory(
    "litbert_ner",
    assigns=["doc.ents", "doc.spans", "span._.confidence", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_MODEL,
        "spans_key": "litbert",
        "threshold": None,
        "scorer": {"@scorers": "spacy-litbert.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def build_litbert_ner(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Ragged],
    spans_key: str,
    threshold: Optional[float],
    scorer: Optional[Callable[..., dict[str, Any]]],
) -> LitBertNer:
    """Build the component of the factory ``litbert_ner``; the settings are those of ``LitBertNer``."""
    return LitBertNer(nlp.vocab, model, name, spans_key=spans_key, threshold=threshold, scorer=scorer)


class LitBertNer(TrainablePipe):  # type: ignore[misc]
    """Finds mentions of several labels, which may overlap, each with a confidence.

    model: Model[List[Doc], Ragged], ``spacy-litbert.LitBertNer.v1`` or ``v2``.
    spans_key: all mentions become ``doc.spans[spans_key]``, with their confidences in ``attrs["scores"]``, as spancat
        has them; the best ones that don't overlap become ``doc.ents``. In gold Docs mentions are read from there too,
        or from ``doc.ents`` where there is no such group.
    threshold: the least confidence of a mention. None for the thresholds of ``calibrate``, 0 before.
    scorer: ``spacy-litbert.ner_scorer.v1``.

    ``span._.confidence``, in [0, 1], works for spans of both. ``cfg`` holds the labels, the threshold, and what
    ``calibrate`` fitted by label: ``temperatures`` and ``thresholds``.

    Raises LitBertError L422 for a threshold that is not in [0, 1].
    """

    def __init__(
        self,
        vocab: Vocab,
        model: TagScores,
        name: str = "litbert_ner",
        *,
        spans_key: str = "litbert",
        threshold: float | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ):
        register_confidence()
        self.vocab, self.model, self.name = vocab, model, name
        threshold = checked_threshold(threshold)
        # What is in cfg is saved, and restored over what a config asks for.
        self.spans_key, self._configured_threshold = spans_key, threshold
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": [], "temperatures": {}, "thresholds": {}}
        self.cfg.update(threshold=threshold, configured_threshold=threshold)
        self._rehearsal_model: TagScores | None = None
        self._warned_of: set[str] = set()
        self._n_tags: int = model.attrs.get("n_tags", 3)

    @property
    def threshold(self) -> float | None:
        """The least confidence of a mention; None for those that ``calibrate`` chose."""
        found: float | None = self.cfg["threshold"]
        return found

    @threshold.setter
    def threshold(self, value: float | None) -> None:
        self.cfg["threshold"] = checked_threshold(value)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels in the order of their scores."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """Return what ``spacy init labels`` writes: the labels."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label; return 1, or 0 if it is there.

        A model that is initialized grows: what it finds of other labels stays as it is, and of this one it finds
        nothing until it has learned it. Raises LitBertError L420 for what is no name.
        """
        if not isinstance(label, str) or not label:
            raise LitBertError(Errors.L420.format(name=self.name, found=label))
        if label in self.cfg["labels"]:
            return 0
        self.vocab.strings.add(label)
        if self.model.get_ref("output_layer").has_dim("nO"):
            self.set_output(self._n_tags * (len(self.labels) + 1))
        self.cfg["labels"].append(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[list[str]] = None,
    ) -> None:
        """Initialize the model for the labels of the examples.

        labels: these instead, without a pass through the examples; ``spacy init labels`` writes them.
        Labels of the examples are those of their mentions and those that Docs say were annotated. Raises LitBertError
        L421 if there are none.
        """
        validate_get_examples(get_examples, "LitBertNer.initialize")
        for label in labels_of(get_examples(), self.spans_key) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise LitBertError(Errors.L421.format(name=self.name))
        sample = [example.predicted for example in islice(get_examples(), _SAMPLE)]
        self.model.get_ref("output_layer").set_dim("nO", self._n_tags * len(self.labels))
        self.model.initialize(X=sample)
        self.cfg.update(temperatures={}, thresholds={})  # of other weights

    def predict(self, docs: Iterable[Doc]) -> list[DocMentions]:
        """Find the mentions of each Doc, without changing it. Raises LitBertError L436 if it is not initialized."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):  # nothing that the model could be run on
            return [DocMentions(*(np.zeros(0, dtype=np.int64),) * 3, np.zeros(0)) for _ in docs]
        found, evidence, starts = self._find(docs)
        temperatures, thresholds = (np.array(values) for values in self._fitted())
        if self.threshold is not None:
            thresholds[:] = self.threshold
        confidences = confidence(evidence, temperatures[found.labels])
        kept = confidences >= thresholds[found.labels]
        mentions = DocMentions(found.labels[kept], found.starts[kept], found.ends[kept], confidences[kept])
        return list(split(mentions, starts))

    def set_annotations(self, docs: Iterable[Doc], predictions: list[DocMentions]) -> None:
        """Set ``doc.spans[spans_key]`` and ``doc.ents``. Entities that are there already stay."""
        for doc, mentions in zip(docs, predictions):
            # A component that was sourced may have another vocabulary than its Docs.
            labels = [doc.vocab.strings.add(label) for label in self.labels]
            annotate(doc, mentions, labels, self.spans_key)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[dict[str, float]] = None,
    ) -> dict[str, float]:
        """Learn from examples; return the losses with that of this component.

        Warns of labels that it lacks (W003). Raises LitBertError L436 if it is not initialized.
        """
        examples = list(examples)
        validate_examples(examples, "LitBertNer.update")
        self._warn_of_unknown(examples)
        return self._step(examples, lambda scores: self.get_loss(examples, scores), drop, sgd, losses)

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[dict[str, float]] = None,
    ) -> dict[str, float]:
        """Learn to say what the model said when training was resumed (``nlp.resume_training``), as spaCy's tagger.

        Labels that were added since are left alone. ``nlp.rehearse`` runs no ``transformer``: a listener needs
        predicted Docs that one has annotated (``nlp.get_pipe("transformer")(example.predicted)``), and raises
        LitBertError L302 for others. The teacher reads the vectors of the encoder as it is now: keep that as it was
        (``nlp.update(…, exclude=["transformer"])``), or what is held to shifts with it.
        """
        examples = list(examples)
        validate_examples(examples, "LitBertNer.rehearse")
        teacher = self._rehearsal_model
        if teacher is None:
            return losses if losses is not None else {}

        def get_loss(scores: Ragged) -> tuple[float, Ragged]:
            accept_any_encoder(teacher)
            taught = self._by_label(teacher.predict([example.predicted for example in examples]))
            xp, n_taught = self.model.ops.xp, taught.shape[1]
            target, weight = xp.zeros_like(self._by_label(scores)), xp.zeros((len(taught), len(self.labels)), dtype="f")
            target[:, :n_taught], weight[:, :n_taught] = self.model.ops.softmax(taught, axis=-1), 1
            return self._cross_entropy(scores, target, weight)

        return self._step(examples, get_loss, drop, sgd, losses)

    def get_loss(self, examples: Iterable[Example], scores: Ragged) -> tuple[float, Ragged]:
        """Return the cross-entropy of the gold tags, summed over tokens and labels, and its gradient.

        scores: of the model, (tokens, labels * tags). Both are 0 where it is not known whether a mention is there: for
        labels that were not annotated in a Doc, and at tokens that are missing.
        """
        gold = [tags_of(example, self.labels, self.spans_key) for example in examples]
        xp = self.model.ops.xp
        tags = xp.asarray(np.array(SCORE_OF[self._n_tags])[np.concatenate([tags for tags, _ in gold])])
        known = xp.asarray(np.concatenate([known for _, known in gold]).astype("f"))
        return self._cross_entropy(scores, xp.eye(self._n_tags, dtype="f")[tags], known)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predicted mentions with ``spacy-litbert.ner_scorer.v1``, or the scorer of the config."""
        scores: dict[str, Any] = super().score(examples, **{"spans_key": self.spans_key, **kwargs})
        return scores

    def calibrate(
        self,
        examples: Iterable[Example],
        *,
        precision: float | None = None,
        recall: float | None = None,
        progress: bool = False,
    ) -> dict[str, LabelCalibration]:
        """Fit the temperature and the threshold of each label on examples that were not trained on, and keep them.

        examples: with predicted Docs that the pipes before this one have annotated; read once, 64 at a time.
        precision, recall: choose the thresholds with the most mentions that have this precision, or the highest with
            this recall. Without either those with the best F1.
        progress: show it.

        A label without gold mentions, or of which none was found, keeps the temperature and the threshold that it has,
        1 and 0 at first, and one of which fewer than 20 mentions were found keeps the temperature. ``threshold``
        becomes None, so that what was fitted counts. Return for each label what was fitted.

        Raises LitBertError L430 for an objective that can't be, L431 for one that a label does not reach, L432 without
        known gold mentions; then nothing changes.
        """
        objective = Objective(precision, recall)
        shown = tqdm(examples, unit=" texts", disable=not progress)
        judged = collect(shown, self._find, self.labels, self.spans_key)
        if not sum(judged.n_gold.values()):
            raise LitBertError(Errors.L432.format(name=self.name, labels=", ".join(self.labels)))
        result = {
            label: judged.fit(index, label, objective, temperature=temperature, threshold=threshold)
            for index, (label, temperature, threshold) in enumerate(zip(self.labels, *self._fitted()))
        }
        fitted = {label: one.temperature for label, one in result.items() if one.temperature is not None}
        thresholds = {label: one.threshold for label, one in result.items()}
        self.cfg.update(temperatures={**self.cfg["temperatures"], **fitted}, thresholds=thresholds, threshold=None)
        return result

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> LitBertNer:
        """Load from bytes, with the labels that were saved, whichever there are now.

        Raises LitBertError L423 for settings that can't be, L312 for a damaged model; then labels and settings stay.
        """
        saved = srsly.msgpack_loads(bytes_data)
        with self._replaced(lambda: srsly.json_loads(saved["cfg"]), {*exclude, *({"cfg"} - saved.keys())}):
            super().from_bytes(bytes_data, exclude=exclude)
        return self

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LitBertNer:
        """Load from a folder. Raises as ``from_bytes`` does."""
        with self._replaced(lambda: srsly.read_json(Path(path) / "cfg"), exclude):
            super().from_disk(path, exclude=exclude)
        return self

    @contextmanager
    def _replaced(self, read_cfg: Callable[[], Any], exclude: Iterable[str]) -> Iterator[None]:
        """Make room for as many labels as were saved, check what is loaded, and go back if it can't be."""
        output, cfg = self.model.get_ref("output_layer"), dict(self.cfg)
        if output.has_dim("nO") and not {"cfg", "model"} & set(exclude):
            labels = read_cfg()["labels"]
            if isinstance(labels, list) and len(labels) != len(self.labels):
                set_output_layer(self.model, linear(self._n_tags * len(labels), output.get_dim("nI")))
        try:
            yield
            self._check_cfg()
        except Exception:
            self.cfg = cfg
            set_output_layer(self.model, output)
            raise

    def _check_cfg(self) -> None:
        if differs(self._configured_threshold, self.cfg["configured_threshold"]):  # from what the config named before
            self.cfg.update(threshold=self._configured_threshold, configured_threshold=self._configured_threshold)
        output = self.model.get_ref("output_layer")
        problem = problem_of(self.cfg, output.get_dim("nO") if output.has_dim("nO") else None, self._n_tags)
        if problem is not None:
            raise LitBertError(Errors.L423.format(name=self.name, problem=problem))

    def _fitted(self) -> tuple[list[float], list[float]]:
        """Return the temperatures and thresholds of all labels, those that ``calibrate`` chose."""
        temperatures, thresholds = self.cfg["temperatures"], self.cfg["thresholds"]
        labels = self.labels
        return [temperatures.get(label, 1.0) for label in labels], [thresholds.get(label, 0.0) for label in labels]

    def _find(self, docs: list[Doc]) -> tuple[Mentions, Evidence, IntArray]:
        """Return the mentions of Docs end to end, what speaks for them, and where each Doc starts."""
        self._check_initialized()
        scores = self._by_label(self.model.predict(docs))
        lengths = np.array([len(doc) for doc in docs], dtype=np.int64)
        spaces = np.concatenate([doc.to_array("IS_SPACE").astype(bool) for doc in docs])
        found = decode(scores, lengths, never_begins=spaces)
        evidence = gather(scores, lengths, found)
        # No mention ends with white space.
        words = np.maximum.accumulate(np.where(spaces, -1, np.arange(len(spaces))))
        found = Mentions(found.labels, found.starts, words[found.ends - 1] + 1)
        return found, evidence, starts_of(lengths)

    def _check_initialized(self) -> None:
        output = self.model.maybe_get_ref("output_layer")
        if output is not None and not output.has_param("W"):
            raise LitBertError(Errors.L436.format(name=self.name))

    def _warn_of_unknown(self, examples: list[Example]) -> None:
        mentions = chain.from_iterable(mentions_of(example.reference, self.spans_key) for example in examples)
        unknown = {span.label_ for span in mentions} - set(self.labels) - self._warned_of
        if unknown:
            self._warned_of |= unknown
            found, known = ", ".join(sorted(unknown)), ", ".join(self.labels)
            warnings.warn(Warnings.W003.format(name=self.name, unknown=found, labels=known), stacklevel=3)

    def _step(
        self,
        examples: list[Example],
        get_loss: Callable[[Ragged], tuple[float, Ragged]],
        drop: float,
        sgd: Optimizer | None,
        losses: dict[str, float] | None,
    ) -> dict[str, float]:
        losses = losses if losses is not None else {}
        losses.setdefault(self.name, 0.0)
        if not any(len(example.predicted) for example in examples):
            return losses
        self._check_initialized()
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, d_scores = get_loss(scores)
        backprop(d_scores)
        if sgd is not None:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def _cross_entropy(self, scores: Ragged, target: Any, weight: Any) -> tuple[float, Ragged]:
        """Return loss and gradient. target: (tokens, labels, tags) probabilities. weight: (tokens, labels)."""
        ops = self.model.ops
        p = ops.softmax(self._by_label(scores), axis=-1)
        loss = -(target * ops.xp.log(ops.xp.maximum(p, 1e-30))).sum(axis=-1) * weight
        d_scores: Floats2d = ((p - target) * weight[..., None]).reshape(scores.dataXd.shape)
        return float(loss.sum()), Ragged(d_scores, scores.lengths)

    def _by_label(self, scores: Ragged) -> Any:
        values: Any = scores.dataXd
        return values.reshape((len(values), values.shape[1] // self._n_tags, self._n_tags))
