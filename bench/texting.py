"""What the benches of texts share: who texts and when, and processes of their own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from actions.embedded.people import number_of
from actions.embedded.store import Store

ROOT = Path(__file__).parent.parent
CALLED, TEXT = "10086", "CXYE"
PATIENCE_S = 60


class Pass(NamedTuple):
    """Texts brought, seconds in all, and the seconds that each reply took."""

    sent: int
    took: float
    delays: list[float]

    @property
    def rate(self) -> float:
        """Round trips a second."""
        return len(self.delays) / self.took

    def ms(self, share: float) -> float:
        """The delay that such a share of the texts kept to, in milliseconds."""
        delays = sorted(self.delays) or [0.0]
        return delays[min(len(delays) - 1, int(len(delays) * share))] * 1000

    def __str__(self) -> str:
        lost = self.sent - len(self.delays)
        return (
            f"{self.rate:6,.0f}/s, p50 {self.ms(0.5):.0f} ms, p99 {self.ms(0.99):.0f} ms, "
            f"{len(self.delays)} of {self.sent} texts answered, {lost} lost"
        )


class Subscribers:
    """They text through `send(number)`, `window` at once or, with a `rate`, so many a second.

    Who of `numbers` has texted stands at its end. `answered` is to be called with the number that
    got a reply.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        numbers: deque[str],
        texts: int,
        window: int,
        rate: float = 0.0,
    ) -> None:
        self._send, self._texts, self._window, self._rate = send, texts, window, rate
        self._free = numbers
        self._begun: dict[str, float] = {}
        self._sent = 0
        self._delays: list[float] = []
        self._over = asyncio.Event()

    async def run(self) -> Pass:
        """Until the last text is answered or nobody waits any longer."""
        begun = time.perf_counter()
        if self._rate:
            while self._sent < self._texts:
                due = min(self._texts, int((time.perf_counter() - begun) * self._rate) + 1)
                while self._sent < due and self._free:
                    self._text()
                await asyncio.sleep(0.001)
        else:
            for _ in range(min(self._window, self._texts)):
                self._text()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), PATIENCE_S)
        return Pass(self._sent, time.perf_counter() - begun, self._delays)

    def _text(self) -> None:
        number = self._free.popleft()
        self._sent += 1
        self._begun[number] = time.perf_counter()
        self._send(number)

    def answered(self, number: str) -> None:
        """A reply has come; the further parts of a long one count for nothing."""
        begun = self._begun.pop(number, None)
        if begun is None:
            return
        self._delays.append(time.perf_counter() - begun)
        self._free.append(number)
        if len(self._delays) == self._texts:
            self._over.set()
        elif not self._rate and self._sent < self._texts:
            self._text()


def numbers(count: int) -> deque[str]:
    """So many subscribers, who have not texted for long."""
    return deque(number_of(n) for n in range(count))


@contextmanager
def started(
    words: list[str], ready: str, **env: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process from its ready line, which is given, to SIGINT."""
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | env,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if re.search(ready, line):
                break
        else:
            raise SystemExit(f"{' '.join(words[:4])} ended before it was ready")
        yield process, line
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@contextmanager
def hotline(
    home: Path, people: int, port: int = 0, workers: int = 1, **env: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`hotline serve` of the shipped site, whose BSS knows `people`, on a state folder of its own.

    Gives its HTTP port, too; there all of its `workers` serve.
    """
    Store(home / "bss.db", people).close()
    words = [sys.executable, "-m", "hotline.cli", "--home", str(home), "serve"]
    ports = ["--agi-port", "0", "--http-port", str(port)]
    cores = ["--core", "0", "--workers", str(workers)]
    with started([*words, *ports, *cores], "^HTTP", **env) as (process, line):
        await_workers(process.pid, workers)
        yield process, int(line.rstrip("/\n").rpartition(":")[2])


def await_workers(pid: int, workers: int) -> None:
    """Waits until all of a server's workers are there: they come after the first one serves."""
    while workers > 1 and len(processes(pid)) <= workers:
        time.sleep(0.05)


def processes(pid: int) -> list[int]:
    """A process and its children."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, below)]


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its children have used."""
    used = 0
    for one in processes(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")
