"""Documents for property tests: any text, with mentions that mark words in it."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Document, Mention, Passage

# A loaded machine is no reason to fail, and a file in `tmp_path` may be written over by each example.
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
IDS = st.text(min_size=1, max_size=8)
LABELS = ("Chemical", "Disease", "Gene or protein")


@st.composite
def documents(draw: st.DrawFn, ids: st.SearchStrategy[str] = IDS) -> Document:
    text = draw(st.text(max_size=60))
    places = [m.span() for m in re.finditer(r"\S+", text)]
    mentions = set()
    for _ in range(draw(st.integers(0, 4)) if places else 0):
        first, last = sorted((draw(st.sampled_from(places)), draw(st.sampled_from(places))))
        mentions.add(Mention(first[0], last[1], draw(st.sampled_from(LABELS))))
    return Document(draw(ids), text, tuple(sorted(mentions)))


# Beyond the Basic Multilingual Plane, decomposed, right to left, and what formats live on.
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(["𝛼-blocker", "e\u0301pilepsie", "👩🏽‍⚕️", "IL-2", "<b>&amp;", "]]>", "a|t|b", "שלום", "#",
                         "-DOCSTART-", " ", "  ", "\n", "\r\n", "\r", "\t", "\u2028", "\x85", "\x0b", "\ufeff",
                         "\x00", "\ufffe", '"', "\\"]),
        max_size=12,
    ).map("".join),
)  # fmt: skip
CONCEPTS = st.one_of(st.sampled_from(["", "MESH:D003000", "D015738|D1", "-1", "concept:x", ":", "a:"]), IDS)
CONFIDENCES = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def known_documents(draw: st.DrawFn) -> Document:
    """Documents with all that may be known: concept ids, confidence, passages."""
    text = draw(TEXTS)
    places = [m.span() for m in re.finditer(r"\S+", text)]
    mentions = {}
    for _ in range(draw(st.integers(0, 3)) if places else 0):
        first, last = sorted((draw(st.sampled_from(places)), draw(st.sampled_from(places))))
        label = draw(st.sampled_from(LABELS) | st.text(min_size=1, max_size=4))
        mentions[first[0], last[1], label] = Mention(first[0], last[1], label, draw(CONCEPTS), draw(CONFIDENCES))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    passages = [
        Passage(i, j - (text[j - 1 : j] == " " and j > i), "title" if not i else "x") for i, j in pairwise(cuts)
    ]
    ids = st.sampled_from(["1", "PMC7", "doi:10.1/x", "𝛼", " ", "a.txt", "a b"]) | IDS
    return Document(draw(ids), text, tuple(sorted(mentions.values())), tuple(passages))
