"""One thread calls back in the order of time, whatever becomes of a single call."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator

import pytest

from actions.timers import Timers

LONG_MS = 3_600_000


@pytest.fixture
def timers() -> Iterator[Timers]:
    """Timers that end with the test."""
    timers = Timers()
    yield timers
    timers.close()


def test_calls_come_in_the_order_of_their_times(timers: Timers) -> None:
    """A later one that was asked for first waits for the earlier one."""
    called: queue.Queue[str] = queue.Queue()
    timers.after(LONG_MS, lambda: called.put("never"))
    timers.after(60, lambda: called.put("second"))
    timers.after(1, lambda: called.put("first"))
    assert [called.get(timeout=30) for _ in range(2)] == ["first", "second"]
    assert called.empty()


def test_equal_times_keep_their_order(timers: Timers) -> None:
    """What was asked for first is called first."""
    called: queue.Queue[int] = queue.Queue()
    for n in range(20):
        timers.after(0, lambda n=n: called.put(n))  # type: ignore[misc]
    assert [called.get(timeout=30) for _ in range(20)] == list(range(20))


def test_a_call_that_fails_stops_no_other(timers: Timers, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged by its class and place, not by its text."""
    called = threading.Event()

    def fail() -> None:
        raise ValueError("13800138000")

    with caplog.at_level(logging.ERROR):
        timers.after(0, fail)
        timers.after(0, called.set)
        assert called.wait(30)
    assert "ValueError at fail" in caplog.text
    assert "13800138000" not in caplog.text


def test_a_call_may_ask_for_the_next_one(timers: Timers) -> None:
    """A poll goes on from its own call-back."""
    called = threading.Event()
    timers.after(0, lambda: timers.after(0, called.set))
    assert called.wait(30)


def test_closing_forgets_what_is_still_to_come() -> None:
    """The thread ends at once; what comes later is taken and never called."""
    timers = Timers()
    called = threading.Event()
    timers.after(LONG_MS, called.set)
    timers.close()
    timers.after(0, called.set)
    assert not called.is_set()
    assert not timers._thread.is_alive()


def test_a_cancelled_call_is_never_made(timers: Timers) -> None:
    """Cancelled before its time it is dropped; those before and after it come."""
    called: queue.Queue[str] = queue.Queue()
    timers.after(0, lambda: called.put("first"))
    timer = timers.after(LONG_MS, lambda: called.put("cancelled"))
    timer.cancel()
    early = timers.after(50, lambda: called.put("cancelled"))
    early.cancel()
    timers.after(60, lambda: called.put("last"))
    assert [called.get(timeout=30) for _ in range(2)] == ["first", "last"]
    timers.close()
    assert called.empty()
