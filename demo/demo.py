"""Annotate the sample abstracts with the bundled pipeline; print the entities, write a page of them."""

from __future__ import annotations

import json
from pathlib import Path

import spacy
from rich.console import Console
from rich.table import Table
from spacy import displacy
from spacy.tokens import Doc

HERE = Path(__file__).parent
PIPELINE = "en_litbert_ner"
PAGE = HERE / "output" / "entities.html"


def entity_table(title: str, doc: Doc) -> Table:
    table = Table("label", "mentions", title=title, title_justify="left")
    for label in sorted({entity.label_ for entity in doc.ents}):
        mentions = dict.fromkeys(entity.text for entity in doc.ents if entity.label_ == label)
        table.add_row(label, ", ".join(mentions))
    return table


def main() -> None:
    console = Console()
    abstracts = [json.loads(line) for line in (HERE / "abstracts.jsonl").read_text("utf8").splitlines()]
    nlp = spacy.load(PIPELINE)
    console.print(f"[bold]{PIPELINE} {nlp.meta['version']}[/bold]: {nlp.meta['description']}\n{nlp.meta['notes']}\n")
    docs = list(nlp.pipe(abstract["text"] for abstract in abstracts))
    for abstract, doc in zip(abstracts, docs):
        console.print(entity_table(abstract["title"], doc))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(displacy.render(docs, style="ent", page=True), encoding="utf8")
    console.print(f"\nThe texts with their entities marked: {PAGE}")


if __name__ == "__main__":
    main()
