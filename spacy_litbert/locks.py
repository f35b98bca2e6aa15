"""A lock for what threads share, in processes that fork."""

from __future__ import annotations

import os
from threading import Lock


def lock_across_forks() -> Lock:
    """Make a lock that no forked child inherits locked: a fork waits until it is free. One a module is enough."""
    lock = Lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
