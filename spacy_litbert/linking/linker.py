"""``litbert_linker``: gives the entities of a Doc the concepts of a knowledge base, whatever component found them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from ..errors import Errors, LitBertError
from ..files import check_file, replacing
from ..models.seal import check_finite
from ..models.settings import check_minimum, check_positive, check_share
from .concept import NIL, Concept
from .fit import check_fit
from .gold import gold_lists, linked, memory_of, settled
from .knowledge_base import KnowledgeBase
from .memory import MentionMemory
from .nearest import EncodesNames
from .predicted import predicted_lists
from .ranker import is_initialized, set_standard
from .ranking import Ranking, Rankings, ranked
from .saving import Learned, Reference, copy_kb, open_reference, pack, reference_to, remove_copy, unpack
from .spans import SpanLister
from .training import dropout, learn_from, threshold_of_similarities, train_ranker, tuned

_FILE = "linker.msgpack"
_COPY = "kb"


class LitBertLinker(TrainablePipe):  # type: ignore[misc]
    """Link entities to concepts.

    An entity gets ``ent.kb_id_``, the id of the most probable concept, or ``"NIL"`` if its probability is below the
    threshold; ``ent._.kb_ents`` has the best ids with their probabilities, as scispaCy's linker has them. Entities of a
    document that are written alike and have the same label are linked once. As long as the linker has not been trained,
    it sorts by how similar the names are, and what stands for the probability is that similarity.

    ``docs/api.md`` describes the settings at ``litbert_linker``.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "litbert_linker",
        *,
        kb: str | Path | None = None,
        types: Mapping[str, Sequence[str]] | None = None,
        threshold: float = 0.0,
        candidates: int = 50,
        top: int = 5,
        use_memory: bool = True,
        name_encoder: str | Path | None = None,
        use_context: bool = True,
        copy_kb: bool = True,
    ) -> None:
        for setting, value in (("candidates", candidates), ("top", top)):
            check_minimum(setting, value, 1)
        self.vocab = vocab
        self.model = model
        self._untrained = model.copy()
        self.name = name
        self.cfg: dict[str, Any] = {"temperature": 1.0, "is_trained": False}
        self.threshold = threshold
        self.types = None if types is None else {label: tuple(kinds) for label, kinds in types.items()}
        self.candidates = candidates
        self.top = top
        self.use_memory = use_memory
        self.use_context = use_context
        self.copy_kb = copy_kb
        self.memory = MentionMemory()
        self._path = None if kb is None else Path(kb)
        self._configured = None if kb is None else str(kb)
        self._configured_threshold = float(threshold)
        self._kb: KnowledgeBase | None = None
        self._spans: tuple[tuple[int, bool, bool], SpanLister] | None = None  # with the settings it was made with
        self._encoder_name = name_encoder
        self._encoder: EncodesNames | None = None
        if not Span.has_extension("kb_ents"):
            Span.set_extension("kb_ents", default=[])

    @property
    def kb(self) -> KnowledgeBase:
        """The knowledge base. Raises LitBertError L530 if none was set, L525 and L526 if it can't be opened."""
        if self._kb is None:
            if self._path is None:
                raise LitBertError(Errors.L530.format(name=self.name))
            self._kb = KnowledgeBase(self._path)
        return self._kb

    @property
    def cui_to_entity(self) -> Mapping[str, Concept]:
        """The concepts by id, as scispaCy's ``linker.kb.cui_to_entity`` has them."""
        return self.kb

    @property
    def name_encoder(self) -> EncodesNames | None:
        """What makes vectors of names; None if the linker knows names by their letters alone."""
        if self._encoder is None and self._encoder_name is not None:
            from ..names.encoder import NameEncoder

            self._encoder = NameEncoder.load(self._encoder_name)
        return self._encoder

    @property
    def threshold(self) -> float:
        """The probability below which an entity is linked to nothing."""
        return float(self.cfg["threshold"])

    @threshold.setter
    def threshold(self, value: float) -> None:
        check_share("threshold", value)
        self.cfg["threshold"] = float(value)

    @property
    def spans(self) -> SpanLister:
        """What makes lists of candidates for spans, with the knowledge base, the memory and the encoder there are.

        Raises LitBertError L541, L542 and L544 if these don't belong together.
        """
        kb, settings = self.kb, (self.candidates, self.use_memory, self.use_context)
        made = self._spans  # taken once: another thread may set a knowledge base at any time
        if made is None or made[0] != settings or made[1].kb is not kb:
            self._check_fit(kb)
            memory = self.memory if self.use_memory else MentionMemory()
            types_of = partial(self._types_of, kb)
            made = (
                settings,
                SpanLister(
                    kb, memory, self.candidates, types_of, encoder=self.name_encoder, use_context=self.use_context
                ),
            )
            self._spans = made
        return made[1]

    def set_kb(self, kb: KnowledgeBase | str | Path) -> None:
        """Set the knowledge base. What the linker has learned stays."""
        self._kb = kb if isinstance(kb, KnowledgeBase) else KnowledgeBase(kb)
        self._path = self._kb.path
        self._spans = None

    def search(self, text: str, k: int = 10, types: Iterable[str] | None = None) -> Ranking:
        """Find the concepts with the names most similar to a text, as ``KnowledgeBase.search`` does."""
        return self.kb.search(text, k, types)

    def predict(self, docs: Iterable[Doc]) -> list[Rankings]:
        """Return for each entity of each Doc the best concept ids with their probabilities, the best first."""
        return self._ranked([(doc, doc.ents) for doc in docs])

    def rank(self, doc: Doc, spans: Iterable[Span]) -> Rankings:
        """Return for spans of a Doc what ``predict`` does for its entities; ``doc`` is left as it is."""
        (rankings,) = self._ranked([(doc, tuple(spans))])
        return rankings

    def set_annotations(self, docs: Iterable[Doc], scores: Any) -> None:
        """Set ``ent.kb_id_`` and ``ent._.kb_ents``; what another linker gave labels that have no types here stays."""
        for doc, rankings in zip(docs, scores):
            for ent, ranking in zip(doc.ents, rankings):
                kb_id = ranking[0][0] if ranking and ranking[0][1] >= self.threshold else NIL
                for token in ent if self._links(ent) else ():
                    token.ent_kb_id_ = kb_id
            for ent, ranking in zip(doc.ents, rankings):  # extensions belong to spans that have their ids
                if self._links(ent):
                    ent._.kb_ents = ranking

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None, kb: str | None = None
    ) -> None:
        """Make the memory of the examples' entities and set the ranker up.

        kb: the folder of a knowledge base, instead of the one in the settings.

        Raises LitBertError L525, L526 and L530 without a knowledge base, L531 if no entity of the examples has an id of
        it.
        """
        if kb is not None:
            self.set_kb(kb)
        examples = linked(get_examples(), self.kb, self.name)
        self.memory = memory_of(examples) if self.use_memory else MentionMemory()
        self._spans = None
        self.cfg.update(is_trained=False, temperature=1.0, with_vectors=self.name_encoder is not None)
        self.threshold = self._configured_threshold
        sample = list(self.spans.of_examples(examples[:: 1 + len(examples) // 100]))
        self.model = self._untrained.copy()
        self.model.initialize(X=[sample[0].rows])
        set_standard(self.model, [listed.rows for listed in sample])

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from examples whose reference entities have ids in ``kb_id_``; of several joined by ``|`` any is right.

        What the memory has of an example's document does not count. Entities of the prediction that overlap with none
        of the reference are taught to be none. drop: the dropout of the ranker; 0 leaves that of its own settings.

        Raises LitBertError L546 if the linker is not initialized.
        """
        if not is_initialized(self.model):
            raise LitBertError(Errors.L546.format(name=self.name))
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        lists = list(self.spans.of_examples(list(examples)))
        if lists:
            with dropout(self.model, drop):
                losses[self.name] += learn_from(self.model, lists)
            self.cfg["is_trained"] = True
            if sgd is not None:
                self.finish_update(sgd)
        return losses

    def train(
        self,
        examples: Iterable[Example],
        dev: Iterable[Example] = (),
        *,
        epochs: int = 15,
        learn_rate: float = 0.003,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        """Train the linker alone: candidates are looked up once, which is faster than ``spacy train``.

        epochs: over the examples; 0 makes the memory alone, and the most similar name decides.
        dev: texts that it is not trained on; if there are any, ``calibrate`` is called with them.

        Raises LitBertError L004 for settings that can't be, L531 if no entity of either texts has an id that is
        known, L314 if the training diverges.
        """
        check_minimum("epochs", epochs, 0)
        check_positive("learn_rate", learn_rate)
        examples, dev = list(examples), list(dev)
        if dev:
            linked(dev, self.kb, self.name)
        np.random.seed(seed)
        self.initialize(lambda: examples)
        if epochs > 0:
            lists = self.spans.of_examples(examples, progress=progress)
            train_ranker(self.model, lists, epochs=epochs, learn_rate=learn_rate, seed=seed, progress=progress)
            check_finite(self.model, self.name)
            self.cfg["is_trained"] = True
        if dev:
            self.calibrate(dev)

    def calibrate(self, examples: Iterable[Example], *, predicted: bool = False) -> None:
        """Choose on held-out texts the temperature that makes scores probabilities, and the threshold with the best F1.

        A linker that was not trained gets a threshold alone, for how similar the names are.

        predicted: for the entities of the examples' predicted Docs, as the pipeline's recognizer found them: the F1 is
            that of entities with the right characters, label and id. Otherwise for those of the reference.

        Raises LitBertError L531 if no entity of theirs has an id of the knowledge base.
        """
        examples = list(examples)
        linked(examples, self.kb, self.name)
        lists_of = predicted_lists if predicted else partial(gold_lists, remembers=True)
        lists = list(self.spans.of_examples(examples, lists_of))
        if self.cfg["is_trained"]:
            self.cfg["temperature"], self.threshold = tuned(self.model, lists)
        else:
            self.threshold = threshold_of_similarities(lists)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score links as spaCy's scorer does: entities whose span and id are right; of several ids any is.

        An id counts as that of the concept it was merged into; entities whose reference has no id do not count.
        """
        return Scorer.score_links([settled(one, self.kb) for one in examples], negative_labels=[NIL], **kwargs)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return what was learned as bytes. The knowledge base stays where it is and is referred to."""
        return pack(self._learned(), self._reference())

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> LitBertLinker:
        """Read bytes that ``to_bytes`` made.

        Raises LitBertError L312 and L532 for damaged ones, L525 and L529 if its knowledge base is gone, or another one
        there, L528, L541 and L542 as ``from_disk`` does.
        """
        self._open(unpack(bytes_data, "these bytes", self._take))
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the linker to a folder, with a copy of the knowledge base, or where it lies if ``copy_kb`` is off."""
        folder, reference = Path(path), self._reference()
        is_copied = reference is not None and self.copy_kb
        if reference is not None and is_copied:
            reference["path"] = None
        packed = pack(self._learned(), reference)
        folder.mkdir(parents=True, exist_ok=True)
        if is_copied:
            copy_kb(self.kb, folder / _COPY)
        else:
            remove_copy(folder / _COPY, None if reference is None else self.kb)
        with replacing(folder / _FILE) as partial:
            partial.write_bytes(packed)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LitBertLinker:
        """Read a folder that ``to_disk`` made, and check all of the knowledge base against its checksums.

        Raises LitBertError L224 for a missing linker, L312 and L532 for a damaged one; L525, L526 and L529 if its
        knowledge base is missing, damaged, or another one; L528, L541 and L542 if one that the config names does not
        have the types, or not the vectors, that the linker needs.
        """
        folder = Path(path)
        check_file(folder / _FILE)
        reference = unpack((folder / _FILE).read_bytes(), str(folder), self._take)
        if reference is not None and reference["path"] is None:
            reference = {**reference, "path": str(folder / _COPY)}
        self._open(reference)
        if self._path is not None:
            self.kb.verify()
        return self

    def _ranked(self, spans: Sequence[tuple[Doc, Sequence[Span]]]) -> list[Rankings]:
        lister = self.spans  # once: candidates are numbers of its knowledge base
        ranker = self.model if self.cfg["is_trained"] else None
        settings: dict[str, Any] = {"temperature": self.cfg["temperature"], "top": self.top}
        return [ranked(lists, lister.kb, ranker, **settings) for lists in lister.lists(spans)]

    def _types_of(self, kb: KnowledgeBase, label: str) -> frozenset[str] | None:
        if self.types is not None and label in self.types:
            return kb.check_types(self.types[label])
        return frozenset((label,)) if label in kb.types else None

    def _links(self, ent: Span) -> bool:
        return bool((self.types or {}).get(ent.label_, True)) or not ent.kb_id_

    def _check_fit(self, kb: KnowledgeBase) -> None:
        ranker = self.model if self.cfg["is_trained"] else None
        check_fit(self.name, kb, self.name_encoder, ranker, bool(self.cfg.get("with_vectors", False)))
        for types in (self.types or {}).values():
            kb.check_types(types)

    def _learned(self) -> Learned:
        check_finite(self.model, self.name)
        encoder = self.name_encoder
        return {
            "cfg": self.cfg,
            "memory": self.memory.counts,
            "model": self.model.to_bytes(),
            "name_encoder": None if encoder is None else encoder.to_bytes(),
            "configured_threshold": self._configured_threshold,
            "configured_encoder": None if self._encoder_name is None else str(self._encoder_name),
        }

    def _take(self, learned: Learned) -> None:
        self.model = self._untrained.copy()
        self.model.from_bytes(learned["model"])
        if (encoder := learned.get("name_encoder")) is not None:
            from ..names.encoder import NameEncoder

            named = self._encoder_name
            if named is None or str(named) == learned.get("configured_encoder"):
                self._encoder = NameEncoder.from_bytes(encoder)
            else:  # the config names another one than it did then
                self._encoder = NameEncoder.load(named)
        self.cfg = dict(learned["cfg"])
        if self._configured_threshold != learned.get("configured_threshold", self._configured_threshold):
            self.threshold = self._configured_threshold  # the config names another one than it did then
        self.memory = MentionMemory(learned["memory"])
        self._spans = None

    def _reference(self) -> Reference | None:
        return None if self._path is None else {**reference_to(self.kb), "configured": self._configured}

    def _open(self, reference: Reference | None) -> None:
        """Open the knowledge base that was saved, and check that all fits together.

        If the config names another one than it did when the linker was saved, that takes its place.
        """
        if reference is not None:
            is_renamed = self._configured not in (None, reference["configured"])
            self.set_kb(str(self._configured) if is_renamed else open_reference(reference))
        if self._path is not None:
            self._check_fit(self.kb)
