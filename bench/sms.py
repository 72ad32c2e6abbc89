"""How many texts a second go round by a real Kannel: `python -m bench.sms`.

Bearerbox and smsbox stand between this generator, which speaks the protocol of Kannel's fake SMSC,
and (a) an HTTP server that does nothing, (a') one that does nothing but asks Kannel for receipts as
Hotline does, (b) `hotline serve` with its durable record; the reply rides on the HTTP answer. The
sides take turns in one run, for the machine may be shared: the ratio is what counts. `--window`
texts are under way at once, each of a number that texts once. A last pass brings half of (b)'s
rate, whatever the server does; there a text's time is from its line to its reply's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from bench.texting import (
    CALLED,
    ROOT,
    TEXT,
    Pass,
    Subscribers,
    cpu_seconds,
    hotline,
    numbers,
    started,
)
from sms_commands.kannel import RECEIPTS, Receipts, headers

sys.path.append(str(ROOT / "tests" / "sms"))

import kannel as the_kannel  # the tests' Kannel, by deploy/kannel's file

REPLY = "话费余额58.60元，本月已用94.60元。"

NOTHING = r"""
import asyncio, json, re, sys, uvloop

HEADERS, TEXT = json.loads(sys.argv[2]), sys.argv[3].encode()

def answer(headers, text):
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": len(text)} | headers
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + text

REPLY, NOTED = answer(HEADERS, TEXT), answer({}, b"")

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
            self.transport.write(NOTED if head.startswith(b"GET") else REPLY)

async def main():
    await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await asyncio.Event().wait()

uvloop.run(main())
"""


class FakeSmsc(asyncio.Protocol):
    """The client of a bearerbox's fake SMSC: one line for a text, one for what is sent back."""

    def __init__(self, text: str) -> None:
        self.subscribers: Subscribers | None = None
        self._text, self._buffer = text, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bearerbox has taken the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, number: str) -> None:
        """A subscriber's text."""
        self.transport.write(f"{number} {CALLED} text {self._text}\n".encode())

    def data_received(self, data: bytes) -> None:
        """Replies: from, to, kind, content."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self.subscribers is not None:
                self.subscribers.answered(line.split(b" ", 2)[1].decode().removeprefix("+86"))


class Side:
    """A Kannel before one of the servers."""

    def __init__(
        self, name: str, kannel: the_kannel.Kannel, smsc: FakeSmsc, server: int, people: deque[str]
    ) -> None:
        self.name, self._kannel, self._smsc, self._people = name, kannel, smsc, people
        self._pids = kannel.pids | {"server": server}
        self._passes: list[tuple[Pass, dict[str, float]]] = []

    async def offer(self, texts: int, window: int, rate: float = 0.0) -> Pass:
        """One pass, until its receipts have been told, too."""
        before = self._cpu()
        self._smsc.subscribers = Subscribers(self._smsc.send, self._people, texts, window, rate)
        done = await self._smsc.subscribers.run()
        while "store size 0" not in await asyncio.to_thread(self._kannel.status):
            await asyncio.sleep(0.05)
        self._passes.append((done, {who: used - before[who] for who, used in self._cpu().items()}))
        print(f"{self.name:21}{f'{rate:,.0f}/s offered: ' if rate else ''}{done}", flush=True)
        return done

    def _cpu(self) -> dict[str, float]:
        used = {who: cpu_seconds(pid) for who, pid in self._pids.items()}
        return used | {"generator": time.process_time()}

    @property
    def rate(self) -> float:
        """Over all its passes but the first, which warms up."""
        kept = [done for done, _ in self._passes[1:]]
        return sum(len(done.delays) for done in kept) / sum(done.took for done in kept)

    def cpu(self) -> Mapping[str, float]:
        """Microseconds of CPU a text of each process, over the same passes, receipts and all."""
        texts = sum(len(done.delays) for done, _ in self._passes[1:])
        return {
            who: sum(used[who] for _, used in self._passes[1:]) / texts * 1e6 for who in self._cpu()
        }


async def bench(options: argparse.Namespace, run: Path, stack: ExitStack) -> None:
    """All sides, by turns."""
    home = run / "home"
    home.mkdir()
    people = numbers(options.texts * (options.rounds + 2))
    nothing, receipts, serving = the_kannel.free_ports(3)
    env = {
        "HOTLINE_KANNEL_SECRET": the_kannel.SECRET,
        "HOTLINE_KANNEL_RECEIPTS": options.receipts,
    }
    callback = Receipts(f"http://127.0.0.1:{receipts}/dlr", RECEIPTS[options.receipts])
    asked = headers(REPLY, CALLED, callback, "kannel:1", "")
    words = [sys.executable, "-c", NOTHING]
    servers = {
        "(a) does nothing": (nothing, started([*words, str(nothing), "{}", "OK"], "ready")),
        "(a') asks receipts": (
            receipts,
            started([*words, str(receipts), json.dumps(asked), REPLY], "ready"),
        ),
        "(b) hotline": (serving, hotline(home, len(people), serving, options.workers, **env)),
    }
    sides = []
    for name, (port, server) in servers.items():
        process, _ = stack.enter_context(server)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.spool)))
        kannel = stack.enter_context(the_kannel.running(folder, port, 9))
        loop = asyncio.get_running_loop()
        _, smsc = await loop.create_connection(
            lambda: FakeSmsc(options.text), "127.0.0.1", kannel.ports.smsc
        )
        sides.append(Side(name, kannel, smsc, process.pid, people.copy()))
    for _ in range(options.rounds + 1):
        for side in sides:
            await side.offer(options.texts, options.window)
    print("CPU of a text with its receipts, µs")
    for side in sides:
        used = side.cpu()
        each = ", ".join(f"{who} {us:,.0f}" for who, us in used.items())
        cores = sum(used.values()) * side.rate / 1e6
        print(f"{side.name:21}{each}: {cores:.1f} cores")
    a, asks, b = (side.rate for side in sides)
    print(f"{'ratio':21}{b / a:.0%} of {a:,.0f}/s (goal 70 %), {b / asks:.0%} of {asks:,.0f}/s")
    half = await sides[-1].offer(options.texts, options.window, b / 2)
    print(f"{'':21}p99 {half.ms(0.99):.0f} ms at half the load (goal 100 ms)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=4_000, help="in each pass")
    parser.add_argument("--rounds", type=int, default=2, help="passes of each, after a first one")
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1, help="of the hotline")
    parser.add_argument("--text", default=TEXT, help="in ASCII; HELP asks only who texts")
    parser.add_argument("--receipts", choices=RECEIPTS, default="all", help="which are asked for")
    parser.add_argument("--spool", type=Path, help="where Kannel's folders are made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        with ExitStack() as stack:
            asyncio.run(bench(options, run, stack))
        with closing(sqlite3.connect(run / "home" / "ledger.db")) as record:
            (texts,) = record.execute("SELECT COUNT(*) FROM deliveries").fetchone()
            (carried,) = record.execute(
                "SELECT COUNT(*) FROM outbox_sends WHERE status = 'carried'"
            ).fetchone()
            (receipts,) = record.execute("SELECT COUNT(*) FROM receipts").fetchone()
        print(f"{'record':21}{texts} texts, {carried} replies carried, {receipts} receipts")


if __name__ == "__main__":
    main()
