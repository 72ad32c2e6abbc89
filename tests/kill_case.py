"""A `hotline serve` that is killed while a gateway brings it numbered orders.

The gateway does as Kannel does: it brings a text by POST /kannel/mo, brings it again with the same
id until it is answered, and takes texts by sendsms. Each line orders one service of one subscriber
and says yes to its price. The server is a process of its own; what survives its SIGKILL is what it
has on the disk: the record, and the embedded BSS's file.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from house_case import ROOT, make_home

from actions.port import Drops

SECRET = "kill-secret"
LINES = 6
"""How many subscribers text at once."""
FAULTS = [
    {"call": "submit", "do": "lose", "times": 2},
    {"call": "submit", "do": "delay", "ms": 5, "times": 0},
]
"""Of each process's BSS: two answers are lost, and each order takes its time."""


class Order(NamedTuple):
    """A subscriber's order: the code that is texted, and its number in the stream."""

    n: int
    number: str
    code: str


class Text(NamedTuple):
    """A text of the stream; its id is the gateway's."""

    id: str
    number: str
    body: str

    def query(self) -> str:
        """The request's address, as deploy/kannel's post-url makes it."""
        fields = {"secret": SECRET, "id": self.id, "from": f"+86{self.number}", "to": "10086"}
        return f"/kannel/mo?{urlencode(fields)}"


def home_of(folder: Path) -> Path:
    """A state folder with the BSS's file where `hotline serve` has it."""
    home = make_home(folder)
    (home / "bss.sqlite").rename(home / "bss.db")
    return home


class Gateway:
    """The texts' side: what was brought, what was answered, and what sendsms took."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = defaultdict(list)  # text id -> what HTTP carried
        self.sent: list[tuple[str, str]] = []  # number and text of each sendsms
        self.brought: dict[str, Text] = {}
        self.up, self.over = threading.Event(), False
        self.port = 0
        self._begun = threading.Condition()
        self._requests = 0
        gateway = self

        class SendSms(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                gateway.sent.append((self.headers["X-Kannel-To"], body))
                self.send_response(202)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

        self._sendsms = ThreadingHTTPServer(("127.0.0.1", 0), SendSms)
        threading.Thread(target=self._sendsms.serve_forever, daemon=True).start()

    @property
    def sendsms(self) -> str:
        """What HOTLINE_KANNEL_SENDSMS is to be."""
        return f"http://hotline:pw@127.0.0.1:{self._sendsms.server_port}/cgi-bin/sendsms"

    def close(self) -> None:
        """Takes no more."""
        self._sendsms.shutdown()
        self._sendsms.server_close()

    def await_requests(self, n: int) -> None:
        """Waits until `n` more requests have been sent, or there are no more."""
        with self._begun:
            end = self._requests + n
            self._begun.wait_for(lambda: self._requests >= end or self.over, 60)

    def bring_the_rest(self, port: int) -> None:
        """Brings what nobody has answered to another server."""
        self.port, self.over = port, False
        for text in list(self.brought.values()):
            if text.id not in self.answers:
                self.bring(text)

    def bring(self, text: Text) -> str | None:
        """Brings a text until it is answered; None when the stream ends before that."""
        self.brought[text.id] = text
        while not self.over:
            self.up.wait()
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("POST", text.query(), text.body.encode())
                with self._begun:
                    self._requests += 1
                    self._begun.notify_all()
                answer = connection.getresponse()
                body = answer.read().decode()
            except (OSError, HTTPException):
                continue  # it was killed: the gateway brings the text again
            finally:
                connection.close()
            if answer.status == 200:
                self.answers[text.id].append(body)
                return body
        return None

    def run(self, orders: Iterator[Order], lock: threading.Lock) -> None:
        """One line: orders one after the other, each confirmed when its price was told."""
        while not self.over:
            with lock:
                order = next(orders)  # there are more than the kills leave time for
            priced = self.bring(Text(f"{order.n}a", order.number, order.code))
            if priced:
                self.bring(Text(f"{order.n}b", order.number, "是"))


class Server:
    """`hotline serve` over a state folder, killed and started again."""

    def __init__(self, home: Path, drops: Drops, gateway: Gateway) -> None:
        self._home, self._drops, self._gateway = home, drops, gateway
        self._faults = home / "faults.json"
        self._faults.write_text(json.dumps(FAULTS), "utf-8")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts one and waits until it takes requests."""
        program = [sys.executable, "-m", "hotline.cli", "--site", str(ROOT), "--home"]
        ports = ["--http-port", "0", "--agi-port", "0"]
        bss = ["--bss-drops", self._drops, "--bss-faults", str(self._faults)]
        env = os.environ | {
            "HOTLINE_KANNEL_SECRET": SECRET,
            "HOTLINE_KANNEL_SENDSMS": self._gateway.sendsms,
        }
        with (self._home / "serve.log").open("a") as log:
            self._process = subprocess.Popen(
                [*program, str(self._home), "serve", *ports, *bss],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=env,
                cwd=ROOT,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("HTTP"):
                self._gateway.port = int(line.rstrip("/\n").rpartition(":")[2])
                self._gateway.up.set()
                return
        raise AssertionError((self._home / "serve.log").read_text("utf-8"))

    def kill(self) -> None:
        """SIGKILL: nothing of it is asked."""
        self._gateway.up.clear()
        assert self._process is not None
        self._process.kill()
        self._process.communicate()


@contextmanager
def stream(gateway: Gateway, orders: Iterator[Order]) -> Iterator[None]:
    """The lines, texting until the block ends."""
    lock = threading.Lock()
    lines = [
        threading.Thread(target=gateway.run, args=(orders, lock), daemon=True) for _ in range(LINES)
    ]
    for line in lines:
        line.start()
    try:
        yield
    finally:
        gateway.over = True
        gateway.up.set()
        for line in lines:
            line.join(120)


def kill_often(
    home: Path, drops: Drops, gateway: Gateway, orders: Iterator[Order], kills: int, seed: int
) -> list[tuple[int, float]]:
    """Starts and kills a server; after how many requests and seconds each time."""
    chance, log = random.Random(f"{seed} {drops}"), []
    server = Server(home, drops, gateway)
    with stream(gateway, orders):
        for _ in range(kills):
            requests, rest = chance.randint(1, 40), chance.uniform(0, 0.03)
            log.append((requests, rest))
            server.start()
            gateway.await_requests(requests)
            threading.Event().wait(rest)  # anywhere within the work on those requests
            server.kill()
    return log
