"""Workers on a Ray cluster, each with a pipeline of its own. Ray finds places for them, and nothing else.

What a shard is, what is done and what is left to do is said in one place, as for local processes. ``ray.data`` would
cut and repeat as it sees fit, and ``ray.util.ActorPool`` does not tell over which shard a worker died.
"""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from ..about import __version__
from ..errors import Errors, LitBertError
from ..files import folder_checksum
from ..gpu import use_gpu
from ..pipelines import is_installed, pipeline_folder
from .manifest import Done, begun, size_of
from .pool import TRIES, died
from .shards import Shard
from .worker import Destination, annotate_in_worker


@dataclass(frozen=True)
class Cluster:
    """Where workers run.

    workers: the most at a time, a core each. gpus_per_worker: and so much of a GPU.
    address: of a cluster that is running (``auto``, ``HOST:6379``); None begins one on this machine and ends it.
    """

    workers: int = 1
    gpus_per_worker: float = 0.0
    address: str | None = None


def check_ray() -> None:
    """Raise LitBertError L625 if Ray is missing."""
    if find_spec("ray") is None:
        raise LitBertError(Errors.L625.format(package="ray", extra="ray"))


def annotate_on_cluster(pipeline: str, shards: Iterable[Shard], to: Destination, cluster: Cluster) -> Iterator[Done]:
    """Annotate shards with workers on a cluster; yield what is done as it is done.

    A worker has one shard at a time, and the next one is read meanwhile. If it dies, another takes its place and the
    shard is done again.

    Raises LitBertError L628 for a shard over which workers died again and again, when all others that were begun are
    finished, L629 if a worker does not see the folder or this process not what it wrote, L630 for a worker with another
    version of this package or of the pipeline, L631 for a cluster without room for one worker, L632 for one that does
    not answer or where no worker begins.
    """
    shards = iter(shards)
    queue = deque(islice(shards, 1))
    if not queue:  # Ray takes seconds to begin
        return
    import ray
    from ray.exceptions import RayError, RayTaskError

    pipeline = pipeline if is_installed(pipeline) else str(Path(pipeline).absolute())
    to = replace(to, folder=to.folder.absolute())  # a worker's current folder is its own
    expected = begun(to.folder)
    running: dict[Any, tuple[Any, Shard | None]] = {}
    deaths: Counter[int | None] = Counter()
    hopeless: Shard | None = None
    with _connected(cluster):
        remote = ray.remote(num_cpus=1, num_gpus=cluster.gpus_per_worker)(Worker)

        def hire() -> None:
            worker = remote.remote(pipeline, to)
            running[worker.begin.remote(expected, cluster.gpus_per_worker)] = worker, None

        for _ in range(cluster.workers):
            hire()
        while queue or any(shard for _, shard in running.values()):
            [ready], _ = ray.wait([*running], num_returns=1)
            worker, shard = running.pop(ready)
            try:
                done = ray.get(ready)
            except RayTaskError as error:
                raise error.cause from error
            except RayError as error:  # the worker is gone, or its machine, or the way to it
                ray.kill(worker)
                deaths[shard.number if shard else None] += 1
                if shard is None and deaths[None] >= TRIES * cluster.workers:
                    raise LitBertError(Errors.L632.format(address=cluster.address, reason=error)) from error
                if shard is not None and deaths[shard.number] < TRIES:
                    queue.append(shard)
                elif shard is not None:
                    hopeless, shards = shard, iter(())
                    queue.clear()
                hire()
                continue
            if queue:
                following = queue.popleft()
                running[worker.annotate.remote(following)] = worker, following
            if done is not None:
                if size_of(to.folder / done.file) != done.bytes:
                    raise LitBertError(Errors.L629.format(path=to.folder / done.file, host="this machine"))
                yield done
            queue.extend(islice(shards, 0 if queue else 1))
    if hopeless is not None:
        raise died(hopeless)


class Worker:
    """What runs elsewhere: a process that holds a pipeline, loaded for the first shard."""

    def __init__(self, pipeline: str, to: Destination) -> None:
        self._pipeline = pipeline
        self._to = to

    def begin(self, expected: dict[str, Any], gpus: float) -> None:
        """Check that this machine has the same folder, package and pipeline as the one where the run was begun."""
        host = socket.gethostname()
        if begun(self._to.folder) != expected:
            raise LitBertError(Errors.L629.format(path=self._to.folder, host=host))
        mine = {"spacy_litbert": __version__, "pipeline_sha256": folder_checksum(pipeline_folder(self._pipeline))}
        for name, found in mine.items():
            if found != expected[name]:
                raise LitBertError(Errors.L630.format(host=host, name=name, found=found, expected=expected[name]))
        use_gpu(0 if gpus else -1)  # of those that Ray lets this process see

    def annotate(self, shard: Shard) -> Done:
        return annotate_in_worker(self._pipeline, -1, self._to, shard)


@contextmanager
def _connected(cluster: Cluster) -> Iterator[None]:
    """Connect to a cluster, or begin one here, unless this process has done so; leave it as it was found."""
    import ray

    if ray.is_initialized():
        _check_room(cluster)
        yield
        return
    address = cluster.address or os.environ.get("RAY_ADDRESS")
    here = {} if address else {"num_cpus": cluster.workers, "include_dashboard": False}
    try:
        ray.init(address or "local", logging_level="WARNING", **here)
    except Exception as error:  # of many kinds: no such machine, nothing that answers, another version
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LitBertError(Errors.L632.format(address=address, reason=reason)) from error
    try:
        _check_room(cluster)
        yield
    finally:
        ray.shutdown()


def _check_room(cluster: Cluster) -> None:
    import ray

    needed = {"CPU": 1.0, "GPU": cluster.gpus_per_worker}
    found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(one.get(name, 0.0) >= n for name, n in needed.items()) for one in found):
        named = "; ".join(f"{one.get('CPU', 0.0):g} CPU, {one.get('GPU', 0.0):g} GPU" for one in found)
        raise LitBertError(Errors.L631.format(gpus=cluster.gpus_per_worker, found=named))
