"""``spacy litbert export``: a trained pipeline → the same pipeline for ONNX Runtime, faster on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from wasabi import msg

from ..errors import Errors, LitBertError
from ..files import replacing_folder

_MODELS = ("spacy-litbert.LitBertModel.", "spacy-litbert.LitBertTok2Vec.")


def export_cli(
    pipeline: Annotated[str, typer.Argument(help="Installed package or folder of a trained pipeline")],
    output: Annotated[Path, typer.Argument(help="Folder for the exported pipeline")],
    exact: Annotated[bool, typer.Option("--exact", help="Keep float32 instead of 8-bit weights")] = False,
) -> None:
    """Export a pipeline for ONNX Runtime. It can no longer be trained; the original stays as it is."""
    try:
        names = export(pipeline, output, precision="float32" if exact else "int8")
    except LitBertError as error:
        msg.fail("Not exported", str(error), exits=1)
    msg.good(f"{output}: {', '.join(names)} for ONNX Runtime, {'float32' if exact else '8-bit weights'}")


def export(pipeline: str | Path, output: Path, *, precision: Literal["float32", "int8"] = "int8") -> list[str]:
    """Write ``pipeline`` to ``output`` with its LitBERT encoders as ONNX graphs; returns their components' names.

    Raises LitBertError L311 if there is no LitBERT in the pipeline, and L309 without the extra ``onnx``.
    """
    import spacy

    trained = spacy.load(pipeline)
    places = dict(_encoders(trained.config["components"]))
    if not places:
        raise LitBertError(Errors.L311.format(pipeline=pipeline, components=", ".join(trained.pipe_names) or "none"))
    overrides = {
        f"{place}.{key}": value
        for place in places.values()
        for key, value in (("backend", "onnx"), ("precision", precision))
    }
    exported = spacy.load(pipeline, config=overrides)
    exported.meta.update(trained.meta)
    with replacing_folder(output) as partial:
        exported.to_disk(partial)
    return list(places)


def _encoders(components: dict) -> list[tuple[str, str]]:
    """(component, place in the config) of each model of ours."""
    found = []
    for name, component in components.items():
        model = component.get("model", {})
        for place, part in (
            (f"components.{name}.model", model),
            (f"components.{name}.model.tok2vec", model.get("tok2vec")),
        ):
            if isinstance(part, dict) and str(part.get("@architectures", "")).startswith(_MODELS):
                found.append((name, place))
    return found
