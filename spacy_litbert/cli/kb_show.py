"""``spacy litbert kb show`` and ``kb search``: what a knowledge base says of a concept, and which ones a name fits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import Errors, LitBertError

if TYPE_CHECKING:
    from ..linking.concept import Concept

Base = Annotated[Path, typer.Argument(help="A knowledge base")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a list of objects as JSON")]


def kb_show_cli(
    kb: Base,
    ids: Annotated[list[str], typer.Argument(help="Ids of concepts, or merged into them")],
    json_: AsJson = False,
) -> None:
    """Show concepts: names, types, tree numbers, definition, cross references, merged ids."""
    concepts = kb_show(kb, ids)
    if json_:
        print(json.dumps(concepts, indent=2, ensure_ascii=False))
        return
    for concept in concepts:
        print(f"{concept.pop('concept_id')}  {concept.pop('canonical_name')}")
        for key, value in concept.items():
            if value:
                print(f"  {key.replace('_', ' '):<13} {' | '.join(value) if isinstance(value, list) else value}")


def kb_search_cli(
    kb: Base,
    text: Annotated[str, typer.Argument(help="A name, as a text has it")],
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Only concepts of this type; can be repeated")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many concepts")] = 10,
    json_: AsJson = False,
) -> None:
    """Find the concepts with the names most similar to a text; 1 stands for an equal name."""
    found = kb_search(kb, text, types=types, k=k)
    if json_:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for concept in found:
        kinds = f"  ({', '.join(concept['types'])})" if concept["types"] else ""
        print(f"{concept['score']:.3f}  {concept['concept_id']}  {concept['canonical_name']}{kinds}")


def kb_show(path: Path, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return concepts as JSON has them, in the order of the ids.

    Raises LitBertError L525 and L526 for a missing or damaged knowledge base, L537 for an id that it does not have.
    """
    from ..linking.knowledge_base import KnowledgeBase

    kb = KnowledgeBase(path)
    for concept_id in ids:
        if concept_id not in kb:
            raise LitBertError(Errors.L537.format(path=path, id=concept_id))
    return [_described(kb[concept_id]) for concept_id in ids]


def kb_search(path: Path, text: str, *, types: Sequence[str] | None = None, k: int = 10) -> list[dict[str, Any]]:
    """Return the concepts with the names most similar to a text, as ``kb_show`` does, with a ``score`` each.

    Raises LitBertError L525 and L526 for a missing or damaged knowledge base, L528 for unknown types.
    """
    from ..linking.knowledge_base import KnowledgeBase

    kb = KnowledgeBase(path)
    return [{**_described(kb[one]), "score": score} for one, score in kb.search(text, k, types or None)]


def _described(concept: Concept) -> dict[str, Any]:
    since = str(concept.since)
    return {
        "concept_id": concept.concept_id,
        "canonical_name": concept.canonical_name,
        "aliases": list(concept.aliases),
        "types": list(concept.types),
        "definition": concept.definition,
        "tree_numbers": list(concept.tree_numbers),
        "xrefs": list(concept.xrefs),
        "merged_ids": list(concept.merged_ids),
        "preference": concept.preference,
        "since": f"{since[:4]}-{since[4:6]}-{since[6:]}" if concept.since else None,
    }
