"""Lanes: bounded thread pools that carry out scripts of blocking calls, each with its deadline.

A script is a generator that yields Call and Pause and returns its result. It is never run by two
threads at once. A call past its time is abandoned: the script goes on with NoAnswer while the
thread stays with the call until it returns, counted against the lane's bound, so that a hanging
backend can use up its own lane and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from actions.port import NoAnswer
from actions.timers import Timers

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

    def left_ms(self) -> float:
        """How much of its time is left, in milliseconds."""
        return (self.ends - time.monotonic()) * 1000


class _Worker:
    """A thread of a lane: asleep on `wake` until it is handed a task."""

    __slots__ = ("task", "wake")

    def __init__(self, task: _Task[Any]) -> None:
        self.task: _Task[Any] | None = task
        self.wake = threading.Lock()
        self.wake.acquire()


class Lane:
    """A bounded pool of threads, started as they are needed, and its bounded queue."""

    def __init__(self, name: str, settings: LaneSettings, timers: Timers) -> None:
        self.settings = settings
        self._name = name
        self._timers = timers
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, _Task[Any]] = OrderedDict()  # FIFO that gives up its middle
        self._idle: list[_Worker] = []  # the last one to fall asleep is woken first: it is warm
        self._threads = 0
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
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().wake.release()

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
            left_ms = task.left_ms()
            value, error = None, OutOfTime()
            if isinstance(step, Pause):
                if step.ms < left_ms:
                    self._timers.after(step.ms, partial(self._expire, task, task.turn, None))
                    return
            elif left_ms > 0:
                task.call = step.run
                if self._hand_out(task):
                    return
                error = LaneFull()

    def _hand_out(self, task: _Task[Any]) -> bool:
        """Gives a task's call to a thread or puts it in the queue; False when that is full."""
        with self._lock:
            if self._idle:
                worker = self._idle.pop()
                worker.task = task
                worker.wake.release()
                return True
            if self._threads < self.settings.threads:
                self._threads += 1
                threading.Thread(
                    target=self._serve,
                    args=(_Worker(task),),
                    name=f"bss-{self._name}",
                    daemon=True,
                ).start()
                return True
            if len(self._waiting) >= self.settings.queue:
                return False
            self._waiting[id(task)] = task
            turn = task.turn
        self._timers.after(task.left_ms(), partial(self._expire, task, turn, OutOfTime()))
        return True

    def _serve(self, worker: _Worker) -> None:
        while True:
            task, worker.task = worker.task, None
            if task is not None:
                self._carry_out(task)
            with self._lock:
                if self._waiting:
                    worker.task = self._waiting.popitem(last=False)[1]
                    worker.task.turn += 1
                    continue
                if self._closed:
                    self._threads -= 1
                    return
                self._idle.append(worker)
            worker.wake.acquire()

    def _carry_out(self, task: _Task[Any]) -> None:
        turn = task.turn
        limit = partial(self._expire, task, turn, NoAnswer("timed_out"))
        timer = self._timers.after(min(self.settings.attempt_ms, task.left_ms()), limit)
        value, error = None, None
        try:
            assert task.call is not None
            value = task.call()
        except Exception as raised:  # noqa: BLE001  the script decides what it means
            error = raised
        timer.cancel()
        if self._claim(task, turn):
            self._advance(task, value, error)

    def _claim(self, task: _Task[Any], turn: int) -> bool:
        with self._lock:
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
        task.call = None  # it may hold a password; a timer keeps the task for a while
        task.future.set_result(result)
        if task.done is not None:
            try:
                task.done(result)
            except Exception as bad:  # noqa: BLE001  a thread of the lane outlives its callers
                log.error("a result could not be handed over: %s", type(bad).__name__)
