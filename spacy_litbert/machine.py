"""Name the machine's processor, for records of how figures came about."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_name() -> str:
    """Return a name such as ``AMD EPYC``; the architecture where the system does not tell."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
