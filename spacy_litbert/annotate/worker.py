"""Annotate one shard: texts through the pipeline, what it found into files that appear whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..corpora.docs import identified
from ..corpora.document import Document
from ..corpora.writers.outputs import OUTPUTS
from ..errors import Errors, LitBertError
from ..files import file_checksum, folder_checksum, json_text, replacing, replacing_folder
from ..gpu import use_gpu
from ..pipelines import annotate_texts, load_pipeline
from .manifest import Done, size_of
from .shards import Shard


@dataclass(frozen=True)
class Rejected:
    """A document that was not annotated or can't be written, and why."""

    file: str
    id: str | None
    error: str


@dataclass(frozen=True)
class Destination:
    """Where annotations go.

    folder: of the run. format: a key of ``OUTPUTS``.
    spans_key: of the group of ``doc.spans`` that is written; None for ``doc.ents``.
    """

    folder: Path
    format: str = "jsonl"
    spans_key: str | None = None


def annotate_shard(nlp: Language, shard: Shard, to: Destination) -> Done:
    """Annotate a shard and write ``part-NUMBER`` and, if there is something, ``rejects-NUMBER.jsonl``.

    Nothing of the Docs is kept but what is written. Raises LitBertError L634 if no document of the first shard has the
    group of spans that is to be written: its key is wrong, and would be in all others.
    """
    output = OUTPUTS[to.format]
    rejected = [Rejected(file, None, str(item)) for file, item in shard.documents if isinstance(item, LitBertError)]
    given = [(file, item) for file, item in shard.documents if isinstance(item, Document)]
    parts = []
    ids: set[str] = set()
    words = entities = lacking = 0
    path = to.folder / f"part-{shard.number:06}{output.ending}"
    with nlp.memory_zone():  # frees what the texts leave in the vocabulary
        for file, document, doc in _docs(nlp, given):
            try:
                if isinstance(doc, Exception):
                    raise doc
                if output.unique and document.id in ids:
                    raise LitBertError(Errors.L415.format(id=document.id, format=to.format))
                n_mentions = len(doc.ents if to.spans_key is None else doc.spans.get(to.spans_key, ()))
                parts.append(output.encode(identified(doc, document), to.spans_key))
            except Exception as error:  # whatever a component makes of a text
                reason = str(error) if isinstance(error, LitBertError) else f"{type(error).__name__}: {error}"
                rejected.append(Rejected(file, document.id, reason))
                lacking += isinstance(doc, Doc) and to.spans_key is not None and to.spans_key not in doc.spans
                if lacking == len(given) and shard.number == 0:
                    raise
                continue
            ids.add(document.id)
            words += len(document.text.split())
            entities += n_mentions
        with (replacing if output.ending else replacing_folder)(path) as partial:
            output.write(partial, parts)
    _write_rejected(to.folder / f"rejects-{shard.number:06}.jsonl", rejected)
    return Done(
        shard=shard.number,
        documents=len(parts),
        rejected=len(rejected),
        words=words,
        entities=entities,
        file=path.name,
        bytes=size_of(path),
        sha256=folder_checksum(path) if path.is_dir() else file_checksum(path),
        end=shard.end,
    )


def annotate_in_worker(pipeline: str, gpu_id: int, to: Destination, shard: Shard) -> Done:
    """Annotate a shard in a process that does nothing else, with a pipeline that is loaded once.

    gpu_id: as of ``use_gpu``.
    """
    return annotate_shard(_loaded(pipeline, gpu_id), shard, to)


@cache
def _loaded(pipeline: str, gpu_id: int) -> Language:
    """Load the pipeline of a worker, which keeps to one core."""
    use_gpu(gpu_id)
    nlp = load_pipeline(pipeline)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
    return nlp


def _docs(nlp: Language, given: list[tuple[str, Document]]) -> Iterator[tuple[str, Document, Doc | Exception]]:
    """Yield the Docs of documents, a batch at a time; the texts of a batch that fails are tried one by one."""
    for start in range(0, len(given), nlp.batch_size):
        batch = given[start : start + nlp.batch_size]
        docs = annotate_texts(nlp, [document.text for _, document in batch])
        for (file, document), doc in zip(batch, docs):
            yield file, document, doc


def _write_rejected(path: Path, rejected: list[Rejected]) -> None:
    if not rejected:
        path.unlink(missing_ok=True)
        return
    rows: list[dict[str, Any]] = [{"file": one.file, "id": one.id, "error": one.error} for one in rejected]
    with replacing(path) as partial, partial.open("w", encoding="utf8", newline="\n") as file:
        file.writelines(json_text(row) + "\n" for row in rows)
