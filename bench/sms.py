"""How many texts a second go round by a real Kannel: `python -m bench.sms`.

Bearerbox and smsbox stand between this generator, which speaks the protocol of Kannel's fake SMSC,
and (a) an HTTP server that does nothing, (b) `hotline serve` with its durable record; the reply
rides on the HTTP answer. Passes take turns in one run, for the machine may be shared: the ratio is
what counts. `--window` texts are under way at once. A last pass brings half of (b)'s rate, whatever
the server does; there a text's time is from its line to its reply's.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from bench.texting import CALLED, ROOT, TEXT, Pass, Subscribers, cpu_seconds, hotline, started

sys.path.append(str(ROOT / "tests" / "sms"))

import kannel as the_kannel  # the tests' Kannel, by deploy/kannel's file

NOTHING = r"""
import asyncio, re, sys, uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"

class Nothing(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(length[1]) if length else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.transport.write(ANSWER)

async def main():
    await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await asyncio.Event().wait()

uvloop.run(main())
"""


class FakeSmsc(asyncio.Protocol):
    """The client of a bearerbox's fake SMSC: one line for a text, one for what is sent back."""

    def __init__(self) -> None:
        self.subscribers: Subscribers | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bearerbox has taken the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, number: str) -> None:
        """A subscriber's text."""
        self.transport.write(f"{number} {CALLED} text {TEXT}\n".encode())

    def data_received(self, data: bytes) -> None:
        """Replies: from, to, kind, content."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self.subscribers is not None:
                self.subscribers.answered(line.split(b" ", 2)[1].decode().removeprefix("+86"))


class Side:
    """A Kannel before one of the two servers."""

    def __init__(self, name: str, smsc: FakeSmsc, texts: int, window: int) -> None:
        self.name, self.passes = name, list[Pass]()
        self._smsc, self._texts, self._window = smsc, texts, window

    async def offer(self, rate: float = 0.0) -> Pass:
        """One pass."""
        self._smsc.subscribers = Subscribers(self._smsc.send, self._texts, self._window, rate)
        done = await self._smsc.subscribers.run()
        print(f"{self.name:18}{f'{rate:,.0f}/s offered: ' if rate else ''}{done}", flush=True)
        return done

    @property
    def rate(self) -> float:
        """Over all its passes but the first, which warms up."""
        kept = self.passes[1:]
        return sum(len(one.delays) for one in kept) / sum(one.took for one in kept)


async def bench(options: argparse.Namespace, run: Path, stack: ExitStack) -> None:
    """Both sides, by turns."""
    nothing, serving = the_kannel.free_ports(2)
    secret = {"HOTLINE_KANNEL_SECRET": the_kannel.SECRET}
    stack.enter_context(started([sys.executable, "-c", NOTHING, str(nothing)], "ready"))
    server, _ = stack.enter_context(hotline(run / "home", serving, **secret))
    sides = []
    for name, port in (("(a) does nothing", nothing), ("(b) hotline", serving)):
        folder = run / name[1]
        folder.mkdir()
        kannel = stack.enter_context(the_kannel.running(folder, port, 9))
        loop = asyncio.get_running_loop()
        _, smsc = await loop.create_connection(FakeSmsc, "127.0.0.1", kannel.ports.smsc)
        sides.append(Side(name, smsc, options.texts, options.window))
    used = cpu_seconds(server.pid)
    for _ in range(options.rounds + 1):
        for side in sides:
            side.passes.append(await side.offer())
    used = cpu_seconds(server.pid) - used
    a, b = sides
    texts = sum(len(one.delays) for one in b.passes)
    print(f"{'ratio':18}{b.rate / a.rate:.0%} of {a.rate:,.0f}/s (goal 70 %)")
    print(f"{'server':18}{used / texts * 1e6:,.0f} µs of CPU a text with its receipts")
    half = await b.offer(b.rate / 2)
    print(f"{'':18}p99 {half.ms(0.99):.0f} ms at half the load (goal 100 ms)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=4_000, help="in each pass")
    parser.add_argument("--rounds", type=int, default=2, help="passes of each, after a first one")
    parser.add_argument("--window", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        (run / "home").mkdir()
        with ExitStack() as stack:
            asyncio.run(bench(options, run, stack))
        with closing(sqlite3.connect(run / "home" / "ledger.db")) as record:
            (texts,) = record.execute("SELECT COUNT(*) FROM deliveries").fetchone()
            (carried,) = record.execute(
                "SELECT COUNT(*) FROM outbox_sends WHERE status = 'carried'"
            ).fetchone()
        print(f"{'record':18}{texts} texts, {carried} replies carried")


if __name__ == "__main__":
    main()
