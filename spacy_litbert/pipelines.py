"""A trained pipeline → the same one with other settings of its LitBERT encoders: precision, storage, backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from .errors import Errors, LitBertError

_MODELS = ("spacy-litbert.LitBertModel.", "spacy-litbert.LitBertTok2Vec.")


def load_with(pipeline: str | Path, **settings: Any) -> tuple[Language, list[str]]:
    """The pipeline (package or folder) with these settings of ``LitBertModel``, and the names of its encoders.

    Raises LitBertError L311 if there is no LitBERT in the pipeline.
    """
    trained = spacy.load(pipeline)
    places = dict(_encoders(trained.config["components"]))
    if not places:
        raise LitBertError(Errors.L311.format(pipeline=pipeline, components=", ".join(trained.pipe_names) or "none"))
    overrides = {f"{place}.{key}": value for place in places.values() for key, value in settings.items()}
    changed = spacy.load(pipeline, config=overrides)
    changed.meta.update(trained.meta)
    return changed, list(places)


def _encoders(components: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(component, place in the config) of each model of ours."""
    for name, component in components.items():
        model = component.get("model", {})
        for place, part in (
            (f"components.{name}.model", model),
            (f"components.{name}.model.tok2vec", model.get("tok2vec")),
        ):
            if isinstance(part, dict) and str(part.get("@architectures", "")).startswith(_MODELS):
                yield name, place
