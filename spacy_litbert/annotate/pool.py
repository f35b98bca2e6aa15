"""Worker processes, each with a pipeline of its own; one that is killed is replaced, and its shards are done again."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from threading import Thread
from typing import Any

from ..errors import Errors, LitBertError
from ..gpu import use_gpu
from ..pipelines import load_pipeline
from .manifest import Done
from .shards import Shard
from .worker import Destination, annotate_in_worker, annotate_shard

TRIES = 3


def annotate_alone(pipeline: str, shards: Iterable[Shard], to: Destination, gpu_id: int = -1) -> Iterator[Done]:
    """Annotate shards in this process. gpu_id: as of ``use_gpu``."""
    nlp = None  # it takes long to load, and perhaps there is nothing to do
    for shard in shards:
        if nlp is None:
            use_gpu(gpu_id)
            nlp = load_pipeline(pipeline)
        yield annotate_shard(nlp, shard, to)


def annotate_in_pool(
    pipeline: str, shards: Iterable[Shard], to: Destination, n_process: int, gpu_id: int = -1
) -> Iterator[Done]:
    """Annotate shards in ``n_process`` processes; yield what is done as it is done. Two shards a process are begun.

    gpu_id: of the GPU that they share; -1 for the CPU.

    When a worker dies, the shards that were begun are done again; those that it happens to twice, one by one, so that
    the one to blame shows.

    Raises LitBertError L628 for a shard over which a worker died again and again.
    """
    annotate = partial(annotate_in_worker, pipeline, gpu_id, to)
    shards = iter(shards)
    pool = _pool(n_process)
    begun: dict[Future[Done], Shard] = {}
    again: list[Shard] = []
    deaths: Counter[int] = Counter()
    try:
        while True:
            lost = []
            for shard in islice(chain(_taken(again), shards), 2 * n_process - len(begun)):
                try:
                    begun[pool.submit(annotate, shard)] = shard
                except BrokenProcessPool:
                    lost.append(shard)
            if not begun and not lost:
                return
            for future in wait(begun, return_when=FIRST_COMPLETED).done:
                shard = begun.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    lost.append(shard)
            if lost:
                pool.shutdown()
                lost += begun.values()
                begun = {}
                deaths.update(shard.number for shard in lost)
                again += (shard for shard in lost if deaths[shard.number] < TRIES - 1)
                suspects = [shard for shard in lost if deaths[shard.number] >= TRIES - 1]
                outcomes = [(shard, _by_itself(annotate, shard)) for shard in suspects]
                to_blame = [shard for shard, done in outcomes if done is None]
                if to_blame:  # all others that were begun are finished first
                    outcomes += [(shard, _by_itself(annotate, shard)) for shard in again]
                yield from (done for _, done in outcomes if done is not None)
                if to_blame:
                    raise died(to_blame[0])
                pool = _pool(n_process)
    finally:
        pool.shutdown(cancel_futures=True)


def died(shard: Shard) -> LitBertError:
    """Make the error L628 for a shard over which workers died ``TRIES`` times."""
    file, item = shard.documents[0]
    return LitBertError(Errors.L628.format(n=TRIES, shard=shard.number, id=getattr(item, "id", None), path=file))


def _taken(shards: list[Shard]) -> Iterator[Shard]:
    while shards:
        yield shards.pop(0)


def _by_itself(annotate: Callable[[Shard], Done], shard: Shard) -> Done | None:
    """Annotate a shard in a process of its own; return None if it dies."""
    with _pool(1) as pool:
        try:
            return pool.submit(annotate, shard).result()
        except BrokenProcessPool:
            return None


def _pool(n_workers: int) -> ProcessPoolExecutor:
    # Not forked from this process: a worker would inherit torch's threads, and the lock of the manifest.
    context: Any = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    if os.name == "posix":
        # Imports that take seconds and room, once for all workers; spaCy loads the second with any pipeline.
        context.set_forkserver_preload([__name__, "spacy_transformers"])
    return ProcessPoolExecutor(n_workers, context, initializer=_begin)


def _begin() -> None:
    """Prepare a worker: it ends with its parent, and lets the parent answer Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # what it was about to write is not in its place, and will be done again
