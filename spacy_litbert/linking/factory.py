"""The factory ``litbert_linker``: a component of the settings in a config."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from thinc.api import Model

from .linker import LitBertLinker

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {"@architectures": "spacy-litbert.ListwiseRanker.v1"},
    "kb": None,
    "types": {},  # a section, which can be overridden at load
    "threshold": 0.0,
    "candidates": 50,
    "top": 5,
    "use_memory": True,
    "name_encoder": None,
    "use_context": True,
    "copy_kb": True,
}


def make_linker(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    kb: str | None = None,
    types: dict[str, list[str]] | None = None,
    threshold: float = 0.0,
    candidates: int = 50,
    top: int = 5,
    use_memory: bool = True,
    name_encoder: str | None = None,
    use_context: bool = True,
    copy_kb: bool = True,
) -> LitBertLinker:
    """Make the component ``litbert_linker``; ``LitBertLinker`` says what it does."""
    return LitBertLinker(
        nlp.vocab,
        model,
        name,
        kb=kb,
        types=types,
        threshold=threshold,
        candidates=candidates,
        top=top,
        use_memory=use_memory,
        name_encoder=name_encoder,
        use_context=use_context,
        copy_kb=copy_kb,
    )


Language.factory(
    "litbert_linker",
    func=make_linker,
    requires=["doc.ents"],
    assigns=["token.ent_kb_id"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={"nel_micro_f": 1.0, "nel_micro_r": None, "nel_micro_p": None},
)
