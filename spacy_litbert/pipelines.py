"""Load a trained pipeline, with other settings of its LitBERT encoders if need be, and annotate texts with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_model_meta, get_package_path, is_package

from .errors import Errors, LitBertError

_MODELS = ("spacy-litbert.LitBertModel.", "spacy-litbert.LitBertTok2Vec.")


def load_with(pipeline: str | Path, **settings: Any) -> tuple[Language, list[str]]:
    """Load a pipeline with these settings of ``LitBertModel``; return it and the names of its components with encoders.

    pipeline: an installed package or a folder.

    Raises LitBertError L311 if there is no LitBERT in the pipeline, L341 if it can't be loaded.
    """
    trained = load_pipeline(pipeline)
    places = dict(_encoders(trained.config["components"]))
    if not places:
        raise LitBertError(Errors.L311.format(pipeline=pipeline, components=", ".join(trained.pipe_names) or "none"))
    overrides = {f"{place}.{key}": value for place in places.values() for key, value in settings.items()}
    changed = load_pipeline(pipeline, overrides)
    changed.meta.update(trained.meta)
    return changed, list(places)


def pipeline_folder(pipeline: str | Path) -> Path:
    """Find where the files of a pipeline lie, be it a package or a folder. Raises LitBertError L340 for neither.

    A string that is the name of a package and of a folder means the package, as in ``spacy.load``.
    """
    if not is_installed(pipeline):
        if not Path(pipeline).exists():
            raise LitBertError(Errors.L340.format(pipeline=str(pipeline)))
        return Path(pipeline)
    package = get_package_path(str(pipeline))
    meta = get_model_meta(package)
    return package / f"{package.name}-{meta['version']}"


def is_installed(pipeline: str | Path) -> bool:
    """Return whether ``spacy.load`` takes a package for this, not a folder."""
    return isinstance(pipeline, str) and is_package(pipeline)


def load_pipeline(pipeline: str | Path, overrides: dict[str, Any] | None = None) -> Language:
    """Load a package or a folder of a pipeline with overrides of its config.

    Raises LitBertError L340 for neither, L341 for a damaged one.
    """
    folder = pipeline_folder(pipeline)
    try:
        return spacy.load(pipeline, config=overrides or {})
    except (LitBertError, PermissionError):
        raise
    except Exception as error:  # whatever spaCy and its components make of a file that is damaged
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LitBertError(Errors.L341.format(pipeline=folder, reason=reason.rstrip("."))) from error


def annotate_texts(nlp: Language, texts: Sequence[str]) -> list[Doc | Exception]:
    """Annotate texts as a batch; if that fails, one by one, and the error of a text stands for its Doc."""
    with suppress(Exception):
        docs: list[Doc | Exception] = list(nlp.pipe(texts))
        if len(docs) == len(texts):  # an error handler may leave texts out
            return docs
    return [_annotated(nlp, text) for text in texts]


def _annotated(nlp: Language, text: str) -> Doc | Exception:
    try:
        return nlp(text)
    except Exception as error:  # whatever a component makes of a text
        return error


def _encoders(components: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (component, place in the config) of each model of ours."""
    for name, component in components.items():
        model = component.get("model")
        tok2vec = model.get("tok2vec") if isinstance(model, dict) else None
        for place, part in ((f"components.{name}.model", model), (f"components.{name}.model.tok2vec", tok2vec)):
            if isinstance(part, dict) and str(part.get("@architectures", "")).startswith(_MODELS):
                yield name, place
