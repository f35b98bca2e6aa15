"""``spacy litbert export``: write a trained pipeline again for ONNX Runtime, faster on a CPU with 8-bit weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from wasabi import msg

from ..files import replacing_folder
from ..targets import check_target, mark_pipeline, pipeline_made_by

_COMMAND = "export"


def export_cli(
    pipeline: Annotated[str, typer.Argument(help="Installed package or folder of a trained pipeline")],
    output: Annotated[Path, typer.Argument(help="Folder for the exported pipeline")],
    exact: Annotated[bool, typer.Option("--exact", help="Keep float32 instead of 8-bit weights")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier export at OUTPUT")] = False,
) -> None:
    """Export a pipeline for ONNX Runtime. It can no longer be trained; the original stays as it is."""
    names = export(pipeline, output, precision="float32" if exact else "int8", force=force)
    msg.good(f"{output}: {', '.join(names)} for ONNX Runtime, {'float32' if exact else '8-bit weights'}")


def export(
    pipeline: str | Path, output: Path, *, precision: Literal["float32", "int8"] = "int8", force: bool = False
) -> list[str]:
    """Write ``pipeline`` to ``output`` with its LitBERT encoders as ONNX graphs; return their components' names.

    force: replace what is at ``output``, if it is an earlier export and nothing else lies in it.

    Raises LitBertError L218 if ``output`` may not be replaced, or holds the pipeline or lies in it; L311 if there is
    no LitBERT in the pipeline, L340 or L341 if it is missing or damaged, and L309 without the extra ``onnx``.
    """
    from ..packaging import add_licence, set_requirements
    from ..pipelines import load_with, pipeline_folder

    output, source = Path(output), pipeline_folder(pipeline)
    option = None if force else "--force (force=True)"
    check_target(output, sources=[source], made=pipeline_made_by(_COMMAND), what="exported pipeline", option=option)
    exported, names = load_with(pipeline, backend="onnx", precision=precision)
    set_requirements(exported.meta, onnx=True)
    mark_pipeline(exported.meta, _COMMAND)
    with replacing_folder(output) as partial:
        exported.to_disk(partial)
        add_licence(partial, exported.meta, source)
    return names
