"""The SMSC of the tests: tests/sms/smsc.js in a process of its own, driven by lines of JSON."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_suffix(".js")
MODULES = ROOT / ".peers" / "node_modules"
PASSWORD = "secret"
PATIENCE_S = 60


def missing() -> str:
    """What keeps the SMSC from running here, in one line that says how to get it; "" = nothing."""
    if shutil.which("node") and (MODULES / "smpp").is_dir():
        return ""
    return "the SMSC simulator is missing: make peers (needs node and npm)"


class Smsc:
    """A running SMSC. What it sees waits in order until a test asks for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._seen: queue.Queue[dict[str, Any]] = queue.Queue()
        self._aside: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.port: int = self.see("listening")["port"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._seen.put(json.loads(line))

    def do(self, what: str, **how: Any) -> None:
        """Tells it to do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **how}) + "\n")
        self._process.stdin.flush()

    def mo(self, text: str, number: str = "8613800138000", to: str = "10086", **how: Any) -> None:
        """A subscriber sends a text."""
        self.do("mo", text=text, to=to, **{"from": number}, **how)

    def see(self, kind: str, **having: Any) -> dict[str, Any]:
        """The next thing of that kind, with those values, that it sees; others wait."""
        for seen in self._aside:
            if _fits(seen, kind, having):
                self._aside.remove(seen)
                return seen
        while True:
            seen = self._seen.get(timeout=PATIENCE_S)
            if _fits(seen, kind, having):
                return seen
            self._aside.append(seen)


def _fits(seen: dict[str, Any], kind: str, having: dict[str, Any]) -> bool:
    return seen["saw"] == kind and all(seen.get(key) == value for key, value in having.items())


@contextmanager
def running() -> Iterator[Smsc]:
    """An SMSC on a free loopback port, ended afterwards."""
    node = shutil.which("node")
    assert node
    with subprocess.Popen(
        [node, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    ) as process:
        try:
            yield Smsc(process)
        finally:
            process.kill()
