"""One process or several (torchrun): who is first, the few words they exchange, and the memory they keep."""

from __future__ import annotations

import ctypes
import os
import platform
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h


@dataclass(frozen=True)
class Processes:
    """This process among those of the run. control: the group for words between CPUs; None if it is alone."""

    rank: int
    n: int
    device: torch.device
    control: distributed.ProcessGroup | None

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Wrap the model, so that its gradients are the means over all processes."""
        return model if self.n == 1 else DistributedDataParallel(model, broadcast_buffers=False)

    def total(self, tensor: Tensor) -> Tensor:
        """Sum over all processes."""
        if self.n > 1:
            tensor = tensor.cpu()
            distributed.all_reduce(tensor, group=self.control)
        return tensor

    def agree(self, elapsed: float, stop: bool) -> tuple[float, bool]:
        """Tell all the first process's time, and whether any was told to stop."""
        if self.n == 1:
            return elapsed, stop
        words = torch.tensor([elapsed if self.first else 0.0, float(stop)], dtype=torch.float64)
        distributed.all_reduce(words, group=self.control)
        return float(words[0]), bool(words[1] > 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.n > 1:
            distributed.barrier(group=self.control)


def join_processes() -> Processes:
    """Find the others if torchrun started us; use a GPU if there is one."""
    cuda = torch.cuda.is_available()
    if "RANK" not in os.environ:
        return Processes(0, 1, torch.device("cuda" if cuda else "cpu"), None)
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if cuda else "cpu")
    if cuda:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if cuda else "gloo")
    control = distributed.new_group(backend="gloo")
    return Processes(distributed.get_rank(), distributed.get_world_size(), device, control)


def leave_processes(processes: Processes) -> None:
    if processes.n > 1:
        distributed.destroy_process_group()


def keep_freed_memory() -> None:
    """Tell glibc's allocator not to return blocks of up to 32 MB to the system. Elsewhere, do nothing.

    On a CPU a third of a step was page faults.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    for parameter, value in ((_MMAP_THRESHOLD, 1 << 25), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 1 << 28)):
        libc.mallopt(parameter, value)
