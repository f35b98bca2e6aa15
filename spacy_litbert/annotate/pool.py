"""Worker processes, each with a pipeline of its own; one that is killed is replaced, and its shards are done again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from threading import Thread

from spacy.language import Language

from ..errors import Errors, LitBertError
from ..pipelines import load
from .manifest import Done
from .shards import Shard
from .worker import annotate_shard

_TRIES = 3

_load: Callable[[], Language]  # of this worker
_nlp: Language | None = None


def annotate_alone(pipeline: str, shards: Iterable[Shard], folder: Path, output_format: str) -> Iterator[Done]:
    """Annotate shards in this process."""
    nlp = load(pipeline)
    for shard in shards:
        yield annotate_shard(nlp, shard, folder, output_format)


def annotate_in_pool(
    pipeline: str, shards: Iterable[Shard], folder: Path, output_format: str, n_process: int
) -> Iterator[Done]:
    """Annotate shards in ``n_process`` processes; yield what is done as it is done. Two shards a process are begun.

    Raises LitBertError L628 for a shard over which a worker died three times while nothing else was done.
    """
    shards = iter(shards)
    pool = _pool(pipeline, n_process, n_process)
    begun: dict[Future[Done], Shard] = {}
    try:
        while True:
            try:
                for shard in islice(shards, 2 * n_process - len(begun)):
                    begun[pool.submit(_annotate, shard, folder, output_format)] = shard
                if not begun:
                    return
                for future in wait(begun, return_when=FIRST_COMPLETED).done:
                    done = future.result()
                    del begun[future]
                    yield done
            except BrokenProcessPool:
                left, begun = begun, {}
                pool.shutdown()
                for future, shard in left.items():
                    whole = future.done() and not future.exception()
                    yield future.result() if whole else _by_itself(pipeline, shard, folder, output_format, n_process)
                pool = _pool(pipeline, n_process, n_process)
    finally:
        pool.shutdown(cancel_futures=True)


def _by_itself(pipeline: str, shard: Shard, folder: Path, output_format: str, n_process: int) -> Done:
    for _ in range(_TRIES):
        with _pool(pipeline, 1, n_process) as pool:
            try:
                return pool.submit(_annotate, shard, folder, output_format).result()
            except BrokenProcessPool:
                continue
    file, item = shard.documents[0]
    raise LitBertError(Errors.L628.format(n=_TRIES, shard=shard.number, id=getattr(item, "id", None), path=file))


def _pool(pipeline: str, n_workers: int, n_process: int) -> ProcessPoolExecutor:
    # Spawned: a forked worker would inherit torch's threads, and the lock of the manifest.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n_workers, context, initializer=_begin, initargs=(pipeline, n_process))


def _begin(pipeline: str, n_process: int) -> None:
    """Prepare a worker: it ends with its parent, lets the parent answer Ctrl-C, and takes its share of the cores."""
    global _load
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()

    def load_pipeline() -> Language:
        nlp = load(pipeline)
        if "torch" in sys.modules:
            import torch

            torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_process))
        return nlp

    _load = load_pipeline


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # what it was about to write is not in its place, and will be done again


def _annotate(shard: Shard, folder: Path, output_format: str) -> Done:
    global _nlp
    if _nlp is None:
        _nlp = _load()
    return annotate_shard(_nlp, shard, folder, output_format)
