"""``spacy litbert kb …``: build, look at, merge and restrict the knowledge bases of ``litbert_linker``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from wasabi import msg

from ..errors import Errors, LitBertError
from ..files import file_checksum

if TYPE_CHECKING:
    from ..linking.knowledge_base import KnowledgeBase

Out = Annotated[Path, typer.Argument(help="Folder to make")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier knowledge base at OUT")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress")]
Types = Annotated[list[str] | None, typer.Option("--type", "-t", help="Keep concepts of this type; can be repeated")]
Trees = Annotated[list[str] | None, typer.Option("--tree", help="Keep concepts under this tree number, such as C04")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Leave out concepts that came later: 2015-12-31")]


def kb_build_cli(
    out: Out,
    sources: Annotated[list[Path], typer.Argument(help="Files: .jsonl, .csv, .tsv, .xml, .bin (MeSH), .obo, .RRF")],
    name: Annotated[str | None, typer.Option("--name", "-n", help="Of the vocabulary; else that of OUT")] = None,
    version: Annotated[str, typer.Option("--kb-version", help="Of the vocabulary, such as 2026")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Under which its content comes")] = "",
    format: Annotated[str | None, typer.Option("--format", help="Of the sources, if their endings don't tell")] = None,
    default_type: Annotated[
        list[str] | None, typer.Option("--default-type", help="Of concepts that have none in their source")
    ] = None,
    types: Types = None,
    trees: Trees = None,
    as_of: AsOf = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Build a knowledge base from a vocabulary's files.

    MeSH's own XML (desc2026.gz, supp2026.gz) and ASCII files (d2026.bin, c2026.bin), concepts as JSON lines in
    scispaCy's form, CSV and TSV with a header, OBO, and UMLS (MRCONSO.RRF with MRSTY.RRF and MRDEF.RRF beside it).
    """
    kb = kb_build(
        out,
        sources,
        name=name,
        version=version,
        licence=licence,
        format=format,
        default_types=default_type or [],
        types=types or [],
        trees=trees or [],
        as_of=as_of,
        force=force,
        progress=not quiet,
    )
    say_done(kb)


def kb_info_cli(
    path: Annotated[Path, typer.Argument(help="A knowledge base")],
    verify: Annotated[bool, typer.Option("--verify", help="Read all files and compare their checksums")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print everything that is known as JSON")] = False,
) -> None:
    """Show what a knowledge base holds and where it comes from."""
    metadata = kb_info(path, verify=verify)
    if json_:
        print(json.dumps(metadata, indent=2, ensure_ascii=False))
        return
    for key in ("name", "version", "licence", "date", "made_by", "checksum"):
        print(f"  {key:<12} {metadata[key] or '–'}")
    print(f"  {'types':<12} {', '.join(metadata['types']) or '–'}")
    for key, value in metadata["counts"].items():
        print(f"  {key:<12} {value:,}")
    if vectors := metadata.get("vectors"):
        print(
            f"  {'vectors':<12} {vectors['names']:,} of width {vectors['width']}, by the encoder {vectors['encoder']}"
        )
    size = sum(file["bytes"] for file in metadata["files"].values())
    print(f"  {'megabytes':<12} {size / 1e6:,.1f}")
    for source in metadata["sources"]:
        print(f"  from         {', '.join(f'{key} {value}' for key, value in source.items())}")
    if verify:
        msg.good(f"All files of {path} are what was written")


def kb_merge_cli(
    out: Out,
    base: Annotated[Path, typer.Argument(help="The knowledge base whose ids stay")],
    other: Annotated[Path, typer.Argument(help="The one that is merged into it")],
    xrefs: Annotated[
        Path | None, typer.Option("--xrefs", help="TSV of two ids a line that stand for the same, beside their own")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Merge a knowledge base into another by cross references, such as OMIM into MeSH.

    Ids of merged concepts still lead to the concept they became.
    """
    kb, n_merged = kb_merge(out, base, other, xrefs=xrefs, force=force, progress=not quiet)
    print(f"  {n_merged:,} concepts of {other} merged")
    say_done(kb)


def kb_subset_cli(
    out: Out,
    source: Annotated[Path, typer.Argument(help="The knowledge base to choose from")],
    types: Types = None,
    trees: Trees = None,
    as_of: AsOf = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make a smaller knowledge base: some types, some trees, or the concepts that were there on a day."""
    kb = kb_subset(out, source, types=types or [], trees=trees or [], as_of=as_of, force=force, progress=not quiet)
    say_done(kb)


def kb_build(
    out: Path,
    sources: Sequence[Path],
    *,
    name: str | None = None,
    version: str = "",
    licence: str = "",
    format: str | None = None,
    default_types: Sequence[str] = (),
    types: Sequence[str] = (),
    trees: Sequence[str] = (),
    as_of: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Build a knowledge base from files.

    Raises LitBertError L218 if ``out`` may not be replaced, L520–L524 for bad files, L527 if no concepts are left.
    """
    from ..linking.build import check_place
    from ..linking.collect import collect, restrict
    from ..linking.readers.read import source_format

    check_place(out, force=force, sources=sources)
    described = [
        {"file": path.name, "format": source_format(path, format), "sha256": file_checksum(path)} for path in sources
    ]
    date = _date(as_of)
    concepts = collect(sources, format=format, types=default_types, progress=progress)
    chosen = restrict(concepts, types=types, trees=trees, as_of=date)
    return build_and_open(
        chosen,
        out,
        name=name or out.name,
        version=version,
        licence=licence,
        sources=[*described, *_described(types=types, trees=trees, as_of=as_of)],
        force=force,
        progress=progress,
    )


def kb_info(path: Path, *, verify: bool = False) -> dict[str, Any]:
    """Return the metadata of a knowledge base. Raises LitBertError L525 if there is none, L526 for a damaged one."""
    from ..linking.knowledge_base import KnowledgeBase

    kb = KnowledgeBase(path)
    if verify:
        kb.verify()
    return kb.metadata


def kb_merge(
    out: Path, base: Path, other: Path, *, xrefs: Path | None = None, force: bool = False, progress: bool = False
) -> tuple[KnowledgeBase, int]:
    """Merge ``other`` into ``base``; return the new knowledge base and how many concepts were merged.

    Raises LitBertError L218, L52x as ``kb_build`` does.
    """
    from ..linking.build import check_place
    from ..linking.knowledge_base import KnowledgeBase
    from ..linking.merge import merge, read_xrefs

    check_place(out, force=force, sources=[base, other])
    first, second = KnowledgeBase(base), KnowledgeBase(other)
    first.verify()
    second.verify()
    equal = read_xrefs(xrefs) if xrefs is not None else None
    concepts, n_merged = merge(list(first.concepts()), second.concepts(), equal)
    described = [{"file": xrefs.name, "format": "xrefs", "sha256": file_checksum(xrefs)}] if xrefs is not None else []
    kb = build_and_open(
        concepts,
        out,
        **joined(first, second),
        earlier=[first, second],
        sources=[*first.metadata["sources"], *second.metadata["sources"], *described],
        force=force,
        progress=progress,
    )
    return kb, n_merged


def kb_subset(
    out: Path,
    source: Path,
    *,
    types: Sequence[str] = (),
    trees: Sequence[str] = (),
    as_of: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> KnowledgeBase:
    """Make a smaller knowledge base. Raises LitBertError L218, L52x as ``kb_build`` does, L528 for unknown types."""
    from ..linking.build import check_place
    from ..linking.collect import restrict
    from ..linking.knowledge_base import KnowledgeBase

    check_place(out, force=force, sources=[source])
    date = _date(as_of)
    whole = KnowledgeBase(source)
    whole.verify()
    whole.check_types(types)
    return build_and_open(
        restrict(whole.concepts(), types=types, trees=trees, as_of=date),
        out,
        **joined(whole),
        earlier=[whole],
        sources=[*whole.metadata["sources"], *_described(types=types, trees=trees, as_of=as_of)],
        force=force,
        progress=progress,
    )


def build_and_open(concepts: Any, out: Path, **options: Any) -> KnowledgeBase:
    """Build a knowledge base with the options of ``spacy_litbert.linking.build.build``, and open it."""
    from ..linking.build import build
    from ..linking.knowledge_base import KnowledgeBase

    build(concepts, out, **options)
    return KnowledgeBase(out)


def joined(*kbs: KnowledgeBase) -> dict[str, str]:
    """Return name, version and licence of what is made of knowledge bases."""
    return {
        key: " + ".join(dict.fromkeys(kb.metadata[key] for kb in kbs if kb.metadata[key]))
        for key in ("name", "version", "licence")
    }


def _described(**chosen: Any) -> list[dict[str, Any]]:
    said = {key: value if isinstance(value, str) else list(value) for key, value in chosen.items() if value}
    return [{"restricted to": said}] if said else []


def _date(text: str | None) -> int | None:
    from ..linking.readers.problems import read_date

    try:
        return None if text is None else read_date(text)
    except ValueError as error:
        raise LitBertError(Errors.L533.format(name="--as-of", value=text, problem=error)) from None


def say_done(kb: KnowledgeBase) -> None:
    """Print what was made."""
    counts = kb.metadata["counts"]
    if kb.vectors is not None:
        print(f"  {len(kb.vectors):,} of {counts['forms']:,} distinct names have vectors")
    msg.good(f"{counts['concepts']:,} concepts with {counts['names']:,} names in {kb.path}")
