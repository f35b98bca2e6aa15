from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.document import Document, Mention

from .strategies import RELAXED, documents

ONE = Document("1", "Zinomycin caused fits.", (Mention(0, 9, "Chemical"), Mention(17, 21, "Disease")))
TWO = Document("2", "Nothing.", ())


def test_the_digest_of_these_documents_stays_what_it_is() -> None:
    # On record in projects/ner/corpora.json: a change here makes those useless.
    assert content_digest([ONE, TWO]) == "aa8cd17daeecfd67bd1343f5027066640ccea8953261643b408c4aca61d040cf"


@RELAXED
@given(st.lists(documents(), max_size=4), st.randoms())
def test_order_does_not_count(given_documents: list[Document], random: Random) -> None:
    shuffled = [replace(d, entities=tuple(reversed(d.entities))) for d in given_documents]
    random.shuffle(shuffled)
    assert content_digest(shuffled) == content_digest(given_documents)


def test_everything_else_counts() -> None:
    others = [
        [ONE],
        [ONE, TWO, TWO],
        [ONE, replace(TWO, id="3")],
        [ONE, replace(TWO, text="Nothing!")],
        [replace(ONE, entities=ONE.entities[:1]), TWO],
        [replace(ONE, entities=(Mention(0, 9, "Drug"), ONE.entities[1])), TWO],
        [replace(ONE, entities=(Mention(0, 8, "Chemical"), ONE.entities[1])), TWO],
    ]
    digests = {content_digest(documents) for documents in [[ONE, TWO], *others]}
    assert len(digests) == len(others) + 1
