"""Embeddings for another vocabulary: which old pieces a new one is made of, and the exact means."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_litbert.pretraining.transfer import old_pieces, transfer_vocabulary
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

# Uncased, as BERT's: lower-cased, without accents.
OLD = Vocabulary(
    (
        *SPECIAL_TOKENS,
        "a",
        "b",
        "c",
        "##a",
        "##b",
        "##c",
        "ab",
        "##bc",
        "interleukin",
        "中",
        "##-",
        "[",
        "]",
        "##unused",
    ),
    lowercase=True,
)


@pytest.mark.parametrize(
    ("token", "pieces"),
    [
        ("ab", ["ab"]),
        ("AB", ["ab"]),
        ("Ábc", ["ab", "##c"]),  # the longest first, without accents
        ("##bc", ["##bc"]),
        ("##ca", ["##c", "##a"]),  # a piece inside a word is made of such pieces
        ("##ab", ["ab"]),  # where there is none as long, of the beginning of a word
        ("-", ["##-"]),  # and the other way round
        ("##中", ["中"]),  # the normaliser puts blanks around it
        ("Interleukinbc", ["interleukin", "##bc"]),
        ("abω", []),
        ("##\u0301", []),  # an accent alone: nothing is left of it
        ("[MASK]", ["[MASK]"]),
        ("[UNK]", ["[UNK]"]),
        ("[ab]", ["[", "ab", "]"]),
    ],
)
def test_the_old_pieces_of_a_new_one(token: str, pieces: list[str]) -> None:
    assert [OLD.tokens[i] for i in old_pieces(token, OLD)] == pieces


def test_embeddings_and_biases_are_exact_means() -> None:
    new = Vocabulary((*SPECIAL_TOKENS[::-1], "AB", "abc", "##bca", "ω", "##ω"))
    embeddings = torch.randn(len(OLD), 3, generator=torch.Generator().manual_seed(1))
    bias = torch.arange(len(OLD)).float()
    done = transfer_vocabulary(embeddings, bias, OLD, new, seed=5)
    ids, row = OLD.ids, dict(zip(new.tokens, done.embeddings))
    for token in SPECIAL_TOKENS:
        assert torch.equal(row[token], embeddings[ids[token]])
    assert torch.equal(row["AB"], embeddings[ids["ab"]])
    assert torch.equal(row["abc"], (embeddings[ids["ab"]] + embeddings[ids["##c"]]) / 2)
    assert torch.equal(row["##bca"], (embeddings[ids["##bc"]] + embeddings[ids["##a"]]) / 2)
    biases = dict(zip(new.tokens, done.bias.tolist()))
    assert biases["abc"] == (ids["ab"] + ids["##c"]) / 2
    assert biases["[MASK]"] == ids["[MASK]"]
    assert biases["ω"] == bias.mean()
    assert (done.n_same, done.n_composed, done.lacking) == (6, 2, ("ω", "##ω"))


def test_what_is_lacking_is_drawn_by_the_seed_like_the_rest() -> None:
    new = Vocabulary((*SPECIAL_TOKENS, *map(chr, range(0x4E8C, 0x4E8C + 2000))))
    embeddings = torch.randn(len(OLD), 4, generator=torch.Generator().manual_seed(1)) * 3 + 7
    one, same, other = (transfer_vocabulary(embeddings, None, OLD, new, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.embeddings, same.embeddings)
    assert not torch.equal(one.embeddings, other.embeddings)
    assert not one.bias.any()
    drawn = one.embeddings[len(SPECIAL_TOKENS) :]
    assert len(one.lacking) > 1900
    torch.testing.assert_close(drawn.mean(0), embeddings.mean(0), atol=0.3, rtol=0)
    torch.testing.assert_close(drawn.std(0), embeddings.std(0), atol=0.3, rtol=0)


@settings(max_examples=200, deadline=None)
@given(st.text("abcABCÁ中-[]ω \u0301", max_size=12), st.sampled_from(["", "##"]))
def test_any_piece_is_spelled_or_lacking(text: str, prefix: str) -> None:
    pieces = old_pieces(prefix + text, OLD)
    wanted = "".join(OLD.normalize(text if text else prefix).split())
    assert not pieces or "".join(OLD.tokens[i].removeprefix("##") for i in pieces) == wanted


def test_the_same_vocabulary_gives_the_same_embeddings() -> None:
    embeddings = torch.randn(len(OLD), 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(transfer_vocabulary(embeddings, None, OLD, OLD, seed=0).embeddings, embeddings)
