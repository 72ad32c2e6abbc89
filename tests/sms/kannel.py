"""One real Kannel on free loopback ports: deploy/kannel's file before the SMSC of the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from smsc import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "kannel" / "hotline.conf"
FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
SECRET = "a-test-secret"
BOOT_S = 30


class Ports(NamedTuple):
    """Where Kannel listens and where Hotline does."""

    admin: int
    smsbox: int
    smsc: int
    sendsms: int
    hotline: int


def free_ports(n: int) -> list[int]:
    """Ports that nobody had a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def missing() -> str:
    """What keeps Kannel from running here, in one line that says how to get it; "" = nothing."""
    found = all(shutil.which(box) for box in ("bearerbox", "smsbox")) and FAKESMSC.exists()
    return "" if found else "Kannel is missing: make peers (apt-get install kannel kannel-extras)"


def configured(run: Path, ports: Ports, smsc: int) -> Path:
    """deploy/kannel's file with this run's ports, folders and SMSC, and Kannel's fake one."""
    text = DEPLOY.read_text(encoding="utf-8")
    for old, new in (
        ("13000", ports.admin), ("13001", ports.smsbox), ("13013", ports.sendsms),
        ("8086", ports.hotline), ("CHANGE-secret", SECRET),
        ('smsc-username = "CHANGE"', 'smsc-username = "kannel"'),
        ('smsc-password = "CHANGE"', f'smsc-password = "{PASSWORD}"'),
        ("smsc.example.net", "127.0.0.1"), ("port = 2775", f"port = {smsc}"),
        ("/var/log/kannel", run / "log"), ("/var/spool/kannel", run / "spool"),
    ):  # fmt: skip
        assert str(old) in text, old
        text = text.replace(str(old), str(new))
    text += (
        "\ngroup = smsc\nsmsc = fake\nsmsc-id = FAKE\npreferred-smsc-id = FAKE\n"
        f"port = {ports.smsc}\nconnect-allow-ip = 127.0.0.1\n"
    )
    file = run / "kannel.conf"
    file.write_text(text, encoding="utf-8")
    for folder in ("log", "spool", "spool/dlr"):
        (run / folder).mkdir(parents=True, exist_ok=True)
    return file


@dataclass
class Kannel:
    """The running gateway; `pids` are those of its boxes."""

    run: Path
    ports: Ports
    pids: dict[str, int] = field(default_factory=dict)

    def status(self) -> str:
        """Bearerbox's own word on its links."""
        url = f"http://127.0.0.1:{self.ports.admin}/status.txt?password=CHANGE-admin"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    def logs(self) -> str:
        """All that Kannel has written."""
        files = sorted((self.run / "log").rglob("*"))
        return "".join(file.read_text(errors="replace") for file in files if file.is_file())

    @property
    def sendsms(self) -> str:
        """What HOTLINE_KANNEL_SENDSMS is to be."""
        return f"http://hotline:CHANGE-sendsms@127.0.0.1:{self.ports.sendsms}/cgi-bin/sendsms"


@contextmanager
def running(run: Path, hotline: int, smsc: int, *, by_get: bool = False) -> Iterator[Kannel]:
    """Bearerbox and smsbox, ended afterwards; `by_get` has texts in the address."""
    ports = Ports(*free_ports(4), hotline)
    file = configured(run, ports, smsc)
    if by_get:
        text = file.read_text("utf-8")
        file.write_text(text.replace("post-url", "get-url").replace("smsc=%i", "smsc=%i&text=%b"))
    kannel = Kannel(run, ports)
    with ExitStack() as boxes:
        for box in ("bearerbox", "smsbox"):
            program = shutil.which(box)
            assert program
            log = boxes.enter_context((run / f"{box}.out").open("wb"))
            process = subprocess.Popen([program, "-v", "4", str(file)], stdout=log, stderr=log)
            boxes.callback(_end, process)
            kannel.pids[box] = process.pid
            _await(kannel, process, "Status" if box == "bearerbox" else "smsbox:")
        yield kannel


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(kannel: Kannel, process: subprocess.Popen[bytes], word: str) -> None:
    """Until bearerbox's status tells it: the one event that Kannel offers."""
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end:
        assert process.poll() is None, kannel.logs()
        try:
            if word in kannel.status():
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"Kannel does not say {word!r}: {kannel.logs()}")
