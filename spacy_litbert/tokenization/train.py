"""Train a cased WordPiece vocabulary: count words, merge pieces until there are too many, trim the idle ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, WhitespaceSplit
from tokenizers.trainers import WordPieceTrainer
from tqdm import tqdm

from ..errors import Errors, LitBertError
from .vocabulary import CONTINUATION, SPECIAL_TOKENS, Vocabulary

POOL = 2  # entries that are trained for each one that stays
TRIMS = 8  # rounds in which the others go: each sees how the words are cut after the one before
_BATCH = 100_000  # words that are cut at a time
_REPEATS = 1000  # a word's copies in one text for the trainer, which counts words itself
_CASED = BertNormalizer(strip_accents=False, lowercase=False)
_WORDS = BertPreTokenizer()


def count_words(texts: Iterable[tuple[str, int]]) -> Counter[str]:
    """Count BERT's words, which are cut at blanks, punctuation and CJK characters.

    texts: texts with their weights; a text of weight n counts n times.
    """
    counts: Counter[str] = Counter()
    for text, weight in texts:
        for word, _ in _WORDS.pre_tokenize_str(_CASED.normalize_str(text)):
            counts[word] += weight
    return counts


def train_vocabulary(
    words: Mapping[str, int],
    size: int,
    *,
    alphabet: Sequence[str] = (),
    min_frequency: int = 2,
    progress: bool = True,
) -> Vocabulary:
    """Train a vocabulary of ``size`` entries (fewer if the words hold no more).

    ``POOL`` times as many entries are merged, then those go whose absence makes the least difference: a merge
    leaves behind pieces that nothing but later merges needed. Trimming: Cognetta et al. 2024,
    https://arxiv.org/abs/2404.00397, here by the wordpieces that an entry saves instead of its frequency.

    words: from ``count_words``.
    size: entries of the vocabulary, special tokens included.
    alphabet: characters that get a place however rare they are; others must be among the ``size // 8`` most frequent.
    min_frequency: how often other characters, and pairs of pieces to be merged, must occur.
    progress: show how far the training is.

    Deterministic: the same counts give the same vocabulary.
    Raises LitBertError L105 if the special tokens and the characters leave no place for words.
    """
    characters = _alphabet(words, alphabet, size // 8, min_frequency)
    # Characters within a word come first, in order: the trainer would number them as its hash map
    # happens to hand them out, and break ties between equally frequent merges by those numbers.
    fixed = [*SPECIAL_TOKENS, *(CONTINUATION + c for c in characters if _continues_words(c))]
    if len(fixed) + len(characters) >= size:
        raise LitBertError(Errors.L105.format(size=size, n=len(fixed) + len(characters)))
    trainer = WordPieceTrainer(
        vocab_size=POOL * size,
        min_frequency=min_frequency,
        special_tokens=fixed,
        limit_alphabet=len(characters),
        initial_alphabet=characters,
        continuing_subword_prefix=CONTINUATION,
        show_progress=progress,
    )
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.train_from_iterator(_spelled_out(words), trainer)
    ids = tokenizer.get_vocab()
    pool = sorted(ids, key=lambda token: ids[token])
    return Vocabulary(tokens=tuple(_trim(pool, words, size, {*fixed, *characters}, progress)))


def _alphabet(words: Mapping[str, int], wanted: Sequence[str], limit: int, min_frequency: int) -> list[str]:
    """Return the characters that get a place, in the order of their code points."""
    counts: Counter[str] = Counter()
    for word, n in words.items():
        for character in word:
            counts[character] += n
    frequent = [c for c in sorted(counts, key=lambda c: (-counts[c], c)) if counts[c] >= min_frequency]
    return sorted({*wanted, *frequent[:limit]})


def _continues_words(character: str) -> bool:
    """Return whether it can stand inside a BERT word. Punctuation and CJK characters are words of their own."""
    return len(_WORDS.pre_tokenize_str(_CASED.normalize_str("a" + character))) == 1


def _spelled_out(words: Mapping[str, int]) -> Iterator[str]:
    for word, n in words.items():
        for start in range(0, n, _REPEATS):
            yield f"{word} " * min(_REPEATS, n - start)


def _trim(pool: list[str], words: Mapping[str, int], size: int, keep: set[str], progress: bool) -> list[str]:
    """Return the ``size`` entries of ``pool`` that save the most wordpieces; those in ``keep`` stay."""
    tokens, excess = pool, max(0, len(pool) - size)
    for left in tqdm(range(TRIMS - 1, -1, -1), "trimming the vocabulary", disable=not progress or not excess):
        vocabulary = Vocabulary(tokens=tuple(tokens))
        uses = _count_uses(vocabulary, words)
        saves = {token: uses[token] * (_pieces_without(token, vocabulary) - 1) for token in tokens if token not in keep}
        n_idle = max(0, len(tokens) - size - left * excess // TRIMS)
        idle = set(sorted(saves, key=lambda token: (saves[token], token))[:n_idle])
        tokens = [token for token in tokens if token not in idle]
    return tokens


def _count_uses(vocabulary: Vocabulary, words: Mapping[str, int]) -> Counter[str]:
    uses: Counter[str] = Counter()
    tokenizer, left = vocabulary.tokenizer(), iter(words)
    while batch := list(islice(left, _BATCH)):
        for word, encoding in zip(batch, tokenizer.encode_batch_fast(batch), strict=True):
            for i in encoding.ids:  # encode_batch_fast leaves the tokens empty
                uses[vocabulary.tokens[i]] += words[word]
    return uses


def _pieces_without(token: str, vocabulary: Vocabulary) -> int:
    """Count the entries that spell ``token``, longest first, if it is none itself. Each character is an entry."""
    continued = token.startswith(CONTINUATION)
    text = token.removeprefix(CONTINUATION)
    start = n = 0
    while start < len(text):
        prefix = CONTINUATION if continued or start else ""
        pieces = (prefix + text[start:end] for end in range(len(text), start, -1))
        piece = next(piece for piece in pieces if piece in vocabulary.ids and piece != token)
        start += len(piece) - len(prefix)
        n += 1
    return n
