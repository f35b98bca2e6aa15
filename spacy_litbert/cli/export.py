"""``spacy litbert export``: a trained pipeline → the same pipeline for ONNX Runtime, faster on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from wasabi import msg

from ..errors import LitBertError
from ..files import replacing_folder


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
    from ..pipelines import load_with

    exported, names = load_with(pipeline, backend="onnx", precision=precision)
    with replacing_folder(output) as partial:
        exported.to_disk(partial)
    return names
