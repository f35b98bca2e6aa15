"""``spacy litbert pretrain``: the same as ``python -m spacy_litbert.pretraining.run``, which needs no spaCy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg


def pretrain_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="Config file")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one")] = False,
) -> None:
    """Pretrain an encoder and export it; a setting is overridden as `--training.minutes 10`."""
    if pretrain(config, ctx.args, resume=resume):
        msg.good("Finished and exported")
    else:
        msg.info("Stopped and saved; go on with --resume")


def pretrain(config: Path, overrides: list[str], *, resume: bool = False) -> bool:
    """Run the config file; return False if it was stopped before its end.

    overrides: setting, value, setting, value …
    """
    from ..pretraining.config import read_overrides, read_settings
    from ..pretraining.run import pretrain as run

    return run(read_settings(config, read_overrides(overrides)), resume=resume)
