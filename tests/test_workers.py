"""`hotline serve --workers`: one command, several processes, one port; a lost one loses nothing.

Real processes. Which worker takes a text or a call is made certain by SIGSTOP: the others accept.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import pytest
from agi_peer import environment
from house_case import NUMBER, ROOT
from kill_case import SECRET, Text, home_of

from hotline.workers import core_of
from ledger import records
from ledger.ledger import Ledger

PATIENCE_S = 60
SERVES = r"worker {} serves as process (\d+)"
LOST = r"worker {} ended by signal 9; another comes in ([\d.]+) s"


class Served:
    """A `hotline serve` in a session of its own, as if it had a terminal to itself."""

    def __init__(self, home: Path, *options: str, site: Path = ROOT) -> None:
        words = [sys.executable, "-m", "hotline.cli", "--site", str(site), "--home", str(home)]
        ports = ["--agi-port", "0", "--http-port", "0"]
        self.process = subprocess.Popen(
            [*words, "serve", *ports, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOTLINE_KANNEL_SECRET": SECRET},
            start_new_session=True,
        )
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def wait(self, pattern: str) -> str:
        """Reads on until a line has this; what its group found."""
        while line := self._lines.get(timeout=PATIENCE_S):
            self.said.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError("".join(self.said))

    def up(self) -> tuple[int, int, list[int]]:
        """When two workers serve: FastAGI's port, HTTP's, the workers' processes."""
        agi, http = (
            self.wait(r"agi://127\.0\.0\.1:(\d+)/"),
            self.wait(r"http://127\.0\.0\.1:(\d+)/"),
        )
        return int(agi), int(http), [int(self.wait(SERVES.format(n))) for n in range(2)]

    def rest(self) -> tuple[int, str]:
        """The status when it has ended with all that held its output, and all that was said."""
        while line := self._lines.get(timeout=PATIENCE_S):
            self.said.append(line)
        return self.process.wait(PATIENCE_S), "".join(self.said)

    def close(self) -> None:
        """Leaves nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


Serve = Callable[..., Served]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder of its own."""
    return home_of(tmp_path)


@pytest.fixture
def serve(home: Path) -> Iterator[Serve]:
    """Starts servers on it, which end with the test."""
    with ExitStack() as stack:

        def start(*options: str, site: Path = ROOT) -> Served:
            served = Served(home, *options, site=site)
            stack.callback(served.close)
            return served

        yield start


@contextmanager
def stopped(pid: int, home: Path) -> Iterator[None]:
    """A worker that takes nothing meanwhile, stopped where it does not hold the record's turn."""
    with (home / "ledger.db-turn").open() as turn:
        while not _stopped(pid, turn):
            os.kill(pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stopped(pid: int, turn: IO[str]) -> bool:
    os.kill(pid, signal.SIGSTOP)
    while ") T " not in Path(f"/proc/{pid}/stat").read_text():
        os.sched_yield()
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(turn, fcntl.LOCK_UN)
    return True


def bring(port: int, key: str, body: str) -> str:
    """A text as Kannel brings it, over a connection of its own; its reply, "" when that broke."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with closing(connection):
        try:
            connection.request("POST", Text(key, NUMBER, body).query(), body.encode())
            return connection.getresponse().read().decode()
        except (OSError, HTTPException):
            return ""


def call(port: int, n: int) -> bytes:
    """A call that hangs up at the first words of the menu; the command that plays them."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as line:
        line.sendall(environment(n))
        with line.makefile("rb") as commands:
            for command in commands:
                if command.startswith(b"EXEC"):
                    line.sendall(b"HANGUP\n200 result=-1\n")
                    commands.read()
                    return command
                line.sendall(b"200 result=0\n")
    return b""


def serving(port: int) -> str:
    """The version that the worker serves which takes this request."""
    with urlopen(f"http://127.0.0.1:{port}/health", timeout=PATIENCE_S) as health:
        return str(json.load(health)["version"])


def test_each_worker_answers_on_the_one_port(serve: Serve, home: Path) -> None:
    """Texts and calls of either are answered and recorded; each has its core; said once."""
    served = serve("--workers", "2")
    agi, http, workers = served.up()
    for n, (pid, other) in enumerate([workers, workers[::-1]]):
        assert os.sched_getaffinity(pid) == {core_of(n, None)}
        with stopped(other, home):
            assert "58.60" in bring(http, f"text-{n}", "CXYE")
            assert b"welcome" in call(agi, n)
    os.kill(served.process.pid, signal.SIGTERM)
    status, said = served.rest()
    assert status == 0, said
    once = ["热线 Hotline", "agi://", "http://", "试一试", "Ending…", "Ended."]
    assert [said.count(words) for words in once] == [1] * len(once), said
    with Ledger.open(home / "ledger.db") as ledger:
        texts = {row.key for row in ledger.rows(records.Delivery) if row.key[:6] == "kannel"}
        assert texts == {"kannel:text-0", "kannel:text-1"}
        assert len(ledger.rows(records.CallEnd)) == 2


def test_a_lost_worker_is_replaced_and_its_work_finished(serve: Serve, home: Path) -> None:
    """SIGKILL while the BSS works on its order: who takes its place brings it to its one end."""
    faults = home / "faults.json"
    faults.write_text(json.dumps([{"call": "submit", "do": "hang"}]), "utf-8")
    served = serve("--workers", "2", "--bss-faults", str(faults))
    _, http, workers = served.up()
    with stopped(workers[1], home), Ledger.open(home / "ledger.db") as ledger:
        assert "5.00" in bring(http, "price", "KTLDXS")
        yes = threading.Thread(target=bring, args=(http, "yes", "是"))
        yes.start()
        while [order.state for order in ledger.open_orders()] != ["submitted"]:
            threading.Event().wait(0.01)
        faults.write_text("[]", "utf-8")
        os.kill(workers[0], signal.SIGKILL)
        yes.join(PATIENCE_S)
        served.wait(SERVES.format(0))
        overdue(home)
        assert "已为您开通来电显示" in bring(http, "yes", "是")
        closed = [row.delivery for row in ledger.rows(records.DeliveryClosing)]
        assert sorted(closed) == ["kannel:price", "kannel:yes"]
        assert [row.outcome for row in ledger.rows(records.Closing)] == ["succeeded"]
    with closing(sqlite3.connect(home / "bss.db")) as bss:
        assert bss.execute("SELECT done FROM orders").fetchall() == [(1,)]


def overdue(home: Path) -> None:
    """The minute passes in which the lost worker might still have answered."""
    with closing(sqlite3.connect(home / "ledger.db", timeout=PATIENCE_S)) as record:
        record.execute("UPDATE sessions SET deadline = 1 WHERE deadline IS NOT NULL")
        record.commit()


def test_one_that_dies_again_and_again_is_given_time(serve: Serve) -> None:
    """The pause before the next one grows; the other worker goes on."""
    served = serve("--workers", "2")
    _, http, (first, pid) = served.up()
    pauses = []
    for _ in range(2):
        os.kill(pid, signal.SIGKILL)
        pauses.append(float(served.wait(LOST.format(1))))
        assert "58.60" in bring(http, f"text-{pid}", "CXYE")
        pid = int(served.wait(SERVES.format(1)))
    assert 0 < pauses[0] < pauses[1]
    assert Path(f"/proc/{first}").exists()


def test_ctrl_c_ends_them_all(serve: Serve) -> None:
    """As a terminal does it: every process gets it, and gets it twice."""
    served = serve("--workers", "2")
    served.up()
    for _ in range(2):
        os.killpg(served.process.pid, signal.SIGINT)
    status, said = served.rest()
    assert status == 0, said
    assert said.count("Ended.") == 1
    assert "Traceback" not in said
    assert "ended" not in said


def test_workers_do_not_outlive_their_supervisor(serve: Serve) -> None:
    """After a SIGKILL of the one process that could end them they end by themselves, cleanly."""
    served = serve("--workers", "2")
    served.up()
    served.process.kill()
    status, said = served.rest()  # the output ends when the last one that holds it has
    assert status == -signal.SIGKILL
    assert "Ending…" in said
    assert "Traceback" not in said


def test_a_set_up_that_can_not_serve_ends_the_command(serve: Serve, tmp_path: Path) -> None:
    """A taken port and a broken site: said once, by the status of one process alone."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = serve("--workers", "2", "--http-port", port).rest()
    assert status == 1
    assert len(said.splitlines()) == 1
    assert "--http-port" in said
    broken = tmp_path / "site"
    broken.mkdir()
    (broken / "menus.yaml").write_text("format: [\n", "utf-8")
    status, said = serve("--workers", "2", site=broken).rest()
    assert status == 1
    assert said.count("menus.yaml:") == 1, said
    assert "worker" not in said


def test_an_edit_is_told_once_and_serves_everywhere(serve: Serve, tmp_path: Path) -> None:
    """One worker looks at the files; the others, and one that comes later, follow the record."""
    menus = tmp_path / "menus.yaml"
    text = (ROOT / "menus.yaml").read_text("utf-8")
    menus.write_text(text, "utf-8")
    (tmp_path / "prompts").symlink_to(ROOT / "prompts")
    served = serve("--workers", "2", site=tmp_path)
    _, http, workers = served.up()
    edited = text.replace('zh-CN: "话费余额{balance}', 'zh-CN: "您的余额{balance}')
    menus.write_text(edited, "utf-8")
    version = served.wait(r"version (\w+)")
    for pid in workers:
        with stopped(pid, tmp_path / "home"):
            while not serving(http).startswith(version):
                threading.Event().wait(0.05)
    menus.write_text("format: [\n", "utf-8")
    served.wait("(Refused)")
    os.kill(workers[1], signal.SIGKILL)
    served.wait(SERVES.format(1))
    with stopped(workers[0], tmp_path / "home"):
        assert "您的余额" in bring(http, "last", "CXYE")
    os.kill(served.process.pid, signal.SIGINT)
    _, said = served.rest()
    assert said.count("已更新") == said.count("Refused") == 1
