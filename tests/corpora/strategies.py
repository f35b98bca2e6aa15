"""Documents for property tests: any text, with mentions that mark words in it."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from spacy_litbert.corpora.document import Document, Mention

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
