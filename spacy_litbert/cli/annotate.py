"""``spacy litbert annotate``: files of documents in, files of annotations out; an interrupted run is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

REJECTED = 3  # the exit code of a run that came to its end and set documents aside


def annotate_cli(
    pipeline: Annotated[str, typer.Argument(help="Installed package or folder of a trained pipeline")],
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or patterns")],
    output: Annotated[Path, typer.Argument(help="Folder for the annotations")],
    output_format: Annotated[
        str, typer.Option("--format", "-f", help="jsonl, pubtator, bioc-xml, bioc-json, brat, docbin or parquet")
    ] = "jsonl",
    spans_key: Annotated[
        str | None,
        typer.Option("--spans", help="Write this group of doc.spans, whose spans may overlap, instead of the entities"),
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", "-e", help="local: processes on this machine; ray: on a Ray cluster")
    ] = "local",
    n_process: Annotated[
        int, typer.Option("--n-process", "--workers", "-n", help="Processes, each with a pipeline and a core")
    ] = 1,
    address: Annotated[
        str | None, typer.Option("--address", help="With ray: a running cluster (auto, HOST:6379); without, one here")
    ] = None,
    gpus_per_worker: Annotated[float, typer.Option("--gpus-per-worker", help="With ray: GPUs of a process")] = 0.0,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="With local: a GPU, or -1 for the CPU")] = -1,
    shard_size: Annotated[int, typer.Option("--shard-size", "-s", help="Documents of one file")] = 1000,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress")] = False,
) -> None:
    """Annotate PubMed XML, JATS, BioC, PubTator, BRAT, JSONL and plain text. The same command resumes a run."""
    from ..annotate.run import annotate

    done = annotate(
        pipeline,
        inputs,
        output,
        output_format=output_format,
        spans_key=spans_key,
        engine=engine,
        n_process=n_process,
        address=address,
        gpus_per_worker=gpus_per_worker,
        gpu_id=gpu_id,
        shard_size=shard_size,
        progress=not quiet,
    )
    speed = f", {done.new_words / done.seconds:,.0f} words/s" if done.new_words else ""
    msg.good(
        f"{output}: {done.documents:,} documents, {done.entities:,} entities, {done.words:,} words "
        f"({done.new_words:,} now, in {done.seconds:,.0f} s{speed})"
    )
    if done.rejected:
        msg.warn(f"{done.rejected:,} documents are set aside in {output / 'rejects-….jsonl'}, with what is wrong")
        raise typer.Exit(REJECTED)
