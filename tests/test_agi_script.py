"""The classic AGI on pyst2: the same exchanges as FastAGI's, over the pipes of one process."""

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agi_peer import CASES, Clock, TableHost, clip, environment, record, shortened

from ivr import agi_script

MENU = {"say": ["main"], "Collect": {"purpose": "menu", "max_digits": 1, "finish": ""}}
QUICK = 0.05
OPENING = environment()


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of silence for each text of the tables."""
    return record(tmp_path_factory.mktemp("prompts"))


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pyst2 takes SIGHUP for the whole process; it is given back."""
    monkeypatch.setattr(agi_script, "LAST_REPLY_S", QUICK)
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


class Pbx(threading.Thread):
    """Asterisk's end of the pipes: carries a table's exchange out."""

    def __init__(
        self, prompts: Path, host: TableHost, clock: Clock, line: list[str], opening: bytes
    ) -> None:
        super().__init__()
        self._prompts, self._host, self._clock, self._line = prompts, host, clock, line
        self._opening = opening
        read, write = os.pipe()
        self.stdin, self._out = io.TextIOWrapper(os.fdopen(read, "rb")), os.fdopen(write, "wb", 0)
        read, write = os.pipe()
        self._in, self.stdout = os.fdopen(read, "rb"), os.fdopen(write, "w")
        self.failure: AssertionError | None = None

    def run(self) -> None:
        """The thread; what went wrong is kept for the test."""
        try:
            self._write(self._opening)
            for step in self._line:
                self._step(*step.partition(" ")[::2])
        except AssertionError as failure:
            self.failure = failure
        finally:
            self._out.close()

    def _step(self, mark: str, rest: str) -> None:
        if mark == ">":
            assert shortened(self._in.readline(), self._prompts) == rest
        elif mark == "<":
            self._write(rest.encode() + b"\n")
        elif mark == "+":
            self._clock.ms += int(rest)
        elif mark == "=":
            self._host.held.pop(0)()
        elif mark == "x":
            self._out.close()
        elif mark == "SIGHUP":
            os.kill(os.getpid(), signal.SIGHUP)
        elif mark == "closed":
            assert self._in.readline() == b""

    def _write(self, data: bytes) -> None:
        self._out.write(data)


def carry(
    prompts: Path,
    host: TableHost,
    line: list[str],
    monkeypatch: pytest.MonkeyPatch,
    opening: bytes = OPENING,
) -> None:
    """One call from its environment to its end."""
    clock = Clock()
    pbx = Pbx(prompts, host, clock, line, opening)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", pbx.stdin)
        patch.setattr("sys.stdout", pbx.stdout)
        pbx.start()
        try:
            agi_script.run(host, prompts, apology=(clip("sorry"),), now=lambda: 1, clock=clock)
        finally:
            pbx.stdout.close()
            pbx.join()
    if pbx.failure:
        raise pbx.failure


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_exchange(
    case: dict[str, Any],
    prompts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line and the house hear the same as over FastAGI; neither stderr nor log tells a key."""
    host = TableHost(case["house"])
    carry(prompts, host, case["line"], monkeypatch)
    assert host.events == case["events"]
    told = "".join(capfd.readouterr()) + caplog.text
    assert "135792" not in told
    assert "13800138000" not in told


def test_sighup_is_a_hang_up(prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asterisk tells a hang-up between two commands by SIGHUP."""
    host = TableHost([[{"Perform": "query"}], {"End": "left"}])
    line = [
        "> ANSWER",
        "< 200 result=0",
        "> WAIT FOR DIGIT 150",
        "SIGHUP",
        "< 200 result=0",
    ]
    carry(prompts, host, line, monkeypatch)
    assert host.events == [{"CallArrived": {}}, {"CallEnded": {"by": "caller"}}]


def test_a_name_that_is_not_utf_8(prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's name in another encoding does not end the call."""
    host = TableHost([{"End": "done"}, {"End": "done"}])
    opening = b"agi_calleridname: \xc0\xcf\xb0\xe5\n" + environment()
    line = ["> ANSWER", "< 200 result=0", "> HANGUP", "< 200 result=1"]
    carry(prompts, host, line, monkeypatch, opening)
    assert host.events[-1] == {"CallEnded": {"by": "hotline"}}


def test_started_by_hand(prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment it says what it is for, and the house hears nothing."""
    host = TableHost([])
    with pytest.raises(ValueError, match="from the dialplan"):
        carry(prompts, host, [], monkeypatch, b"\n")
    assert host.deliveries == []


def test_nothing_else_is_written_to_the_pbx(prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stray print of any part of the house goes to stderr, not into the AGI dialogue."""

    class Chatty(TableHost):
        def deliver(self, delivery: Any, on_reply: Any) -> None:
            print("hello")
            super().deliver(delivery, on_reply)

    host = Chatty([MENU, {"End": "left"}])
    carry(prompts, host, ["> ANSWER", "< 200 result=0", "> EXEC Background main"], monkeypatch)
    assert host.events[-1] == {"CallEnded": {"by": "network"}}
