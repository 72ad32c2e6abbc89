"""One thread that calls back when a time has come: patience of waits, pauses between retries."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from hotline.mishaps import trail

log = logging.getLogger("hotline.timers")


class Timers:
    """Call-backs at monotonic times. A call-back must be quick; it runs on the timer's thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def after(self, ms: int, call: Callable[[], None]) -> None:
        """Calls `call` once, `ms` milliseconds from now."""
        with self._change:
            entry = (time.monotonic() + ms / 1000, next(self._count), call)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._change.notify()

    def close(self) -> None:
        """Forgets what is still to come and ends the thread."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._closed and (not self._heap or self._heap[0][0] > time.monotonic()):
                    self._change.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                if self._closed:
                    return
                call = heapq.heappop(self._heap)[2]
            try:
                call()
            except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
                log.error("a timer's call failed: %s", trail(error))
