"""A BERT with one vocabulary → the same BERT with another: each new piece begins as the mean of the old pieces in it.

What a general model knows of words is carried over to a vocabulary that it was not trained with, so that a
pretraining goes on from there and does not begin at nothing.
Method: Fast Vocabulary Transfer, Gee et al. 2022, https://arxiv.org/abs/2402.09977.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..tokenization.vocabulary import CONTINUATION, SPECIAL_TOKENS, Vocabulary


@dataclass(frozen=True)
class Transfer:
    """What a new vocabulary begins with, and where it came from.

    embeddings: (pieces, hidden_size) float32. bias: (pieces,) float32, of the masked-LM head.
    n_same: pieces that are one piece in the old vocabulary; n_composed: those that are several;
    lacking: those with a character that the old vocabulary does not have, drawn at random.
    """

    embeddings: Tensor
    bias: Tensor
    n_same: int
    n_composed: int
    lacking: tuple[str, ...]


def transfer_vocabulary(
    embeddings: Tensor, bias: Tensor | None, old: Vocabulary, new: Vocabulary, *, seed: int
) -> Transfer:
    """Compose the word embeddings of ``new`` from those of ``old``.

    embeddings: (old pieces, hidden_size). bias: (old pieces,) of the masked-LM head, or None where there is none.
    seed: for the pieces that have no counterpart: their embeddings are drawn with the mean and the standard deviation
    of the old ones in each dimension, and their bias is the old ones' mean.
    """
    parts = [old_pieces(token, old) for token in new.tokens]
    counts = torch.tensor([len(ids) for ids in parts])
    table = embeddings.float()
    composed = _means(table, parts, counts)
    lacking = (counts == 0).nonzero().flatten()
    noise = torch.randn(len(lacking), table.shape[1], generator=torch.Generator().manual_seed(seed))
    composed[lacking] = table.mean(0) + table.std(0) * noise
    biases = torch.zeros(len(old)) if bias is None else bias.float()
    composed_bias = _means(biases[:, None], parts, counts).flatten()
    composed_bias[lacking] = biases.mean()
    return Transfer(
        embeddings=composed,
        bias=composed_bias,
        n_same=int((counts == 1).sum()),
        n_composed=int((counts > 1).sum()),
        lacking=tuple(new.tokens[i] for i in lacking.tolist()),
    )


def old_pieces(token: str, old: Vocabulary) -> list[int]:
    """Find the ids of the old pieces that make up a new one, the longest first; none if a character is unknown.

    The text of the new piece is first changed as the old vocabulary changes texts.
    """
    if token in SPECIAL_TOKENS:
        return [old.ids[token]]
    continues = token.startswith(CONTINUATION) and token != CONTINUATION
    # The normaliser puts blanks around Chinese characters; a piece is in one piece.
    text = "".join(old.normalize(token.removeprefix(CONTINUATION) if continues else token).split())
    ids: list[int] = []
    begin = 0
    while begin < len(text):
        for end in range(len(text), begin, -1):
            found = _id_of(text[begin:end], old, continues=continues or begin > 0)
            if found is not None:
                ids.append(found)
                begin = end
                break
        else:
            return []
    return ids


def _means(table: Tensor, parts: list[list[int]], counts: Tensor) -> Tensor:
    """Take the mean of the table's rows for each list of ids; zeros for an empty one."""
    rows = torch.repeat_interleave(torch.arange(len(parts)), counts)
    flat = torch.tensor([i for ids in parts for i in ids], dtype=torch.long)
    sums = torch.zeros(len(parts), table.shape[1]).index_add_(0, rows, table[flat])
    return sums / counts.clamp(min=1)[:, None]


def _id_of(text: str, old: Vocabulary, *, continues: bool) -> int | None:
    """Look for a piece inside a word as such first, and as the beginning of one where there is no such piece."""
    forms = (f"{CONTINUATION}{text}", text) if continues else (text, f"{CONTINUATION}{text}")
    return next((old.ids[form] for form in forms if form in old.ids), None)
