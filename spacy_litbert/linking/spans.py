"""Lists of candidates for spans of Docs: what a linker makes of a Doc before its ranker scores anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from spacy.tokens import Doc, Span
from spacy.training import Example
from tqdm import tqdm

from .abbreviations import long_forms_of
from .candidates import CandidateGenerator, Mention
from .context import context_of
from .gold import MakeLists, gold_lists
from .knowledge_base import KnowledgeBase
from .lists import Listed, ListMaker
from .memory import MentionMemory
from .nearest import EncodesNames, Near, NearestNames

_EXAMPLES = 64  # whose mentions are encoded together
_DOCS = 64  # as many Docs, and names at a time whose candidates are looked up together
_NAMES = 256

Mentions = dict[tuple[str, str], Mention]  # of a Doc, by text and label
# Reads the lists of an example, which the given function makes.
ListsOf = Callable[[Example, KnowledgeBase, MakeLists], Iterator[Listed]]


class SpanLister:
    """Makes the lists of spans of Docs.

    k: as for ``CandidateGenerator``.
    types_of: gives the types of concepts that a label allows; None for all.
    encoder: what made the knowledge base's vectors; None to do without.
    use_context: let it read what stands around names that several concepts share.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        memory: MentionMemory,
        k: int,
        types_of: Callable[[str], frozenset[str] | None],
        *,
        encoder: EncodesNames | None,
        use_context: bool,
    ) -> None:
        self._types_of = types_of
        self.use_context = use_context and encoder is not None
        self._nearest = None if encoder is None else NearestNames(kb, encoder, k)
        self.kb = kb
        self._generate = CandidateGenerator(kb, memory, k)
        self._make = ListMaker(self._generate, with_vectors=encoder is not None)

    def lists(self, spans: Sequence[tuple[Doc, Sequence[Span]]]) -> Iterator[list[Listed]]:
        """Yield the lists of each Doc's spans, as ``prepare`` says; what names have of their own is made together."""
        for start in range(0, len(spans), _DOCS):
            some = spans[start : start + _DOCS]
            mentions, near = self._prepare(some)
            distinct = list(dict.fromkeys(mention for of_doc in mentions.values() for mention in of_doc.values()))
            names: dict[Mention, Listed] = {}
            for first in range(0, len(distinct), _NAMES):
                names |= self._make.of_names(distinct[first : first + _NAMES], None, near)
            for doc, of_doc in some:
                yield self._make([mentions[doc][span.text, span.label_] for span in of_doc], names, near)

    def prepare(self, spans: Sequence[tuple[Doc, Sequence[Span]]]) -> MakeLists:
        """Encode all that is to be encoded of spans of Docs together; return what makes the lists of any of them.

        Spans of a Doc that are written alike and have the same label share a list, with the context of the first.
        """
        return partial(self._list, *self._prepare(spans))

    def of_examples(
        self, examples: Sequence[Example], lists_of: ListsOf = gold_lists, *, progress: bool = False
    ) -> Iterator[Listed]:
        """Yield the lists of examples."""
        with tqdm(total=len(examples), desc="candidates", disable=not progress, unit=" texts") as bar:
            for start in range(0, len(examples), _EXAMPLES):
                some = examples[start : start + _EXAMPLES]
                make = self.prepare([(doc, doc.ents) for one in some for doc in (one.reference, one.predicted)])
                for example in some:
                    yield from lists_of(example, self.kb, make)
                    bar.update()

    def _prepare(self, spans: Sequence[tuple[Doc, Sequence[Span]]]) -> tuple[Mapping[Doc, Mentions], Near]:
        mentions = {doc: self._mentions(doc, some) for doc, some in spans}
        distinct = [mention for of_doc in mentions.values() for mention in of_doc.values()]
        return mentions, Near() if self._nearest is None else self._nearest(distinct)

    def _list(
        self, mentions: Mapping[Doc, Mentions], near: Near, doc: Doc, spans: Sequence[Span], without: int | None
    ) -> list[Listed]:
        wanted = [mentions[doc][span.text, span.label_] for span in spans]
        return self._make(wanted, self._make.of_names(wanted, without, near), near)

    def _mentions(self, doc: Doc, spans: Sequence[Span]) -> Mentions:
        text = ""
        found: Mentions = {}
        for span, long_form in zip(spans, long_forms_of(doc, spans)):
            name = span.text, span.label_
            if name not in found:
                mention = Mention(span.text, long_form, self._types_of(span.label_))
                if self.use_context and self._generate.is_ambiguous(mention):
                    text = text or doc.text  # put together anew each time it is asked for
                    mention = mention.in_context(context_of(text, span.start_char, span.end_char))
                found[name] = mention
        return found
