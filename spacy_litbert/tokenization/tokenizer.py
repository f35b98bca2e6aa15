"""Cut text into spaCy tokens that mentions in biomedical text begin and end with.

A word is cut at every symbol in it, so that a mention can end where a symbol joins it to other words:

    lithium-induced    → lithium - induced          Na+/K+-ATPase → Na + / K + - ATPase
    [3H]dopamine(D2)   → [ 3H ] dopamine ( D2 )     p<0.05        → p < 0.05

Numbers (``0.05``, ``1,000``), words without a symbol, web addresses and abbreviations with several full
stops (``e.g.``, ``i.v.``) stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from spacy.lang.char_classes import ALPHA_LOWER, ALPHA_UPPER, CONCAT_ICONS
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

# Tokens of their own wherever they stand; a run of hyphens or full stops is one.
_SYMBOLS = (
    r"[-‐‑‒–—―−\u00ad]+",
    r"(?:\.\.+|…)",
    r"[!?\"“”„'‘’‚´`′″«»()\[\]{}<>≤≥≦≧⩽⩾|¦/\\+*±∓×÷=≈≃≅≡≠~∼˜^&#@%‰$£€¥§†‡•·∙⋅°;_]",
    r"[←→↑↓↔⇐⇒⇑⇓⇔]",
    f"[{CONCAT_ICONS}]",
    # Inside a number these are part of it: 1,000 and 12:30.
    r"(?:(?<![0-9])[,:]|[,:](?![0-9]))",
)
# A sentence's end without a blank after it: "of disease.Methods".
_MISSING_BLANK = rf"(?<=[{ALPHA_LOWER}0-9)\]%])\.(?=[{ALPHA_UPPER}(\[])"
_ENDINGS = (r"['’][sS]", r"\.")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.){2,}$")
_WEB_ADDRESS = re.compile(r"(?:https?://|ftp://|www\.)\S+$")
_CONTRACTION = re.compile(r"[A-Za-z]*['’][A-Za-z'’]+$")


def build_biomedical_tokenizer_v1() -> Callable[[Language], Tokenizer]:
    """Build a tokenizer for biomedical English, ``spacy-litbert.BiomedicalTokenizer.v1``.

    Of spaCy's special cases for English only contractions (``don't``) are kept: its other ones glue a full
    stop or a bracket to vitamins (``E.``), metals (``Mo.``) and numbers (``8)``).
    A saved pipeline carries these rules, as with any spaCy tokenizer.
    """
    return biomedical_tokenizer


def biomedical_tokenizer(nlp: Language) -> Tokenizer:
    """Return the tokenizer for the language of ``nlp``."""
    exceptions = nlp.Defaults.tokenizer_exceptions or {}
    return Tokenizer(
        nlp.vocab,
        rules={form: pieces for form, pieces in exceptions.items() if _CONTRACTION.match(form)},
        prefix_search=compile_prefix_regex(_SYMBOLS).search,
        suffix_search=compile_suffix_regex((*_SYMBOLS, *_ENDINGS)).search,
        infix_finditer=compile_infix_regex((*_SYMBOLS, _MISSING_BLANK)).finditer,
        token_match=_DOTTED.match,
        url_match=_WEB_ADDRESS.match,
    )
