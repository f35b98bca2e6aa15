"""Find the best mentions of each label from the scores of tags: Viterbi over all tokens and labels at once.

A label has three tags, outside (O), begins (B) and inside (I), and one rule: I does not follow O or the start of a Doc.
So the best path up to a token is known by one number, by how much the best one that ends with B or I beats the best
one that ends with O. With ``b`` and ``i`` for what B and I score above O, that advantage is

    d[t] = max(b[t], i[t] + min(d[t - 1], 0))

This is a function ``x -> max(low, min(high, x + step))`` of the one before; two in a row are one of the same kind.
Parallel prefix computation (Hillis and Steele 1986) therefore gives all advantages in at most log2(tokens of the
longest Doc) passes over arrays, and a token is done as soon as its function is constant, low = high, which most are
after a few passes. The first token of a Doc is constant from the start, so Docs simply lie end to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from thinc.api import get_array_module
from thinc.types import Floats3d
from thinc.util import to_numpy

from ..ragged import indices_of, starts_of
from ..types import BoolArray, FloatArray, IntArray

N_TAGS = 3
OUTSIDE, BEGINS, INSIDE = range(N_TAGS)


@dataclass(frozen=True)
class Mentions:
    """Mentions in texts that lie end to end, by label and then by place: tokens ``starts[i] … ends[i] - 1``."""

    labels: IntArray
    starts: IntArray
    ends: IntArray

    def __len__(self) -> int:
        return len(self.labels)


def decode(scores: Floats3d, lengths: IntArray, never_begins: BoolArray) -> Mentions:
    """Return the mentions of the best sequence of tags for each label and Doc.

    scores: (tokens, labels, 3) of all Docs end to end, of numpy or CuPy, where the work is done.
    lengths: (docs,) tokens of each Doc, on the CPU.
    never_begins: (tokens,) tokens that no mention begins with, on the CPU.
    """
    xp: Any = get_array_module(scores)
    n_tokens = len(scores)
    if n_tokens == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Mentions(nothing, nothing, nothing)
    first = xp.asarray(starts_of(lengths)[:-1][lengths > 0])
    by_label = xp.ascontiguousarray(xp.transpose(scores, (2, 1, 0)))
    begin, inside = (by_label[tag] - by_label[OUTSIDE] for tag in (BEGINS, INSIDE))
    begin[:, xp.asarray(never_begins)] = -xp.inf
    advantage = _advantage(xp, begin, inside, first)
    starts, stops = (to_numpy(where) for where in _trace(xp, begin, inside, advantage, first))
    return Mentions(starts // n_tokens, starts % n_tokens, stops % n_tokens + 1)


def _advantage(xp: Any, begin: Any, inside: Any, first: Any) -> Any:
    """Return d, (labels, tokens)."""
    high = xp.maximum(begin, inside)
    high[:, first] = begin[:, first]
    shape = begin.shape
    low, high, step = begin.ravel().copy(), high.ravel(), inside.ravel().copy()
    todo, stride = xp.flatnonzero(low < high), 1
    while len(todo):
        before = todo - stride  # in the same Doc and label: their first token is done
        steps, least, most = step[todo], low[todo], high[todo]
        lowest = xp.minimum(xp.maximum(low[before] + steps, least), most)
        highest = xp.minimum(xp.maximum(high[before] + steps, least), most)
        steps += step[before]
        low[todo], high[todo], step[todo] = lowest, highest, steps
        todo, stride = todo[lowest < highest], 2 * stride
    return low.reshape(shape)


def _trace(xp: Any, begin: Any, inside: Any, advantage: Any, first: Any) -> tuple[Any, Any]:
    """Follow the best paths back; return the first and the last tokens of mentions as indices into (labels * tokens).

    Where a token is within a mention, its tag is B or I, whichever is better. Whether it is within one is said by
    its own advantage, unless a later token is I and needs it to be. Tokens from a B to before the next one form a
    run, in which a token is within a mention if it or a later one of the run is so by its advantage.
    """
    before = xp.zeros_like(advantage)
    before[:, 1:] = xp.minimum(advantage[:, :-1], 0)
    goes_on = inside + before > begin
    goes_on[:, first] = False
    goes_on, ahead = goes_on.ravel(), (advantage > 0).ravel()
    runs = xp.flatnonzero(~goes_on)
    last = xp.append(runs[1:], len(goes_on)) - 1
    run = xp.cumsum(~goes_on) - 1
    so_far = xp.cumsum(ahead)
    within = ahead | (so_far[last[run]] > so_far)
    continued = within & goes_on
    stops = within.copy()
    stops[:-1] &= ~continued[1:]
    return xp.flatnonzero(within & ~goes_on), xp.flatnonzero(stops)


@dataclass(frozen=True)
class Evidence:
    """The scores that speak for mentions, on the CPU: those of their tokens, end to end, and of the token after each.

    rows: (tokens of mentions, 3). lengths: (mentions,). after: (mentions, 3); at the end of a Doc I is impossible.
    """

    rows: FloatArray
    lengths: IntArray
    after: FloatArray


def gather(scores: Floats3d, lengths: IntArray, mentions: Mentions) -> Evidence:
    """Take what ``confidence`` needs out of the scores that mentions were decoded from; shapes as of ``decode``."""
    xp: Any = get_array_module(scores)
    n_tokens = mentions.ends - mentions.starts
    tokens = indices_of(mentions.starts, n_tokens)
    rows = scores[xp.asarray(tokens), xp.asarray(np.repeat(mentions.labels, n_tokens))]
    ends = starts_of(lengths)[1:]
    at_end = np.isin(mentions.ends, ends)
    following = np.minimum(mentions.ends, max(len(scores) - 1, 0))
    after = to_numpy(scores[xp.asarray(following), xp.asarray(mentions.labels)]).astype(np.float64)
    after[at_end, INSIDE] = -np.inf
    return Evidence(to_numpy(rows).astype(np.float64), n_tokens, after)


def confidence(evidence: Evidence, temperatures: FloatArray) -> FloatArray:
    """Return the probability of each mention, (mentions,) float64 in [0, 1].

    temperatures: (mentions,) what each mention's scores are divided by (temperature scaling, Guo et al. 2017).

    It is the probability that a mention is there with exactly these tokens, where tags are independent given the text,
    as the loss takes them: of B for the first token, of I for the others, and of not I for the one after them.
    """
    if not len(evidence.lengths):
        return np.zeros(0)
    log_p = _log_softmax(evidence.rows / np.repeat(temperatures, evidence.lengths)[:, None])
    heads = starts_of(evidence.lengths)[:-1]
    tagged = log_p[:, INSIDE].copy()
    tagged[heads] = log_p[heads, BEGINS]
    after = _log_softmax(evidence.after / temperatures[:, None])
    stops = np.logaddexp(after[:, OUTSIDE], after[:, BEGINS])
    together: FloatArray = np.exp(np.minimum(np.add.reduceat(tagged, heads) + stops, 0.0))
    return together


def _log_softmax(scores: FloatArray) -> FloatArray:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p
