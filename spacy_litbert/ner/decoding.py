"""Find the best mentions of each label from the scores of tags: Viterbi over all tokens and labels at once.

A label has five tags: outside (O), begins (B), inside (I) and ends (E) of a mention of several tokens, and single (S),
a mention of one (Ratinov and Roth 2009, BILOU). Behind a token a mention is open, after B and I, or none is, after the
others; I and E follow where one is open, O, B and S where none is, and at the end of a Doc none is. So the best path up
to a token is known by one number, by how much the best one that leaves a mention open beats the best one that does not.
With ``o`` for the better one of O and S, that advantage is

    d[t] = max(b[t], i[t] + d[t - 1]) - max(o[t], e[t] + d[t - 1])

This is a function ``x -> max(low, min(high, ± x + step))`` of the one before; two in a row are one of the same kind.
Parallel prefix computation (Hillis and Steele 1986) therefore gives all advantages in at most log2(tokens of the
longest Doc) passes over arrays, and a token is done as soon as its function is constant, low = high, which most are
after a few passes. The first token of a Doc is constant from the start, so Docs simply lie end to end.

A model with three tags, O, B and I, has the same best mentions when E scores what I does, and S what B does.
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

OUTSIDE, BEGINS, INSIDE, ENDS, SINGLE = range(5)
# Which of its scores a model has for each of these, by how many there are: with three E is an I, and S a B.
SCORE_OF = {3: (OUTSIDE, BEGINS, INSIDE, INSIDE, BEGINS), 5: (OUTSIDE, BEGINS, INSIDE, ENDS, SINGLE)}


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

    scores: (tokens, labels, 3 or 5) of all Docs end to end, of numpy or CuPy, where the work is done.
    lengths: (docs,) tokens of each Doc, on the CPU.
    never_begins: (tokens,) tokens that no mention begins with, on the CPU.
    """
    xp: Any = get_array_module(scores)
    n_tokens = len(scores)
    if n_tokens == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Mentions(nothing, nothing, nothing)
    first = xp.asarray(starts_of(lengths)[:-1][lengths > 0])
    by_score = xp.transpose(scores, (2, 1, 0))
    outside, begin, inside, end, single = (by_score[index].copy() for index in SCORE_OF[len(by_score)])
    begin[:, xp.asarray(never_begins)] = -xp.inf
    single[:, xp.asarray(never_begins)] = -xp.inf
    closed = xp.maximum(outside, single)
    advantage = _advantage(xp, closed, begin, inside, end, first)
    # Whether a mention is open before a token: if one is open behind it, and if none is.
    before = xp.full_like(advantage, -xp.inf)
    before[:, 1:] = advantage[:, :-1]
    before[:, first] = -xp.inf
    if_open, if_closed = inside + before > begin, end + before > closed
    is_open = _trace(xp, if_open.ravel(), if_closed.ravel()).reshape(if_open.shape)
    was_open = xp.where(is_open, if_open, if_closed)
    within = is_open | was_open | (single > outside)
    starts = to_numpy(xp.flatnonzero(within & ~was_open))
    stops = to_numpy(xp.flatnonzero(within & ~is_open))
    return Mentions(starts // n_tokens, starts % n_tokens, stops % n_tokens + 1)


def _advantage(xp: Any, closed: Any, begin: Any, inside: Any, end: Any, first: Any) -> Any:
    """Return d, (labels, tokens)."""
    least, most = begin - closed, inside - end  # for an advantage of minus and of plus infinity
    most[:, first] = least[:, first]
    rises = least <= most
    low, high = xp.minimum(least, most).ravel(), xp.maximum(least, most).ravel()
    sign = xp.where(rises, 1, -1).astype(low.dtype).ravel()
    step = xp.where(rises, inside - closed, begin - end).ravel()
    todo, stride = xp.flatnonzero(low < high), 1
    while len(todo):
        before = todo - stride  # in the same Doc and label: their first token is done
        signs, steps, bottom, top = sign[todo], step[todo], low[todo], high[todo]
        one, other = (xp.minimum(xp.maximum(signs * values[before] + steps, bottom), top) for values in (low, high))
        lowest, highest = xp.minimum(one, other), xp.maximum(one, other)
        steps += signs * step[before]
        signs = signs * sign[before]
        low[todo], high[todo], step[todo], sign[todo] = lowest, highest, steps, signs
        todo, stride = todo[lowest < highest], 2 * stride
    return low.reshape(closed.shape)


def _trace(xp: Any, if_open: Any, if_closed: Any) -> Any:
    """Follow the best paths back; return whether a mention is open behind each token, all (labels * tokens,) booleans.

    Where both agree, it is known of the token before. From there back it stays as it is, or changes wherever a mention
    is open before a token just if none is open behind it.
    """
    known = if_open == if_closed
    changes = xp.cumsum(~known & if_closed)
    # The next token that says what is open before it; none is open at the end, as there is none before a first token.
    following = xp.append(xp.flatnonzero(known), len(known))[xp.cumsum(known)]
    says = xp.append(if_open, False)[following]
    odd = (xp.append(changes, changes[-1:])[following] - changes) % 2 == 1
    return says ^ odd


@dataclass(frozen=True)
class Evidence:
    """The scores that speak for mentions, on the CPU: those of their tokens, end to end, and of the token after each.

    rows: (tokens of mentions, 3 or 5). lengths: (mentions,). after: (mentions, 3 or 5); at the end of a Doc I is
        impossible.
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
    as the loss takes them: of S for its only token, or of B for the first, E for the last and I for the others. Where
    three scores do not say where a mention ends, that of not I for the token after it says so.
    """
    if not len(evidence.lengths):
        return np.zeros(0)
    log_p = _log_softmax(evidence.rows / np.repeat(temperatures, evidence.lengths)[:, None])
    firsts = starts_of(evidence.lengths)[:-1]
    lasts = firsts + evidence.lengths - 1
    tags = np.full(len(log_p), INSIDE)
    tags[firsts], tags[lasts] = BEGINS, ENDS
    tags[firsts[firsts == lasts]] = SINGLE
    of_model = SCORE_OF[log_p.shape[1]]
    log_together = np.add.reduceat(log_p[np.arange(len(tags)), np.array(of_model)[tags]], firsts)
    if ENDS not in of_model:
        after = _log_softmax(evidence.after / temperatures[:, None])
        log_together += np.logaddexp(after[:, OUTSIDE], after[:, BEGINS])
    together: FloatArray = np.exp(np.minimum(log_together, 0.0))
    return together


def _log_softmax(scores: FloatArray) -> FloatArray:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p
