"""The worker processes of one `hotline serve`: started, replaced when they die, ended together.

Python works on about one core in a process. The supervisor, which has neither threads nor an open
record, forks; each worker then is a whole server over the same record, and accepts from the same
sockets. The first one comes up alone: it recovers, reads the site's files and says what listens.
When it doesn't come up, neither do the others. A worker ends when its lifeline closes, a pipe whose
other end only the supervisor holds: it was told to, or the supervisor is gone, however it went.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import sys
import time
from typing import NamedTuple

log = logging.getLogger("hotline.workers")

ENDS = (signal.SIGINT, signal.SIGTERM)
STEADY_S = 10.0
"""A worker that lived for so long is replaced at once."""
FIRST_PAUSE_S = 0.5
"""Before one that died sooner is replaced; doubled each time: what is broken shall cost little."""
LONGEST_PAUSE_S = 30.0


class Worker(NamedTuple):
    """A process that serves: the only one, or one of several.

    The one that `leads` (the first) does what only one shall do; when it is lost, another takes its
    place. One that is not `fresh` takes over from others, or stands beside them: it serves the
    version that they serve, and does not say again what was said at the start.
    """

    n: int = 0
    fresh: bool = True
    lifeline: int | None = None
    ready: int | None = None

    @property
    def alone(self) -> bool:
        """Whether there are no others, and no supervisor."""
        return self.lifeline is None

    @property
    def leads(self) -> bool:
        """Whether what only one shall do is up to this one."""
        return self.n == 0

    def attend(self, stop: asyncio.Event) -> None:
        """Sees to it that `stop` is set when it is to end. Called on the loop."""
        loop = asyncio.get_running_loop()
        lifeline = self.lifeline
        if lifeline is None:
            for name in ENDS:
                loop.add_signal_handler(name, stop.set)
            return

        def closed() -> None:
            loop.remove_reader(lifeline)
            stop.set()

        loop.add_reader(lifeline, closed)

    def up(self) -> None:
        """It serves now."""
        if self.ready is not None:
            os.write(self.ready, b"+")


class _Running(NamedTuple):
    """A worker as the supervisor sees it: `ready` gives a byte when it serves, and ends with it."""

    pid: int
    ready: int
    since: float


class Supervisor:
    """Keeps `size` workers going until SIGINT or SIGTERM."""

    def __init__(self, size: int) -> None:
        self._lifeline, self._held = os.pipe()
        self._heard, self._woken = os.pipe()  # a byte for each signal
        self._running: dict[int, _Running] = {}
        self._due = {0: time.monotonic()}  # the places to be filled, and from when on
        self._waiting = range(1, size)  # those that come when the first worker serves
        self._pauses: dict[int, float] = {}

    def run(self) -> Worker | int:
        """Returns in each worker, which is to serve then; here, when all have ended, the status.

        That is 0, or the first worker's when it did not come up.
        """
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._woken)
        for name in ENDS:
            signal.signal(name, lambda *_: None)
        status = None
        while status is None:
            for n in [n for n, at in self._due.items() if at <= time.monotonic()]:
                worker = self._start(n)
                if worker is not None:
                    return worker
            status = self._watch()
        os.close(self._held)
        for n in list(self._running):
            if ended := self._ended(n):
                log.error("worker %d ended badly, by %s", n, _how(ended))
        return status

    def _start(self, n: int) -> Worker | None:
        """Forks; the worker there, None here."""
        del self._due[n]
        ready, told = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            os.close(told)
            self._running[n] = _Running(pid, ready, time.monotonic())
            return None
        signal.set_wakeup_fd(-1)
        for name in ENDS:
            signal.signal(name, signal.SIG_IGN)  # Ctrl-C reaches all; the lifeline is what counts
        others = [running.ready for running in self._running.values()]
        for pipe in (self._held, self._heard, self._woken, ready, *others):
            os.close(pipe)
        return Worker(n, bool(self._waiting), self._lifeline, told)

    def _watch(self) -> int | None:
        """Waits for what comes first: a worker serves or dies, a place is due, a signal.

        The command's status when this was the end.
        """
        places = {running.ready: n for n, running in self._running.items()}
        due = min(self._due.values(), default=None)
        rest = None if due is None else max(0.0, due - time.monotonic())
        came, _, _ = select.select([self._heard, *places], [], [], rest)
        if self._heard in came:
            return 0
        for pipe in came:
            n = places[pipe]
            if os.read(pipe, 1):
                log.info("worker %d serves as process %d", n, self._running[n].pid)
                self._due |= dict.fromkeys(self._waiting, time.monotonic())
                self._waiting = range(0)
            elif self._waiting:
                status = self._ended(n)
                return 128 - status if status < 0 else status
            else:
                self._replace(n)
        return None

    def _replace(self, n: int) -> None:
        now = time.monotonic()
        pause = 0.0
        if now - self._running[n].since < STEADY_S:
            pause = min(self._pauses.get(n, FIRST_PAUSE_S / 2) * 2, LONGEST_PAUSE_S)
        self._pauses[n] = max(pause, FIRST_PAUSE_S / 2)
        self._due[n] = now + pause
        how = _how(self._ended(n))
        log.error("worker %d ended by %s; another comes in %.1f s", n, how, pause)

    def _ended(self, n: int) -> int:
        """The exit code of a worker that ends, a signal's number negative."""
        running = self._running.pop(n)
        _, status = os.waitpid(running.pid, 0)
        os.close(running.ready)
        return os.waitstatus_to_exitcode(status)


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def core_of(n: int, first: int | None) -> int:
    """The core of the n-th worker: of those that this process may use, from `first` on round."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[(n + (0 if first is None else cores.index(first))) % len(cores)]
