"""``spacy litbert train``: ``spacy train`` that can be stopped and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from wasabi import msg


def train_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="Config file", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the trained pipelines")],
    code: Annotated[Optional[Path], typer.Option("--code", "-c", help="Python file to import before")] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped, if it was")] = False,
) -> None:
    """Train a pipeline as `spacy train` does; a setting is overridden as `--training.max_steps 500`.

    What was reached is saved in OUTPUT every five minutes, at SIGTERM and at Ctrl-C; --resume goes on from there.
    """
    from spacy.cli._util import NoSuchOption, import_code, parse_config_overrides, show_validation_error
    from spacy.util import load_config

    from ..training.run import train

    try:
        overrides = parse_config_overrides(ctx.args)
    except NoSuchOption as unknown:  # of click, where typer has an own copy of it
        raise typer.BadParameter(unknown.format_message()) from None
    import_code(code)
    with show_validation_error(config, hint_fill=False):
        finished = train(load_config(config, overrides=overrides), output, gpu_id=gpu_id, resume=resume)
    if not finished:
        msg.warn(f"Stopped and saved in {output}; go on with --resume")
        raise SystemExit(_STOPPED)
    msg.good(f"Trained: {output}")


_STOPPED = 143  # as a process that SIGTERM ended: whoever waits for the pipeline does not go on
