"""Lanes: bounded thread pools that carry out scripts of blocking calls, each with its deadline.

A script is a generator that yields Call and Pause and returns its result. It is never run by two
threads at once. A call past its time is abandoned: the script goes on with NoAnswer while the
thread stays with the call until it returns, counted against the lane's bound, so that a hanging
backend can use up its own lane and nothing else.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from actions.port import NoAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")


class Call(NamedTuple):
    """A blocking call to be made on a thread of the lane; sends its value or raises its error."""

    run: Callable[[], Any]


class Pause(NamedTuple):
    """Time to let pass before going on, in milliseconds; occupies no thread."""

    ms: int


Script = Generator[Call | Pause, Any, T]


class OutOfTime(Exception):
    """The script's time is over; the call that it waits for has not been made."""


class LaneFull(Exception):
    """All threads are busy and the queue is full; the call has not been made."""


class LaneSettings(NamedTuple):
    """How much a backend gets. Times are milliseconds; the first back-off doubles each time."""

    threads: int = 8
    queue: int = 400
    attempt_ms: int = 3000
    total_ms: int = 8000
    attempts: int = 3
    backoff_ms: int = 200


class Timer:
    """One thread that calls back at deadlines. Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Calls back at `when`; the callback must be quick and must not raise."""
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bss-timer", daemon=True)
                self._thread.start()
            heapq.heappush(self._heap, (when, next(self._count), call))
            if self._heap[0][0] == when:
                self._wake.notify()

    def close(self) -> None:
        """Ends the thread; callbacks still due are dropped."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closed and (not self._heap or self._heap[0][0] > time.monotonic()):
                    left = self._heap[0][0] - time.monotonic() if self._heap else None
                    self._wake.wait(left if left is None else max(left, 0))
                if self._closed:
                    return
                call = heapq.heappop(self._heap)[2]
            call()


class _Task(Generic[T]):
    """A script under way. `turn` counts its states: whoever moves it on first has it."""

    __slots__ = ("call", "done", "ends", "failed", "future", "script", "turn")

    def __init__(
        self,
        script: Script[T],
        ends: float,
        done: Callable[[T], None] | None,
        failed: Callable[[Exception], T],
    ) -> None:
        self.script, self.ends, self.done, self.failed = script, ends, done, failed
        self.future: Future[T] = Future()
        self.call: Callable[[], Any] | None = None
        self.turn = 0


class Lane:
    """A bounded pool of threads, started as they are needed, and its bounded queue."""

    def __init__(self, name: str, settings: LaneSettings, timer: Timer) -> None:
        self.settings = settings
        self._name = name
        self._timer = timer
        self._work = threading.Condition()
        self._waiting: OrderedDict[int, _Task[Any]] = OrderedDict()  # FIFO that gives up its middle
        self._threads = 0
        self._idle = 0
        self._closed = False

    def start(
        self,
        script: Script[T],
        total_ms: int,
        done: Callable[[T], None] | None,
        failed: Callable[[Exception], T],
    ) -> Future[T]:
        """Runs a script to its end within `total_ms`.

        `done` gets the result on a thread of the lane, or before `start` returns when the script
        ends without a call; it hands over and returns, for it holds up that thread. `failed`
        turns an exception that leaves the script into a result.
        """
        task = _Task(script, time.monotonic() + total_ms / 1000, done, failed)
        self._advance(task, None, None)
        return task.future

    def close(self) -> None:
        """Lets idle threads end; those inside a call end when it returns."""
        with self._work:
            self._closed = True
            self._work.notify_all()

    def _advance(self, task: _Task[T], value: Any, error: Exception | None) -> None:
        """Moves the script on until it waits for a thread or a pause, or ends."""
        while True:
            try:
                step = task.script.throw(error) if error else task.script.send(value)
            except StopIteration as end:
                self._finish(task, end.value)
                return
            except Exception as bad:  # noqa: BLE001  a script's own fault must not lose its job
                self._finish(task, task.failed(bad))
                return
            left = task.ends - time.monotonic()
            value, error = None, OutOfTime()
            if isinstance(step, Pause):
                if step.ms / 1000 < left:
                    resume = partial(self._expire, task, task.turn, None)
                    self._timer.at(task.ends - left + step.ms / 1000, resume)
                    return
            elif left > 0:
                task.call = step.run
                if self._enqueue(task):
                    return
                error = LaneFull()

    def _enqueue(self, task: _Task[Any]) -> bool:
        with self._work:
            at_once = self._idle > len(self._waiting)
            if not at_once:
                if self._threads < self.settings.threads:
                    self._threads += 1
                    threading.Thread(
                        target=self._serve, name=f"bss-{self._name}", daemon=True
                    ).start()
                elif len(self._waiting) - self._idle >= self.settings.queue:
                    return False
            turn = task.turn
            self._waiting[id(task)] = task
            self._work.notify()
        if not at_once:
            self._timer.at(task.ends, partial(self._expire, task, turn, OutOfTime()))
        return True

    def _serve(self) -> None:
        while True:
            with self._work:
                while not self._waiting:
                    if self._closed:
                        self._threads -= 1
                        return
                    self._idle += 1
                    self._work.wait()
                    self._idle -= 1
                task = self._waiting.popitem(last=False)[1]
                task.turn += 1
                turn = task.turn
            self._carry_out(task, turn)

    def _carry_out(self, task: _Task[Any], turn: int) -> None:
        limit = min(time.monotonic() + self.settings.attempt_ms / 1000, task.ends)
        self._timer.at(limit, partial(self._expire, task, turn, NoAnswer("timed_out")))
        value, error = None, None
        try:
            assert task.call is not None
            value = task.call()
        except Exception as raised:  # noqa: BLE001  the script decides what it means
            error = raised
        if self._claim(task, turn):
            self._advance(task, value, error)

    def _claim(self, task: _Task[Any], turn: int) -> bool:
        with self._work:
            if task.turn != turn:
                return False
            task.turn += 1
            self._waiting.pop(id(task), None)
            return True

    def _expire(self, task: _Task[Any], turn: int, error: Exception | None) -> None:
        """A time-out (`error`) or the end of a pause (None), unless the task has moved on."""
        if self._claim(task, turn):
            self._advance(task, None, error)

    def _finish(self, task: _Task[T], result: T) -> None:
        task.call = None  # it may hold a password; the timer keeps the task for a while
        task.future.set_result(result)
        if task.done is not None:
            try:
                task.done(result)
            except Exception as bad:  # noqa: BLE001  a thread of the lane outlives its callers
                log.error("a result could not be handed over: %s", type(bad).__name__)
