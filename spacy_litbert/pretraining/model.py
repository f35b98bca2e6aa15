"""Compute the losses of rows: Hugging Face's ``BertForPreTraining`` with a forward pass for packed rows.

The weights, their names and their meaning are Hugging Face's; what differs is what is not computed:
no padding but a row's end, no attention between the examples of a row, and the vocabulary's logits
only where a piece was masked.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertForPreTraining

from ..encoder.attention import attention
from ..encoder.layers import run_layers
from ..tokenization.vocabulary import Vocabulary
from .loss import vocabulary_loss
from .masking import Masker, random_bits, random_share
from .rows import IGNORED, Rows


@dataclass
class Sums:
    """What a batch adds up to; ``Sums(*tensor)`` turns a model's output back."""

    masked_loss: float = 0.0
    n_masked: float = 0.0
    n_masked_right: float = 0.0
    next_loss: float = 0.0
    n_pairs: float = 0.0
    n_pairs_right: float = 0.0
    n_tokens: float = 0.0

    def to_list(self) -> list[float]:
        return [getattr(self, field.name) for field in fields(self)]

    def means(self) -> dict[str, float]:
        """Compute mean losses and accuracies; those of next-sentence prediction only where there were pairs."""
        means = {
            "masked_loss": self.masked_loss / max(1.0, self.n_masked),
            "masked_accuracy": self.n_masked_right / max(1.0, self.n_masked),
        }
        if self.n_pairs:
            means["next_loss"] = self.next_loss / self.n_pairs
            means["next_accuracy"] = self.n_pairs_right / self.n_pairs
        return means


_SHIFTED = 4  # a stream of random numbers, beside those of masking
N_SUMS = len(fields(Sums))


@dataclass(frozen=True)
class Geometry:
    """What follows from the special tokens of rows: (rows, length) each, the mask (rows, 1, length, length).

    position_ids: from each [CLS] on, beginning with the row's shift.
    token_type_ids: 0 up to an example's first [SEP], then 1.
    attention_mask: True where a piece may look at another one, that is within its example.
    """

    position_ids: Tensor
    token_type_ids: Tensor
    attention_mask: Tensor


class PretrainingModel(nn.Module):
    """The model, and how its rows are masked.

    shifting: let the positions of half of the rows that are shorter than the encoder reads begin later, in training.
    compiled: let torch.compile fuse the encoder; worth its minutes on a GPU only.
    """

    def __init__(
        self,
        bert: BertForPreTraining,
        vocabulary: Vocabulary,
        masker: Masker,
        *,
        pairs: bool,
        compiled: bool = False,
    ):
        super().__init__()
        self.bert = bert
        self._masker, self._pairs = masker, pairs
        self.shifting = False
        ids = vocabulary.ids
        self._pad, self._cls, self._sep = ids["[PAD]"], ids["[CLS]"], ids["[SEP]"]
        self._compiled_encode = torch.compile(encode, dynamic=False) if compiled else encode
        if not pairs:  # no gradient reaches what reads [CLS]
            assert bert.bert.pooler is not None
            for part in (bert.bert.pooler, bert.cls.seq_relationship):
                part.requires_grad_(False)

    def forward(self, ids: Tensor, firsts: Tensor, is_random: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the fields of ``Rows`` into a loss to minimise, and ``Sums`` as a tensor without gradient.

        The loss is a plain sum over the rows, scaled by constants: the same however the rows of a batch are
        spread over micro-batches and processes.
        """
        masked = self._masker(ids, keys)
        geometry = self._geometry(ids, self._shift(keys, ids.shape[1]))
        encoding = self._compiled_encode if self.training else encode
        hidden = encoding(
            self.bert.bert, masked.ids, geometry.position_ids, geometry.token_type_ids, geometry.attention_mask
        )
        masked_loss, n_right = self._masked_loss(hidden, masked.positions, masked.labels)
        loss = masked_loss / (self._masker.mlm_probability * ids.shape[1])
        n_masked, n_tokens = (masked.labels != IGNORED).sum(), (ids != self._pad).sum()
        sums = [masked_loss.detach(), n_masked, n_right]
        if self._pairs:
            next_loss, pairs_right = self._next_loss(hidden, firsts, is_random)
            loss = loss + next_loss
            sums += [next_loss.detach(), (is_random != IGNORED).sum(), pairs_right]
        else:
            sums += [torch.zeros_like(n_right)] * 3
        return loss, torch.stack([value.double() for value in (*sums, n_tokens)])

    def _shift(self, keys: Tensor, length: int) -> Tensor:
        """Draw where each row's positions begin, (rows, 1): in training, for some rows anywhere that they still fit.

        So rows of 128 train all 512 positions, which the few long rows at the end of a short run would not.
        Method: Kiyono et al. 2021 (SHAPE), https://arxiv.org/abs/2109.05644, for half of the rows.
        """
        zeros = torch.zeros_like(keys)[:, None]
        room = self.bert.config.max_position_embeddings - length
        if not (self.training and self.shifting) or room <= 0:
            return zeros
        is_shifted = random_share(keys, zeros, _SHIFTED) < 0.5
        return torch.where(is_shifted, random_bits(keys, zeros + 1, _SHIFTED) % (room + 1), zeros)

    def _geometry(self, ids: Tensor, shift: Tensor) -> Geometry:
        index = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        starts, ends = ids == self._cls, (ids == self._sep).long()
        position_ids = index - torch.where(starts, index, 0).cummax(1).values + shift
        ends_before = ends.cumsum(1) - ends
        token_type_ids = ends_before - torch.where(starts, ends_before, 0).cummax(1).values
        example = starts.long().cumsum(1) * (ids != self._pad)
        attention_mask = example[:, None, :, None] == example[:, None, None, :]
        return Geometry(position_ids, token_type_ids.clamp(max=1) * int(self._pairs), attention_mask)

    def _masked_loss(self, hidden: Tensor, positions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        head = self.bert.cls.predictions
        where = positions[..., None].expand(-1, -1, hidden.shape[-1])
        masked = head.transform(hidden.gather(1, where).flatten(0, 1))
        if torch.is_autocast_enabled(hidden.device.type):
            masked = masked.to(torch.get_autocast_dtype(hidden.device.type))
        return vocabulary_loss(masked, head.decoder.weight, head.decoder.bias, labels.flatten())

    def _next_loss(self, hidden: Tensor, firsts: Tensor, is_random: Tensor) -> tuple[Tensor, Tensor]:
        where = firsts[..., None].expand(-1, -1, hidden.shape[-1])
        assert self.bert.bert.pooler is not None
        pooled = self.bert.bert.pooler(hidden.gather(1, where).flatten(0, 1)[:, None])
        logits = self.bert.cls.seq_relationship(pooled).float()
        labels = is_random.flatten()
        loss = functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")
        return loss, (logits.argmax(1) == labels).sum()


def losses(model: nn.Module, rows: Rows) -> tuple[Tensor, Tensor]:
    """Call the model, or what is wrapped around it, with a batch."""
    loss_and_sums: tuple[Tensor, Tensor] = model(rows.ids, rows.firsts, rows.is_random, rows.keys)
    return loss_and_sums


def encode(bert: Any, ids: Tensor, position_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Compute the last hidden states of rows: (rows, length, hidden_size). Arguments: see ``Geometry``."""
    hidden = bert.embeddings(input_ids=ids, token_type_ids=token_type_ids, position_ids=position_ids)
    return run_layers(bert, hidden, partial(_attend, attention_mask))


def _attend(
    attention_mask: Tensor, query: Tensor, key: Tensor, value: Tensor, num_attention_heads: int, dropout: float
) -> Tensor:
    """Compute self-attention within each example of a row."""
    query, key, value = (part.unflatten(-1, (num_attention_heads, -1)).transpose(1, 2) for part in (query, key, value))
    context = attention(query, key, value, attention_mask=attention_mask, dropout=dropout)
    return context.transpose(1, 2).flatten(-2)
