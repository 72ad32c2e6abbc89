"""One thread that calls back when a time has come: time-outs, patience, pauses between retries."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from traceback import extract_tb

log = logging.getLogger(__name__)


class Timer:
    """A call that is to come."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forgets the call; one that is being made just now is made all the same."""
        self.call = None


class Timers:
    """Call-backs at monotonic times. A call-back must be quick; it runs on the timers' thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def after(self, ms: float, call: Callable[[], None]) -> Timer:
        """Calls `call` once, `ms` milliseconds from now, unless it is cancelled before."""
        timer = Timer(call)
        with self._change:
            entry = (time.monotonic() + ms / 1000, next(self._count), timer)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._change.notify()
        return timer

    def close(self) -> None:
        """Forgets what is still to come and ends the thread."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
                place = extract_tb(error.__traceback__)[-1]
                log.error("a timer's call failed: %s at %s", type(error).__name__, place.name)

    def _next(self) -> Callable[[], None] | None:
        """Waits for the next call that is due and wanted; None at the end."""
        with self._change:
            while not self._closed:
                left = self._heap[0][0] - time.monotonic() if self._heap else None
                if left is None or left > 0:
                    self._change.wait(left)
                    continue
                call = heapq.heappop(self._heap)[2].call
                # Most are cancelled. Those that are next go now, so that nobody wakes for them;
                # one that was just pushed stays: with it in the heap the next one wakes nobody.
                while self._heap and self._heap[0][2].call is None:
                    heapq.heappop(self._heap)
                if call is not None:
                    return call
        return None
