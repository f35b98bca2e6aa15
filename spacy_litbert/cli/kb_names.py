"""``spacy litbert kb train-names`` and ``kb vectors``: an encoder of names, and the vectors of a knowledge base's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from .kb import Force, Out, Quiet, say_done

if TYPE_CHECKING:
    from ..linking.knowledge_base import KnowledgeBase

Precision = Annotated[
    str, typer.Option("--precision", help="float32, or bfloat16: half the time on processors that know it")
]


def kb_train_names_cli(
    out: Annotated[Path, typer.Argument(help="Folder to make, as transformers loads it")],
    source: Annotated[Path, typer.Argument(help="The knowledge base whose synonyms are learned")],
    start: Annotated[
        str, typer.Option("--start", help="Weights to begin with: a folder, a bundled name, a hub id")
    ] = "litbert-oa-small",
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Learn those of this type; repeatable")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", help="Updates; each sees two names of 256 concepts")] = 200,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Its peak")] = 1e-4,
    precision: Precision = "float32",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier call was stopped")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier checkpoint folder at OUT")] = False,
    quiet: Quiet = False,
) -> None:
    """Train an encoder of names: synonyms of a knowledge base come to lie close, other names apart.

    SIGTERM and Ctrl-C save what was reached in OUT.run; --resume goes on from there.
    """
    from ..linking.knowledge_base import KnowledgeBase
    from ..names.train import NameSettings, train_names

    settings = NameSettings(
        start=start,
        types=tuple(types) if types else None,
        steps=steps,
        learning_rate=learning_rate,
        precision=precision,  # type: ignore[arg-type]  # checked there
        seed=seed,
    )
    if train_names(KnowledgeBase(source), out, settings, resume=resume, force=force, progress=not quiet):
        msg.good(f"A name encoder in {out}. `spacy litbert kb vectors` makes vectors with it")
    else:
        msg.warn(f"Stopped. --resume goes on from {out}.run")


def kb_vectors_cli(
    out: Out,
    source: Annotated[Path, typer.Argument(help="The knowledge base; it stays as it is")],
    encoder: Annotated[
        str, typer.Option("--encoder", help="What kb train-names made, or any BERT trained for similarity")
    ],
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Names of concepts of this type; repeatable")
    ] = None,
    trees: Annotated[
        list[str] | None, typer.Option("--tree", help="Names of concepts under this tree number as well; repeatable")
    ] = None,
    width: Annotated[int | None, typer.Option("--width", help="Numbers of a vector, fewer than the encoder's")] = None,
    precision: Precision = "float32",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Give the names of a knowledge base vectors, by which litbert_linker finds names that mean the same.

    Without --type and --tree all names get one.
    """
    kb = kb_vectors(
        out,
        source,
        encoder=encoder,
        types=types,
        trees=trees,
        width=width,
        precision=precision,
        force=force,
        progress=not quiet,
    )
    say_done(kb)


def kb_vectors(
    out: Path,
    source: Path,
    *,
    encoder: str,
    types: list[str] | None = None,
    trees: list[str] | None = None,
    width: int | None = None,
    precision: str = "float32",
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Give the names of a knowledge base vectors; return the new one.

    Raises LitBertError L218, L525 and L526 as ``kb_add`` does, L528 for unknown types, L527 if no name is left, L2xx
    for an encoder that can't be loaded.
    """
    from ..linking.build import check_place
    from ..linking.knowledge_base import KnowledgeBase
    from ..names.encoder import NameEncoder
    from ..names.vectors import add_vectors

    check_place(out, force=force, sources=[source, Path(encoder)])
    kb = KnowledgeBase(source)
    names = NameEncoder.load(encoder, precision=precision)  # type: ignore[arg-type]  # checked there
    return add_vectors(kb, out, names, types=types, trees=trees, width=width, force=force, progress=progress)
