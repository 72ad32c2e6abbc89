"""Places real SIP calls through SIPp; any number of them at once."""

import itertools
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .asterisk import Pbx, free_port
from .hear import Heard, clips_heard
from .rtp import Key, packets, write_pcap
from .scenario import Dtmf, call_xml

_numbers = itertools.count(1)


@dataclass(frozen=True)
class CallResult:
    """A call that is over: SIPp's verdict (0: as the scenario said) and both recordings."""

    caller: str
    call_id: str
    returncode: int
    heard: Path
    said: Path
    sip: str

    def clips(self, tones: Mapping[str, int]) -> list[Heard]:
        """The clips of `tones` (clip -> hertz) that the caller heard, in their order."""
        return clips_heard(self.heard, tones)


@dataclass(frozen=True)
class Call:
    """A call that is under way."""

    pbx: Pbx
    caller: str
    call_id: str
    process: subprocess.Popen[bytes]
    files: Path

    def wait(self, timeout: float = 60) -> CallResult:
        """Waits for the end of the call and of its recording.

        Raises `RuntimeError` with the SIP messages when the PBX never took the call.
        """
        returncode = self.process.wait(timeout)
        log = self.files / f"{self.call_id}.sip"
        sip = log.read_text(errors="replace") if log.exists() else ""
        if not self.pbx.wait_over(self.call_id, 5):
            raise RuntimeError(f"the PBX never ended the call of {self.caller}:\n{sip[-4000:]}")
        heard, said = (self.pbx.recording(self.call_id, side) for side in ("heard", "said"))
        return CallResult(self.caller, self.call_id, returncode, heard, said, sip)


def start_call(
    pbx: Pbx,
    caller: str = "13800138000",
    called: str = "10086",
    keys: Sequence[Key] = (),
    dtmf: Dtmf = "rfc4733",
    duration: float = 15,
    hangup_at: float | None = None,
    agi_port: int | None = None,
    context: str = "hotline-network",
    withheld: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Call:
    """Dials `called` and returns at once.

    `keys` are (seconds after the answer, key); the caller hangs up at `hangup_at`, else the other
    end has to within `duration` seconds. `agi_port` is the engine's (None: nobody listens),
    `context` the deployed one of an identity level, `variables` are set on the channel (a value
    holds no comma).
    """
    call_id = f"{caller}-{os.getpid()}-{next(_numbers)}"
    files = pbx.run / "calls"
    files.mkdir(exist_ok=True)
    rtp, xml = files / f"{call_id}.pcap", files / f"{call_id}.xml"
    length = duration if hangup_at is None else hangup_at
    write_pcap(rtp, packets(length, keys if dtmf == "rfc4733" else ()))
    engine = f"agi://127.0.0.1:{agi_port or pbx.agi_port}/hotline"
    assigned = {"HOTLINE_AGI": engine, **(variables or {})}
    headers = {
        "X-Test-Context": context,
        "X-Test-Set": ",".join(f"{name}={value}" for name, value in assigned.items()),
    }
    if withheld:
        # RFC 3325: the network knows the number and is asked not to show it.
        headers |= {"Privacy": "id", "P-Asserted-Identity": f"<sip:{caller}@127.0.0.1>"}
    scenario = call_xml(caller, keys, dtmf, duration, hangup_at, rtp, headers)
    xml.write_text(scenario, encoding="utf-8")
    options = {
        "-sf": xml,
        "-s": called,
        "-i": "127.0.0.1",
        "-mi": "127.0.0.1",
        "-p": free_port(socket.SOCK_DGRAM),
        "-mp": free_port(socket.SOCK_DGRAM, 4),
        "-cid_str": call_id,
        "-m": 1,
        "-timeout": f"{round(duration) + 20}s",
        "-message_file": files / f"{call_id}.sip",
    }
    words = [str(word) for option in options.items() for word in option]
    process = subprocess.Popen(
        ["sipp", *words, "-nostdin", "-timeout_error", "-trace_msg", f"127.0.0.1:{pbx.sip_port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=files,
        env={**os.environ, "TERM": "dumb"},
    )
    return Call(pbx, caller, call_id, process, files)


def place_call(
    pbx: Pbx,
    caller: str = "13800138000",
    called: str = "10086",
    keys: Sequence[Key] = (),
    dtmf: Dtmf = "rfc4733",
    duration: float = 15,
    hangup_at: float | None = None,
    agi_port: int | None = None,
) -> CallResult:
    """One call from dialling to its end; see `start_call` for many at once and for more options."""
    return start_call(pbx, caller, called, keys, dtmf, duration, hangup_at, agi_port).wait()
