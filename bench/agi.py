"""How many calls a second the FastAGI server carries: `python -m bench.agi`.

Speaks AGI as Asterisk does, without a PBX: prompts take no time, each caller presses `--keys`, one
item a wait, and hangs up when the last one is answered. A turn is the time from a key to the next
prompt or wait; the server has committed it by then. Without `--target` it starts `hotline serve`
itself, on a copy of the site with tones for prompts and with a state of its own, and counts in the
record afterwards whether anything was lost.

`--rate`: that many new calls a second, whatever the server does. `--closed`: that many calls at
once, each followed by the next. `--keys "1 9 9"` stays in the menus; `1 1 9` asks the BSS once.
The server's workers take a core each, this generator another one where there is one.
"""

import argparse
import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.texting import ROOT, await_workers, cpu_seconds

SLICE_MS = 150
FIRST_CALLER = 13800138000
FAREWELL = b"200 result=-1\nHANGUP\n"


@dataclass
class Tally:
    """What the run saw. Times are seconds."""

    turns: list[float] = field(default_factory=list)
    done: int = 0
    slices: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def error(self, what: str) -> None:
        """Counts what went wrong."""
        self.errors[what] = self.errors.get(what, 0) + 1


class Caller(asyncio.Protocol):
    """One call, the PBX's end."""

    def __init__(self, n: int, run: str, keys: list[str], callers: int, tally: Tally) -> None:
        self._opening = (
            f"agi_network: yes\nagi_request: agi://127.0.0.1/hotline\nagi_uniqueid: {run}.{n}\n"
            f"agi_callerid: {FIRST_CALLER + n % callers}\nagi_callingpres: 0\n"
            "agi_extension: 10086\nagi_arg_1: 10086\nagi_arg_2: network\n\n"
        ).encode()
        self._keys = keys
        self._next = 0
        self._rest = ""  # what is left of an entry whose first key was pressed
        self._pressed = 0.0
        self._tally = tally
        self._buffer = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server is there: the environment."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._opening)

    def data_received(self, data: bytes) -> None:
        """Commands, cut anywhere."""
        self._buffer += data
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            self._command(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """The call is over, rightly or too early."""
        del exc
        if self._next <= len(self._keys):
            self._tally.error(f"closed after {self._next} of {len(self._keys)} keys")
        if not self.ended.done():
            self.ended.set_result(None)

    def _command(self, line: bytes) -> None:
        write = self._transport.write
        if line.startswith((b'EXEC "Background"', b"WAIT FOR DIGIT")):
            if line.startswith(b"WAIT") and int(line.split(b'"')[1]) <= SLICE_MS:
                self._tally.slices += 1
                asyncio.get_running_loop().call_later(SLICE_MS / 1000, write, b"200 result=0\n")
                return
            self._press()
        elif line.startswith(b"GET DATA"):
            write(b"200 result=%s\n" % self._rest.encode())
            self._pressed = time.perf_counter()
        elif line.startswith(b"GET VARIABLE"):
            write(b"200 result=1 (SUCCESS)\n")
        elif line.startswith(b"HANGUP"):
            self._next = len(self._keys) + 1
            write(b"200 result=1\n")
        elif not line.startswith(b"CHANNEL STATUS"):  # its answer is overtaken by HANGUP
            write(b"200 result=0\n")

    def _press(self) -> None:
        """The turn before is answered; the next key, or the end of the call."""
        now = time.perf_counter()
        if self._pressed:
            self._tally.turns.append(now - self._pressed)
        if self._next == len(self._keys):
            self._tally.done += 1
            self._next += 1
            self._transport.write(FAREWELL)
            return
        entry = self._keys[self._next]
        self._next += 1
        self._rest = entry[1:]
        self._pressed = now
        self._transport.write(b"200 result=%d\n" % ord(entry[0]))


async def call(n: int, run: str, options: argparse.Namespace, tally: Tally) -> None:
    host, _, port = options.target.rpartition(":")
    try:
        _, caller = await asyncio.get_running_loop().create_connection(
            lambda: Caller(n, run, options.keys.split(), options.callers, tally), host, int(port)
        )
        await asyncio.wait_for(caller.ended, 30)
    except (OSError, TimeoutError) as error:
        tally.error(type(error).__name__)


async def offer(options: argparse.Namespace, run: str, tally: Tally) -> float:
    """Places the calls; how long it took until the last one ended."""
    begun = time.perf_counter()
    if options.closed:
        numbers = iter(range(options.calls))

        async def one_after_another() -> None:
            for n in numbers:
                await call(n, run, options, tally)

        await asyncio.gather(*(one_after_another() for _ in range(options.closed)))
    else:
        async with asyncio.TaskGroup() as group:
            for n in range(options.calls):
                due = begun + n / options.rate
                if (ahead := due - time.perf_counter()) > 0:
                    await asyncio.sleep(ahead)
                group.create_task(call(n, run, options, tally))
    return time.perf_counter() - begun


def tone_copy(folder: Path) -> Path:
    """A copy of the shipped site whose clips are short tones."""
    from ivr.studio import tone_site
    from menus.clips import clips
    from menus.loader import load

    shutil.copy(ROOT / "menus.yaml", folder)
    model, _ = load(folder)
    assert model is not None, "the shipped menus.yaml does not load: run hotline check"
    tone_site(folder / "prompts", clips(model))
    return folder


def served(folder: Path, workers: int) -> tuple[subprocess.Popen[str], str]:
    """`hotline serve` with so many workers; the address that it prints."""
    site = tone_copy(folder)
    words = [sys.executable, "-m", "hotline.cli", "serve", "--agi-port", "0", "--http-port", "0"]
    words += ["--core", "0", "--workers", str(workers)]
    process = subprocess.Popen(
        [*words, "--site", str(site), "--home", str(folder / "home")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"agi://([^/\s]+)", line):
            await_workers(process.pid, workers)
            return process, found[1]
    raise SystemExit("hotline serve ended before it listened")


def own_core(workers: int) -> None:
    """The cores that the server leaves, where there are such."""
    with suppress(AttributeError, OSError):
        left = sorted(os.sched_getaffinity(0))[workers:]
        if left:
            os.sched_setaffinity(0, left)


def recorded(home: Path, run: str) -> tuple[int, int]:
    """Calls, and keys of theirs, that stand in the record."""
    with sqlite3.connect(home / "ledger.db") as db:
        mine = "(select id from sessions where dialogue like ?)"
        wanted = (f"%/{run}.%",)
        calls = db.execute(f"select count(*) from {mine}", wanted).fetchone()[0]
        keys = db.execute(
            f"select count(*) from steps where event = 'DigitsEntered' and session in {mine}",
            wanted,
        ).fetchone()[0]
    return calls, keys


def report(options: argparse.Namespace, tally: Tally, took: float, warm: int) -> None:
    turns = sorted(tally.turns[warm:]) or [0.0]
    print(f"calls      {tally.done} of {options.calls} in {took:.2f} s: {tally.done / took:,.0f}/s")
    print(
        f"turn       p50 {turns[len(turns) // 2] * 1000:.1f} ms, "
        f"p99 {turns[int(len(turns) * 0.99)] * 1000:.1f} ms, max {turns[-1] * 1000:.1f} ms, "
        f"{len(tally.turns)} turns, {len(tally.turns) / took:,.0f}/s"
    )
    print(f"waits      {tally.slices} slices of {SLICE_MS} ms while the house was not ready")
    print(f"errors     {tally.errors or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", default="", help="HOST:PORT of a server that runs already")
    parser.add_argument("--calls", type=int, default=15_000)
    parser.add_argument("--rate", type=float, default=1_500, help="new calls a second")
    parser.add_argument("--closed", type=int, default=0, help="so many calls at once instead")
    parser.add_argument("--keys", default="1 1 9", help="what each caller presses")
    parser.add_argument("--callers", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=1, help="of the server")
    options = parser.parse_args()
    run, tally = f"{int(time.time())}", Tally()
    with tempfile.TemporaryDirectory() as folder:
        server = None
        if not options.target:
            server, options.target = served(Path(folder), options.workers)
        try:
            if server:
                own_core(options.workers)
            used = cpu_seconds(server.pid) if server else 0.0
            took = asyncio.run(offer(options, run, tally))
            report(options, tally, took, warm=len(tally.turns) // 10)
            if server:
                used = cpu_seconds(server.pid) - used
                per_call = used / options.calls * 1_000_000
                print(f"server     {used / took:.0%} of a core, {per_call:.0f} µs of CPU a call")
        finally:
            if server:
                server.send_signal(signal.SIGINT)
                server.wait(60)
        if server:
            calls, keys = recorded(Path(folder) / "home", run)
            expected = options.calls * len(options.keys.split())
            print(f"record     {calls} calls, {keys} keys: {expected - keys} keys lost")


if __name__ == "__main__":
    main()
