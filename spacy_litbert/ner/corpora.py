"""Mix corpora that annotate different labels under different names: ``spacy-litbert.LabelledCorpora.v1``."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example, dont_augment
from spacy.vocab import Vocab

from ..corpora.docbin import read_docbin
from ..corpora.docs import id_of
from ..corpora.parts import Augmenter
from ..corpora.selection import read_exclusions
from ..errors import Errors, LitBertError
from ..files import check_file
from ..pipelines import load_pipeline, pipeline_folder
from .annotation import ANNOTATED, mentions_of, set_annotated
from .silver import add_silver

Reader = Callable[[Language], Iterable[Example]]
_log = logging.getLogger("spacy")


@dataclass
class LabelledCorpus:
    """A ``.spacy`` file and what was annotated in it.

    path: the file.
    labels: those annotated, by the names that the component is to learn. Of a document that says itself what was
        annotated in it (``set_annotated``) those that it names. Mentions of others are left out.
    names: what mentions are called there, where that differs, as ``{"GENE": "Gene"}``.
    weight: how often each document is read; of 2.5 each is read twice, and half of them, chosen by the seed, once more.
    """

    path: str
    labels: list[str]
    names: dict[str, str] = field(default_factory=dict)
    weight: float = 1.0


def build_labelled_corpora_v1(
    corpora: dict[str, dict[str, Any]],
    exclude: Sequence[str] = (),
    seed: int = 0,
    spans_key: str = "litbert",
    augmenter: Augmenter | None = None,
    silver: str | None = None,
) -> Reader:
    """Build the reader of several corpora, ``spacy-litbert.LabelledCorpora.v1``.

    corpora: by name, the settings of a ``LabelledCorpus``: path, labels, names, weight.
    exclude: files whose documents are left out wherever they stand, by id: ``.spacy`` files, such as dev and test
        splits of the corpora, or texts with an id a line. Ids are those that ``doc._.document_id`` has.
    seed: of the order and of what is read once more.
    spans_key: where corpora with overlapping mentions have them; ``doc.ents`` are read as well.
    augmenter: what makes examples of each one, as in spaCy's own reader, such as ``spacy-litbert.cut_long_texts.v1``.
    silver: a pipeline, package or folder; what it finds of labels that a corpus does not annotate is learned as well
        (``spacy_litbert.ner.silver``).

    Each document says which labels were annotated in it (``spacy_litbert.ner.annotation``). Every call gives the same
    examples in the same order. What was read and left out is logged, by corpus.

    Raises LitBertError L424 for settings that can't be, L224 and L340 for a file or a pipeline that is not there, when
    the reader is made; then L207 for a damaged file, L425 where documents are to be left out of a corpus that has no
    ids, L426 for a corpus of which nothing is left, L424 for a weight by which nothing is read, L341 for a damaged
    pipeline and L429 for one that finds no mentions.
    """
    chosen = {name: _checked(name, settings) for name, settings in corpora.items()}
    if not chosen:
        raise LitBertError(Errors.L424.format(name="", problem="there is no corpus"))
    for path in exclude:
        check_file(Path(path))
    if silver is not None:
        pipeline_folder(silver)
    return LabelledCorpora(chosen, [Path(path) for path in exclude], seed, spans_key, augmenter or dont_augment, silver)


@dataclass
class LabelledCorpora:
    """Reads the examples of several corpora; see ``build_labelled_corpora_v1``."""

    corpora: dict[str, LabelledCorpus]
    exclude: list[Path]
    seed: int
    spans_key: str
    augmenter: Augmenter
    silver: str | None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        excluded = frozenset().union(*(_ids(path, nlp.vocab) for path in self.exclude))
        chance = random.Random(self.seed)
        mixed: list[Example] = []
        finder = None if self.silver is None else load_pipeline(self.silver)
        for name, corpus in self.corpora.items():
            examples = self._read(name, corpus, excluded, nlp)
            if finder is not None:
                found = add_silver([one.reference for one in examples], finder, key=self.spans_key, progress=True)
                _log.info("Corpus %s: silver mentions that %s finds: %s", name, self.silver, _counts(found))
            whole = int(corpus.weight)
            more = chance.sample(range(len(examples)), round((corpus.weight - whole) * len(examples)))
            chosen = examples * whole + [examples[index] for index in more]
            if not chosen:
                problem = f"weight = {corpus.weight} of {len(examples)} documents is none"
                raise LitBertError(Errors.L424.format(name=name, problem=problem))
            mixed += (part for example in chosen for part in self.augmenter(nlp, example))
        chance.shuffle(mixed)
        yield from mixed

    def _read(self, name: str, corpus: LabelledCorpus, excluded: frozenset[str], nlp: Language) -> list[Example]:
        examples = []
        n_read, kept, dropped = 0, Counter(dict.fromkeys(corpus.labels, 0)), Counter[str]()
        for example in Corpus(corpus.path).make_examples(nlp, read_docbin(Path(corpus.path), nlp.vocab)):
            n_read += 1
            if excluded and _id(example.reference, corpus.path) in excluded:
                continue
            _relabel(example.reference, corpus, self.spans_key, kept, dropped)
            examples.append(example)
        _log.info(
            "Corpus %s: %d of %d documents, %d left out by their ids; mentions read: %s; mentions of other labels, "
            "left out: %s",
            *(name, len(examples), n_read, n_read - len(examples), _counts(kept), _counts(dropped)),
        )
        if not sum(kept.values()):
            found = f"of {n_read} documents {n_read - len(examples)} are left out; other labels: {_counts(dropped)}"
            labels = ", ".join(corpus.labels)
            raise LitBertError(Errors.L426.format(name=name, path=corpus.path, labels=labels, found=found))
        return examples


def _relabel(doc: Doc, corpus: LabelledCorpus, key: str, kept: Counter[str], dropped: Counter[str]) -> None:
    """Give mentions their names, without those whose labels were not asked for, and say which labels were annotated."""
    for span in mentions_of(doc, key):
        label = corpus.names.get(span.label_, span.label_)
        (kept if label in corpus.labels else dropped)[label] += 1
    if key in doc.spans:
        doc.spans[key] = _named(doc, mentions_of(doc, key), corpus)
    if doc.has_annotation("ENT_IOB"):
        missing = [doc[token.i : token.i + 1] for token in doc if token.ent_iob == 0]
        doc.set_ents(_named(doc, doc.ents, corpus), missing=missing, default="outside")
    if ANNOTATED in doc.spans:  # it says itself what was annotated in it, or in which parts
        doc.spans[ANNOTATED] = _named(doc, doc.spans[ANNOTATED], corpus)
    else:
        set_annotated(doc, corpus.labels)


def _named(doc: Doc, spans: Iterable[Span], corpus: LabelledCorpus) -> list[Span]:
    named = ((span, corpus.names.get(span.label_, span.label_)) for span in spans)
    return [
        Span(doc, span.start, span.end, label, kb_id=span.kb_id, span_id=span.id)
        for span, label in named
        if label in corpus.labels
    ]


def _checked(name: str, settings: dict[str, Any]) -> LabelledCorpus:
    try:
        corpus = LabelledCorpus(**settings)
    except TypeError as error:
        problem = f"{error}. Its settings are path, labels, names and weight".replace("LabelledCorpus.__init__() ", "")
        raise LitBertError(Errors.L424.format(name=name, problem=problem)) from None
    problems = {
        "path": not isinstance(corpus.path, str) or not corpus.path.endswith(".spacy"),
        "labels": not corpus.labels
        or not isinstance(corpus.labels, (list, tuple))
        or not all(isinstance(label, str) for label in corpus.labels),
        "names": not isinstance(corpus.names, dict)
        or not all(isinstance(name, str) for name in (*corpus.names, *corpus.names.values())),
        "weight": not isinstance(corpus.weight, (int, float)) or not 0 < corpus.weight < float("inf"),
    }
    for setting, wrong in problems.items():
        if wrong:
            raise LitBertError(Errors.L424.format(name=name, problem=f"{setting} = {getattr(corpus, setting)!r}"))
    unused = set(corpus.names.values()) - set(corpus.labels)
    if unused:
        problem = f"names leads to {', '.join(sorted(unused))}, which are not among its labels"
        raise LitBertError(Errors.L424.format(name=name, problem=problem))
    check_file(Path(corpus.path))
    return corpus


def _ids(path: Path, vocab: Vocab) -> frozenset[str]:
    if path.suffix != ".spacy":
        return read_exclusions(path)
    return frozenset(_id(doc, str(path)) for doc in read_docbin(path, vocab))


def _id(doc: Doc, path: str) -> str:
    found = id_of(doc)
    if found is None:
        raise LitBertError(Errors.L425.format(path=path, text=doc.text[:60]))
    return found


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items())) or "none"
