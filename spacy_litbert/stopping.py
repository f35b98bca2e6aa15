"""How a training is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stopping(request: Callable[[], None]) -> Iterator[None]:
    """Call ``request`` at SIGTERM and at the first Ctrl-C, as long as the block lasts; a second Ctrl-C interrupts.

    Outside the main thread nothing is called. Where Ctrl-C is ignored, as in a shell's background jobs, it stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, _: Any) -> None:
        if number == signal.SIGINT:
            signal.signal(number, before[signal.SIGINT])
        request()

    for number, handler in before.items():
        if handler is not signal.SIG_IGN or number != signal.SIGINT:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
