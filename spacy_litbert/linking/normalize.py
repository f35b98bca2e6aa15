"""Names as they are compared: three forms, each more forgiving than the one before.

``fold`` drops case, accents and punctuation; ``normal`` also plural, British spelling, Greek letters and what separates
letters from digits; ``bag`` also the order of words, small words, and words that vocabularies prefer to others.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_POSSESSIVE = re.compile(r"['’`]s\b")
_APOSTROPHES = str.maketrans("´ʼ", "''")  # the one would fall apart, the other is a letter
_BETWEEN_WORDS = re.compile(r"(?:[^\w+]|_)+")
_DIGIT = re.compile(r"\d")
_LETTERS_AND_DIGITS = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
    psi omega
"""
_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES.split()))
_GREEK_LETTER = re.compile(f"[{''.join(_GREEK)}]")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_ROMAN_AFTER_KIND = {"i": "1", "v": "5", "x": "10", **_ROMAN}
_KINDS = frozenset(("type", "stage", "grade", "class", "factor", "group", "phase"))
SMALL_WORDS = frozenset(("of", "the", "in", "and", "with", "by", "to", "for", "a", "an", "on", "from"))
# What authors write, and what MeSH and others have in names instead.
_PREFERRED = {
    "cancer": "neoplasm",
    "carcinoma": "neoplasm",
    "adenocarcinoma": "neoplasm",
    "tumor": "neoplasm",
    "malignancy": "neoplasm",
    "disorder": "disease",
    "illness": "disease",
    "inherited": "hereditary",
    "familial": "hereditary",
    "renal": "kidney",
    "hepatic": "liver",
    "cardiac": "heart",
    "pulmonary": "lung",
    "cerebral": "brain",
    "gastric": "stomach",
    "ovary": "ovarian",
    "prostate": "prostatic",
    "mammary": "breast",
    "ocular": "eye",
    "cutaneous": "skin",
}
_BRITISH = (
    (re.compile(r"[ao]e"), "e"),
    (re.compile(r"sulph"), "sulf"),
    (re.compile(r"(?<=\w\w\w)our(?=$|s$|al$|ed$)"), "or"),
    (re.compile(r"(?<=\w\w\w)is(?=e$|ed$|er$|es$|ing$|ation$|ations$)"), "iz"),
    (re.compile(r"lys(?=e$|ed$|er$|ing$)"), "lyz"),
    (re.compile(r"(?<=cen)tre|(?<=fi)bre"), lambda m: m[0][:-2] + "er"),
)
_PLURALS = (
    (re.compile(r"(?<=\w\w)ies$"), "y"),
    (re.compile(r"(?<=\w)([oe]|st[a]|yp?)ses$"), r"\1sis"),
    (re.compile(r"(?<=\w)(x|ch|sh|ss|us)es$"), r"\1"),
    (re.compile(r"(?<=\w\w\w)(?<![sui])s$"), ""),
)


@lru_cache(maxsize=1 << 12)
def fold(name: str) -> str:
    """Return a name in lower case, without accents, possessive and punctuation; a name of nothing else keeps it."""
    if name.isascii():
        name = name.lower()
    else:
        name = name.translate(_APOSTROPHES)
        for _ in range(3):  # folding makes characters that decompose, and the other way round
            name = unicodedata.normalize("NFKD", name).casefold()
        bare = "".join(c for c in name if not unicodedata.combining(c)).replace("ς", "σ")
        name = bare if bare.strip() else name
    words = _BETWEEN_WORDS.sub(" ", _POSSESSIVE.sub("", name)).split()
    return " ".join(words or name.split())


@lru_cache(maxsize=1 << 12)
def normal(folded: str) -> str:
    """Return a folded name in the singular and American spelling, Greek letters and digits as words of their own."""
    if not folded.isascii():
        folded = _GREEK_LETTER.sub(lambda letter: f" {_GREEK[letter[0]]} ", folded)
    words = (_LETTERS_AND_DIGITS.sub(" ", folded) if _DIGIT.search(folded) else folded).split()
    if _ROMAN_AFTER_KIND.keys().isdisjoint(words):
        return " ".join(map(normal_word, words))
    numbers = (_ROMAN_AFTER_KIND if before in _KINDS else _ROMAN for before in ["", *words])
    return " ".join(roman.get(word) or normal_word(word) for roman, word in zip(numbers, words))


def bag(normalized: str) -> str:
    """Return the words of a normal name in alphabetical order, each once, preferred ones for others."""
    words = {preferred_word(word) for word in normalized.split()}
    return " ".join(sorted(words - SMALL_WORDS or words))


def preferred_word(word: str) -> str:
    """Return the word that vocabularies have in names in place of this one."""
    return _PREFERRED.get(word, word)


@lru_cache(maxsize=1 << 16)
def normal_word(word: str) -> str:
    """Return a folded word in the singular and in American spelling."""
    if len(word) < 4 or not word.isalpha():
        return word
    for pattern, replacement in _BRITISH:
        word = pattern.sub(replacement, word)
    for pattern, ending in _PLURALS:
        shorter = pattern.sub(ending, word)
        if shorter != word:
            return shorter
    return word
