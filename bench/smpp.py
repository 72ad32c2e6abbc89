"""How many texts a second the SMPP link takes and answers: `python -m bench.smpp`.

An SMSC of its own on loopback (the npm simulator of the tests would be the limit): it brings
`--window` texts at once over `--binds` connections and counts a text when its reply, a submit_sm,
has come; it answers each and sends no receipts. Every text is kept before it is acknowledged, and
its reply leaves when its record is durable.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import struct
import tempfile
from contextlib import closing
from itertools import count, cycle
from pathlib import Path

from bench.texting import CALLED, TEXT, Pass, Subscribers, cpu_seconds, hotline, numbers

HEADER = struct.Struct(">IIII")
RESPONSE = 0x80000000
DELIVER, SUBMIT, ENQUIRE, UNBIND, BIND = 0x5, 0x4, 0x15, 0x6, 0x9


def pdu(command: int, sequence: int, body: bytes = b"") -> bytes:
    """A PDU whose status is well."""
    return HEADER.pack(HEADER.size + len(body), command, 0, sequence) + body


def deliver_sm(number: str) -> bytes:
    """The body of a text."""
    sender = b"\x01\x01" + f"86{number}".encode() + b"\0"
    called = b"\0\x01" + CALLED.encode() + b"\0"
    text = TEXT.encode()
    return b"\0" + sender + called + b"\0\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text


def destination(body: bytes) -> str:
    """Whom a submit_sm goes to."""
    after_type = body.index(b"\0") + 1
    after_source = body.index(b"\0", after_type + 2) + 1
    return body[after_source + 2 : body.index(b"\0", after_source + 2)].decode()


class Smsc:
    """All binds; texts go out over them in turn."""

    def __init__(self, binds: int) -> None:
        self.subscribers: Subscribers | None = None
        self.bound = asyncio.Event()
        self._binds = binds
        self._ids = count(1)
        self._transports: list[asyncio.Transport] = []

    def bind(self, transport: asyncio.Transport) -> None:
        """A client is there."""
        self._transports.append(transport)
        if len(self._transports) == self._binds:
            self._turn = cycle(self._transports)
            self.bound.set()

    def send(self, number: str) -> None:
        """A subscriber's text."""
        next(self._turn).write(pdu(DELIVER, next(self._ids), deliver_sm(number)))

    def submitted(self, body: bytes) -> bytes:
        """A reply has come; the id that it gets."""
        if self.subscribers is not None:
            self.subscribers.answered(destination(body).removeprefix("86"))
        return f"{next(self._ids)}\0".encode()


class Session(asyncio.Protocol):
    """One bind."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc, self._buffer = smsc, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """PDUs, cut anywhere."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            length, command, _, sequence = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length:
                return
            body, self._buffer = self._buffer[HEADER.size : length], self._buffer[length:]
            self._take(command, sequence, body)

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        if command == SUBMIT:
            self._transport.write(pdu(SUBMIT | RESPONSE, sequence, self._smsc.submitted(body)))
        elif command == BIND:
            self._transport.write(pdu(BIND | RESPONSE, sequence, b"SMSC\0"))
            self._smsc.bind(self._transport)
        elif command in (ENQUIRE, UNBIND):
            self._transport.write(pdu(command | RESPONSE, sequence))


async def bench(options: argparse.Namespace, home: Path) -> list[Pass]:
    """A pass to warm up, then those that count."""
    smsc = Smsc(options.binds * options.workers)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(smsc), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = f"smpp://bench:secret@127.0.0.1:{port}?binds={options.binds}"
    subscribers = numbers(options.texts * (options.rounds + 1))  # each texts once
    serving = hotline(home, len(subscribers), workers=options.workers, HOTLINE_SMPP=link)
    with serving as (process, _):
        await asyncio.wait_for(smsc.bound.wait(), 30)
        passes = []
        for n in range(options.rounds + 1):
            used = cpu_seconds(process.pid)
            smsc.subscribers = Subscribers(smsc.send, subscribers, options.texts, options.window)
            done = await smsc.subscribers.run()
            used = (cpu_seconds(process.pid) - used) / len(done.delays) * 1e6
            print(f"{'pass' if n else 'first':8}{done}, {used:,.0f} µs of CPU a text", flush=True)
            passes.append(done)
        # the server hangs up in its own time
        await asyncio.to_thread(process.send_signal, 2)
        await asyncio.to_thread(process.wait, 60)
    server.close()
    return passes[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=4_000, help="in each pass")
    parser.add_argument("--rounds", type=int, default=2, help="passes, after a first one")
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--binds", type=int, default=1, help="of each worker")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        passes = asyncio.run(bench(options, Path(folder)))
        rate = sum(len(one.delays) for one in passes) / sum(one.took for one in passes)
        print(f"{'rate':8}{rate:6,.0f}/s (goal 2,000/s)")
        with closing(sqlite3.connect(Path(folder) / "ledger.db")) as record:
            (texts,) = record.execute("SELECT COUNT(*) FROM deliveries").fetchone()
            (sent,) = record.execute(
                "SELECT COUNT(*) FROM outbox_sends WHERE status = 'sent'"
            ).fetchone()
        print(f"{'record':8}{texts} texts, {sent} replies sent")


if __name__ == "__main__":
    main()
