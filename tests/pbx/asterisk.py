"""One real Asterisk on free loopback ports, with the dialplan of deploy/asterisk."""

import os
import random
import re
import shutil
import socket
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ivr.ami import Account, Fields, Watcher

from .tones import write_tones

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "asterisk"
BOOT_S = 60
RTP_PORTS = 400

_CONF = Path(__file__).parent / "conf"
_SYSTEM_FOLDERS = ("etc", "lib/keys", "agi-bin", "spool", "run", "log", "sounds", "recordings")


@dataclass(frozen=True)
class Installation:
    """Where an Asterisk is: its command, its modules and its data."""

    command: Path
    modules: Path
    data: Path


@dataclass(frozen=True)
class Pbx:
    """The running PBX.

    `agi_port` is the engine's unless a call says otherwise; nobody listens there. `tones` are the
    prompts of the dialplan: clip -> hertz, in `sounds`.
    """

    run: Path
    sip_port: int
    ami_port: int
    agi_port: int
    process: subprocess.Popen[bytes]
    tones: Mapping[str, int]
    _over: dict[str, threading.Event] = field(
        default_factory=lambda: defaultdict(threading.Event), repr=False
    )

    @property
    def sounds(self) -> Path:
        """A folder for prompts, named in AGI by absolute path."""
        return self.run / "sounds"

    @property
    def account(self) -> Account:
        """The AMI user of deploy/asterisk/hotline-manager.conf, with the secret it ships."""
        text = (DEPLOY / "hotline-manager.conf").read_text(encoding="utf-8")
        secret = re.search(r"^secret = (\S+)$", text, re.MULTILINE)
        assert secret
        return Account("hotline", secret[1], port=self.ami_port)

    def recording(self, call_id: str, side: str) -> Path:
        """What the caller `heard` or `said`; whole once `wait_over` says so."""
        return self.run / "recordings" / f"{call_id}-{side}.wav"

    def logs(self) -> str:
        """All that the PBX has written to its logs and its console."""
        files = [self.run / "console", *sorted((self.run / "log").rglob("*"))]
        return "".join(file.read_text(errors="replace") for file in files if file.is_file())

    def wait_over(self, call_id: str, timeout: float) -> bool:
        """Waits up to `timeout` seconds for the PBX's word that the call is over."""
        return self._over[call_id].wait(timeout)

    def heed(self, name: str, fields: Fields) -> None:
        """Takes an AMI event."""
        if name == "UserEvent" and fields.get("UserEvent") == "CallOver":
            self._over[fields["Call"]].set()


def installation() -> Installation | None:
    """The host's own Asterisk, else the one that tests/peers/setup unpacked, else None."""
    own = ROOT / ".peers" / "asterisk"
    if host := shutil.which("asterisk"):
        modules = [*Path("/usr/lib").glob("*/asterisk/modules"), Path("/usr/lib/asterisk/modules")]
        found = [folder for folder in modules if folder.is_dir()]
        return Installation(Path(host), found[0], Path("/usr/share/asterisk")) if found else None
    if (own / ".complete").exists():
        return Installation(own / "asterisk", own / "modules", own / "root/usr/share/asterisk")
    return None


def missing() -> str | None:
    """What keeps real calls from being placed here, in one line that says how to get it."""
    if installation() is None:
        return "Asterisk is missing: `make peers` fetches it"
    if shutil.which("sipp") is None:
        return "SIPp is missing: `make peers` as root, or install the package sip-tester"
    if os.geteuid() != 0:
        return "SIPp plays a caller's RTP as root only: run these tests as root"
    return None


_DICE = random.SystemRandom()
"""Not the global one, which hypothesis seeds alike again and again."""
_GIVEN: set[int] = set()
"""Ports given out in this run: their users may not have bound them yet."""


def free_port(kind: socket.SocketKind, width: int = 1) -> int:
    """An even port with `width` free ones from there on, below those that port 0 hands out.

    The kernel gives ephemeral ports to every other test; a listener that starts later than its
    port was chosen must not meet them.
    """
    wanted = range(width)
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range")
    top = int(ephemeral.read_text().split()[0]) if ephemeral.exists() else 32768
    for _ in range(200):
        port = _DICE.randrange(10_000, max(top, 20_000) - width, 2)
        ports = {port + n for n in wanted}
        if not ports & _GIVEN and all(_is_free(kind, at) for at in ports):
            _GIVEN.update(ports)
            return port
    raise OSError("no free port on 127.0.0.1")


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def running(run: Path) -> Iterator[Pbx]:
    """Starts Asterisk under `run`, waits until it takes calls and stops it by its pid."""
    place = installation()
    assert place is not None
    for name in _SYSTEM_FOLDERS:
        (run / name).mkdir(parents=True, exist_ok=True)
    rtp = free_port(socket.SOCK_DGRAM, RTP_PORTS)
    sip, ami = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    agi = free_port(socket.SOCK_STREAM)
    _configure(
        run / "etc",
        {
            "RUN": run,
            "MODULES": place.modules,
            "DATA": place.data,
            "DEPLOY": DEPLOY,
            "SIP_PORT": sip,
            "AMI_PORT": ami,
            "RTP_START": rtp,
            "RTP_END": rtp + RTP_PORTS - 1,
        },
    )
    tones = write_tones(run / "sounds", ("apology", "agent"))
    with (run / "console").open("wb") as console:
        process = subprocess.Popen(
            [place.command, "-f", "-C", run / "etc" / "asterisk.conf"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    try:
        pbx = Pbx(run, sip, ami, agi, process, tones)
        account = Account("tester", "tester-secret", port=ami)
        with Watcher(account, on_event=pbx.heed, retry_s=0.05) as watcher:
            _wait_booted(pbx, watcher)
            yield pbx
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_booted(pbx: Pbx, watcher: Watcher) -> None:
    for _ in range(BOOT_S * 2):
        if watcher.wait_booted(0.5):
            return
        if pbx.process.poll() is not None:
            break
    raise RuntimeError(f"Asterisk did not boot: {watcher.trouble}\n{pbx.logs()[-4000:]}")


def _configure(etc: Path, values: Mapping[str, object]) -> None:
    """Fills @NAME@ in the test's configuration; the deployed files are taken as they are."""
    for source in _CONF.glob("*.conf"):
        text = re.sub(
            r"@([A-Z_]+)@", lambda found: str(values[found[1]]), source.read_text(encoding="utf-8")
        )
        (etc / source.name).write_text(text, encoding="utf-8")
    shutil.copy(DEPLOY / "logger.conf", etc)
