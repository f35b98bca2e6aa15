"""A whole run: files in, shards of annotations out, the manifest in between."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from time import monotonic

from tqdm import tqdm

from ..about import __version__
from ..corpora.formats import find_files, would_find
from ..corpora.writers.outputs import OUTPUTS
from ..errors import Errors, LitBertError
from ..files import folder_checksum
from ..pipelines import pipeline_folder
from ..targets import check_target
from .cluster import Cluster, annotate_on_cluster, check_ray
from .manifest import NAME, Done, Manifest, made, opened
from .pool import annotate_alone, annotate_in_pool
from .shards import cut
from .worker import Destination

ENGINES = ("local", "ray")
_ENDS = 1 << 16  # bytes at both ends of a file that tell whether it is the same


@dataclass(frozen=True)
class Summary:
    """What a run and those before it in the same folder did.

    documents, rejected, words, entities: of all shards.
    new_words, seconds: of this run.
    """

    documents: int
    rejected: int
    words: int
    entities: int
    new_words: int
    seconds: float


def annotate(
    pipeline: str | Path,
    inputs: Sequence[str | Path],
    output: Path,
    *,
    output_format: str = "jsonl",
    spans_key: str | None = None,
    engine: str = "local",
    n_process: int = 1,
    address: str | None = None,
    gpus_per_worker: float = 0.0,
    gpu_id: int = -1,
    shard_size: int = 1000,
    progress: bool = False,
) -> Summary:
    """Annotate the documents of files, folders and patterns with a pipeline, into files in the folder ``output``.

    output_format: one of ``jsonl``, ``pubtator``, ``bioc-xml``, ``bioc-json``, ``brat``, ``docbin``, ``parquet``.
    spans_key: of a group of ``doc.spans``, which may lie over one another, to be written instead of ``doc.ents``.
    engine: what runs the pipeline: ``local``, processes on this machine, or ``ray``, those of a Ray cluster.
    n_process: processes, each with a pipeline of its own.
    address, gpus_per_worker: for ``ray`` (see ``cluster.Cluster``).
    gpu_id: for ``local``, of the GPU that all processes share; -1 for the CPU.
    shard_size: documents of one file of annotations.
    progress: show progress.

    A run that was interrupted is gone on with by the same call, with either engine; shards that are done stay as they
    are. A document that can't be read, annotated or written is set aside in ``rejects-….jsonl``, and the run goes on.

    Raises LitBertError L218 if ``output`` holds anything else, L626 if it was begun with other inputs or settings, L627
    if another process is writing to it, L628 if a worker dies over a shard again and again, L340 or L341 for a
    pipeline that can't be loaded, L224 and L403 for inputs that are no files of a known format, L003, L004, L625, L633
    and L636 for settings that can't be, L006 without the GPU, L629–L632 for a cluster that does not fit, L635 in a
    process that is only reading the program which annotates.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself asks
        raise LitBertError(Errors.L635)
    _check_settings(output_format, engine, n_process, shard_size)
    _check_engine(engine, address, gpus_per_worker, gpu_id)
    folder = pipeline_folder(pipeline)
    name = pipeline if isinstance(pipeline, str) else str(pipeline.absolute())  # a Path is never a package's name
    files = find_files(inputs)
    _check_patterns(inputs, output, OUTPUTS[output_format].ending)
    sources = [path for path in map(Path, inputs) if path.exists()]
    check_target(
        output,
        sources=[*sources, *files, folder],
        made=made,
        what="folder of annotations",
        option=None,
        in_place=True,
    )
    settings = {
        "spacy_litbert": __version__,
        "pipeline": str(pipeline),
        "pipeline_sha256": folder_checksum(folder),
        "format": output_format,
        "spans_key": spans_key,
        "shard_size": shard_size,
        "inputs": [described(path) for path in files],
    }
    began = monotonic()
    with opened(output, settings) as manifest:
        earlier = sum(done.words for done in manifest.done.values())
        number, start = manifest.next_place()
        shards = (
            shard for shard in cut(files, shard_size, number=number, start=start) if shard.number not in manifest.done
        )
        to = Destination(output, output_format, spans_key)
        if engine == "ray":
            cluster = Cluster(n_process, gpus_per_worker, address)
            finished = annotate_on_cluster(name, shards, to, cluster)
        elif n_process == 1:
            finished = annotate_alone(name, shards, to, gpu_id)
        else:
            finished = annotate_in_pool(name, shards, to, n_process, gpu_id)
        _follow(manifest, finished, [path.stat().st_size for path in files], progress=progress)
        return _summary(manifest, earlier, monotonic() - began)


def _check_settings(output_format: str, engine: str, n_process: int, shard_size: int) -> None:
    for name, choice, choices in (("output_format", output_format, [*OUTPUTS]), ("engine", engine, ENGINES)):
        if choice not in choices:
            raise LitBertError(Errors.L003.format(name=name, value=choice, choices=", ".join(choices)))
    for name, value in (("n_process", n_process), ("shard_size", shard_size)):
        if value < 1:
            raise LitBertError(Errors.L004.format(name=name, value=value, minimum=1))
    OUTPUTS[output_format].check()


def _check_patterns(inputs: Sequence[str | Path], output: Path, ending: str) -> None:
    """Refuse a pattern that would name what is written as well, so that the run could not be gone on with."""
    written = (output / NAME, output / f"part-000000{ending or '/ID.txt'}")
    for pattern in inputs:
        if not os.path.lexists(pattern) and any(would_find(pattern, path) for path in written):
            problem = f"the pattern {pattern} would name the files in it as well"
            raise LitBertError(Errors.L218.format(path=output, problem=problem))


def _check_engine(engine: str, address: str | None, gpus_per_worker: float, gpu_id: int) -> None:
    if gpus_per_worker < 0:
        raise LitBertError(Errors.L004.format(name="gpus_per_worker", value=gpus_per_worker, minimum=0))
    if engine == "ray":
        if gpu_id >= 0:
            raise LitBertError(Errors.L636)
        check_ray()
        return
    for name, given in (("address", address), ("gpus_per_worker", gpus_per_worker)):
        if given:
            raise LitBertError(Errors.L633.format(name=name))


def _follow(manifest: Manifest, finished: Iterable[Done], sizes: list[int], *, progress: bool) -> None:
    done = manifest.done.values()
    n_documents, n_rejected = sum(one.documents for one in done), sum(one.rejected for one in done)
    so_far = Expected(sizes)
    for one in done:
        so_far.add(one)
    with tqdm(unit=" words", unit_scale=True, initial=so_far.words, disable=not progress) as bar:
        for one in finished:
            manifest.add(one)
            so_far.add(one)
            n_documents += one.documents
            n_rejected += one.rejected
            bar.total = max(so_far.words, round(so_far.in_all))
            bar.set_postfix_str(f"{n_documents:,} documents, {n_rejected:,} rejected", refresh=False)
            bar.update(one.words)
        bar.total = so_far.words
        bar.refresh()


class Expected:
    """An estimate of the words of all files, by those of the shards that are done and how much of the files they are.

    sizes: the bytes of each file.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.words = 0
        self._ends = [0, *accumulate(sizes)]  # of the files, end to end
        self._n_shards = 0
        self._last: Done | None = None

    def add(self, done: Done) -> None:
        """Count a shard that is done; they may come in any order."""
        self.words += done.words
        self._n_shards += 1
        if self._last is None or done.shard > self._last.shard:
            self._last = done

    @property
    def in_all(self) -> float:
        """The words of all files, once a shard is done."""
        if self._last is None:
            return 0.0
        end = self._last.end
        read = self._ends[end.file] + end.bytes if end.bytes else self._ends[end.file + 1]
        return self.words / self._n_shards * (self._last.shard + 1) * self._ends[-1] / max(1, read)


def _summary(manifest: Manifest, earlier: int, seconds: float) -> Summary:
    shards = manifest.done.values()
    words = sum(done.words for done in shards)
    return Summary(
        documents=sum(done.documents for done in shards),
        rejected=sum(done.rejected for done in shards),
        words=words,
        entities=sum(done.entities for done in shards),
        new_words=words - earlier,
        seconds=seconds,
    )


def described(path: Path) -> list[str | int]:
    """Return what the manifest says of an input: its path, its size in bytes, and a checksum of both its ends."""
    return [str(path), path.stat().st_size, _fingerprint(path)]


def _fingerprint(path: Path) -> str:
    with path.open("rb") as stream:
        digest = blake2b(stream.read(_ENDS), digest_size=16)
        stream.seek(max(0, path.stat().st_size - _ENDS))
        digest.update(stream.read(_ENDS))
    return digest.hexdigest()
