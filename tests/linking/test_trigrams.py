"""The search for similar forms, with pruning, finds what comparing all of them finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.linking import trigrams
from spacy_litbert.linking.trigrams import TrigramIndex, make_trigrams, trigram_codes, write_trigrams

FORMS = st.lists(st.text("abcd é", min_size=1, max_size=12), min_size=1, max_size=40, unique=True)


def by_comparing_all(forms: list[str], query: str, k: int, allowed: list[bool]) -> list[tuple[int, float]]:
    sets = [set(trigram_codes(form).tolist()) for form in forms]
    n_with: dict[int, int] = {}
    for codes in sets:
        for code in codes:
            n_with[code] = n_with.get(code, 0) + 1

    def squares(codes: set[int]) -> float:
        return sum((np.log((1 + len(forms)) / (1 + n_with.get(code, 0))) + 1) ** 2 for code in codes)

    wanted = set(trigram_codes(query).tolist())
    cosines = [squares(wanted & codes) / np.sqrt(squares(wanted) * squares(codes)) for codes in sets]
    found = [(i, round(cosine, 5)) for i, cosine in enumerate(cosines) if cosine > 0 and allowed[i]]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


@pytest.mark.parametrize("look", [0, 20, 10**9], ids=["always looks", "looks at times", "never looks"])
@pytest.mark.parametrize("few", [0, 10**9], ids=["rules out to the end", "compares at once"])
@pytest.mark.parametrize("together", [0, 10**9], ids=["by terms", "all at once"])
@given(FORMS, st.text("abcd é", min_size=1, max_size=12), st.integers(1, 8), st.data())
@settings(max_examples=60)
def test_the_best_are_those_of_comparing_all(
    together: int, look: int, few: int, forms: list[str], query: str, k: int, data: st.DataObject
) -> None:
    allowed = data.draw(st.lists(st.booleans(), min_size=len(forms), max_size=len(forms)))
    index = make_trigrams(forms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trigrams, "_ALL", together)
        patch.setattr(trigrams, "_LOOK", look)
        patch.setattr(trigrams, "_FEW", few)
        numbers, cosines = index.search(query, k, index.in_places(np.array(allowed)))
        of_part = index.part(index.in_places(np.array(allowed))).search(query, k)
    assert [found.tolist() for found in of_part] == [numbers.tolist(), cosines.tolist()]
    expected = by_comparing_all(forms, query, len(forms), allowed)
    assert np.allclose(cosines, [cosine for _, cosine in expected[:k]], atol=2e-5)
    scores = dict(expected)
    assert np.allclose(cosines, [scores[i] for i in numbers.tolist()], atol=2e-5)
    assert (numbers.tolist(), cosines.tolist()) == by_comparing_with(index, forms, query, k, np.array(allowed))


def by_comparing_with(
    index: TrigramIndex, forms: list[str], query: str, k: int, allowed: np.ndarray
) -> tuple[list[int], list[float]]:
    cosines = index.cosines([query], np.arange(len(allowed)), np.zeros(len(allowed), np.int64), forms)
    found = np.flatnonzero(allowed & (cosines > 0))
    order = np.lexsort((found, -cosines[found]))[:k]
    return found[order].tolist(), cosines[found[order]].tolist()


@pytest.mark.parametrize("look", [0, 100, 1000])
def test_of_many_forms_the_same_are_found_as_by_comparing_all(look: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigrams, "_LOOK", look)
    monkeypatch.setattr(trigrams, "_ALL", 0)
    generator = np.random.default_rng(look)
    words = ["".join(generator.choice(list("aeiorstnl"), generator.integers(2, 9))) for _ in range(400)]
    forms = sorted({" ".join(generator.choice(words, generator.integers(1, 6))) for _ in range(5000)})
    index = make_trigrams(forms)
    allowed = generator.random(len(forms)) < 0.5
    for query in (*forms[::500], *(f"{form[3:]} {word}" for form, word in zip(forms[::400], words)), "ae", "tion"):
        for k in (1, 20):
            for which in (allowed, np.ones_like(allowed)):
                numbers, cosines = index.search(query, k, index.in_places(which))
                assert (numbers.tolist(), cosines.tolist()) == by_comparing_with(index, forms, query, k, which)


@given(FORMS, st.lists(st.text("abcd é", min_size=1, max_size=12), min_size=1, max_size=6), st.data())
def test_names_are_compared_together_as_one_by_one(forms: list[str], queries: list[str], data: st.DataObject) -> None:
    index = make_trigrams(forms)
    pairs = data.draw(st.lists(st.tuples(st.integers(0, len(queries) - 1), st.integers(0, len(forms) - 1))))
    owners, numbers = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    together = index.cosines(queries, numbers, owners, forms).tolist()
    assert together == [
        index.cosines([queries[owner]], np.array([number]), np.array([0]), forms)[0] for owner, number in sorted(pairs)
    ]


def test_ties_go_by_number() -> None:
    numbers, cosines = make_trigrams(["xab", "xcd", "xab y", "zzz"]).search("x", 4)
    assert numbers.tolist() == sorted(numbers.tolist(), key=lambda i: (-cosines[numbers.tolist().index(i)], i))


def test_forms_of_several_chunks_and_the_file_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = [f"name {i} of {i % 7}" for i in range(50)]
    whole = make_trigrams(forms)
    monkeypatch.setattr(trigrams, "_CHUNK", 7)
    write_trigrams(tmp_path, forms)
    opened = TrigramIndex.open(tmp_path)
    for query in ("name 3", "of 5", "nothing", "q"):
        assert [part.tolist() for part in opened.search(query, 5)] == [part.tolist() for part in whole.search(query, 5)]


def test_a_query_of_unknown_trigrams_finds_nothing() -> None:
    numbers, cosines = make_trigrams(["abc"]).search("xyz", 3)
    assert len(numbers) == len(cosines) == 0
