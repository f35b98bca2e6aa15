from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from spacy_litbert.stopping import stopping


@pytest.fixture(autouse=True)
def ctrl_c_interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def test_the_first_ctrl_c_asks_and_the_second_interrupts() -> None:
    asked: list[int] = []
    with stopping(lambda: asked.append(1)):
        press()
        assert asked == [1]
        with pytest.raises(KeyboardInterrupt):
            press()
    assert asked == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_sigterm_asks_each_time() -> None:
    asked: list[int] = []
    before = signal.getsignal(signal.SIGTERM)
    with stopping(lambda: asked.append(1)):
        press(signal.SIGTERM)
        press(signal.SIGTERM)
    assert asked == [1, 1]
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stopping(lambda: pytest.fail("asked")):
        press()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    def handlers() -> list[object]:
        with stopping(lambda: None):
            return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert not set(handlers()) & set(before)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handlers).result() == before
