"""``spacy litbert convert``: convert weights of any origin into a folder for this package and for transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from wasabi import msg

from ..types import FolderStorage

if TYPE_CHECKING:
    from ..checkpoints.convert import Conversion


def convert_cli(
    source: Annotated[str, typer.Argument(help="Zip, folder, .ckpt prefix, training directory, or hub id")],
    target: Annotated[Path, typer.Argument(help="Folder to make")],
    hidden_act: Annotated[
        str | None, typer.Option("--hidden-act", help="Activation, if it is not the one that the source says")
    ] = None,
    storage: Annotated[str, typer.Option("--storage", help="float32, or float16 for half the size")] = "float32",
    shard_megabytes: Annotated[
        int | None, typer.Option("--shard-megabytes", min=1, help="The most that one file of weights holds")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="config.json, if not beside the weights")] = None,
    vocab: Annotated[Path | None, typer.Option("--vocab", help="vocab.txt, if not beside the weights")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a checkpoint at TARGET")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress")] = False,
) -> None:
    """Convert an original TensorFlow checkpoint, or any folder of a BERT, into a checked folder with safetensors."""
    options: dict[str, Any] = {"config": config, "vocabulary": vocab, "overwrite": overwrite, "progress": not quiet}
    done = convert(source, target, hidden_act=hidden_act, storage=storage, shard_megabytes=shard_megabytes, **options)
    for part, n in done.parts.items():
        print(f"  {part:<20} {n:>12,} parameters")
    for kind, n in sorted(done.left_out.items()):
        print(f"  {kind:<20} {n:>12,} tensors left out")
    step = "" if done.step is None else f", pretrained for {done.step:,} steps"
    msg.good(f"{sum(done.parts.values()):,} parameters in {target}{step}; activation {done.config['hidden_act']}")


def convert(source: str | Path, target: Path, *, storage: str = "float32", **options: Any) -> Conversion:
    """Convert as ``spacy_litbert.checkpoints.convert.convert`` does."""
    from ..checkpoints.convert import convert as run

    return run(source, target, storage=cast(FolderStorage, storage), **options)
