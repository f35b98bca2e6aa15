"""How a training is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping(request: Callable[[], None]) -> Iterator[None]:
    """Call ``request`` at SIGTERM, as long as the block lasts. Outside the main thread, nothing is called."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: request())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
