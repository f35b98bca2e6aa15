"""Characters of biomedical text that get a place in a vocabulary however rare they are in its text."""

from __future__ import annotations

BIOMEDICAL_ALPHABET = (
    "αβγδεζηθικλμνξοπρσςτυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ"
    "±×÷∓≥≤⩾⩽≪≫≈≃≅∼≡≠∝∞√∑∏∫∂∇∆∈∉∪∩⊂⊆∅∧∨∀∃∘∗⋅∙∶−"
    "→←↑↓↔⇒⇔⇌♂♀°℃µ′″‰¹²³⁰⁴⁵⁶⁷⁸⁹⁺⁻⁼ⁿ₀₁₂₃₄₅₆₇₈₉₊₋"
    "·•–—‐‑‒…€£¥®™©†‡§¶‖♯♭□■○●△▲◦ˆ˜¯½¼¾"
    "åäöøæéèüßçñÅ"
)
