from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from spacy_litbert.pretraining import loss
from spacy_litbert.pretraining.rows import IGNORED


@pytest.fixture
def parts() -> list[torch.Tensor]:
    torch.manual_seed(0)
    hidden, weight, bias = torch.randn(50, 16), torch.randn(300, 16), torch.randn(300)
    return [part.requires_grad_() for part in (hidden, weight, bias)]


def test_is_cross_entropy_in_any_pieces(parts: list[torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.randint(0, 300, (50,))
    labels[::7] = IGNORED
    hidden, weight, bias = parts
    logits = hidden @ weight.T + bias
    expected = functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")
    expected_gradients = torch.autograd.grad(expected * 0.5, parts)
    for most in (1, 300 * 8, 1 << 20):
        monkeypatch.setitem(loss._MOST_LOGITS, "cpu", most)
        found, n_right = loss.vocabulary_loss(hidden, weight, bias, labels)
        torch.testing.assert_close(found, expected)
        assert n_right == (logits.argmax(1) == labels).sum()
        for gradient, wanted in zip(torch.autograd.grad(found * 0.5, parts), expected_gradients):
            torch.testing.assert_close(gradient, wanted)
        with torch.no_grad():
            torch.testing.assert_close(loss.vocabulary_loss(hidden, weight, bias, labels)[0], expected)


def test_sure_guesses_stay_finite(parts: list[torch.Tensor]) -> None:
    hidden, weight, bias = (part.detach() * 100 for part in parts)
    found, _ = loss.vocabulary_loss(hidden, weight, bias, torch.zeros(50, dtype=torch.long))
    logits = hidden @ weight.T + bias
    torch.testing.assert_close(found, functional.cross_entropy(logits, torch.zeros(50).long(), reduction="sum"))
