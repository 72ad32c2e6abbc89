"""SIPp's scenario of one call: dial, press keys, hang up or wait for the other end to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import quoteattr

from .rtp import EVENT_PAYLOAD, Key

Dtmf = Literal["rfc4733", "info"]

_ROUTE = """\
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: {sender};tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: [cseq] {method}
Max-Forwards: 70"""

_EVENT_LINES = f"""
a=rtpmap:{EVENT_PAYLOAD} telephone-event/8000
a=fmtp:{EVENT_PAYLOAD} 0-15"""

_OK = """\
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
"""

_BYE, _HANG_UP, _END = 1, 2, 3  # labels; a key's label is _KEY + its place
_KEY = 10


def call_xml(
    caller: str,
    keys: Sequence[Key],
    dtmf: Dtmf,
    duration: float,
    hangup_at: float | None,
    rtp: Path,
    headers: Mapping[str, str],
) -> str:
    """The scenario: the times of keys count from the answer; `rtp` plays from there on.

    The other end may hang up at any time; if neither does within `duration` the call has failed.
    """
    sender = f"<sip:{caller}@[local_ip]:[local_port]>"
    steps = [_invite(sender, caller, dtmf, headers)]
    steps += [f'<recv response="{code}" optional="true"/>' for code in (100, 180, 183)]
    steps += ['<recv response="200" rrs="true"/>', _send(_in_dialogue("ACK", sender, cseq="1"))]
    steps.append(f"<nop><action><exec play_pcap_audio={quoteattr(str(rtp))}/></action></nop>")
    now = 0.0
    for place, (at, key) in enumerate(keys if dtmf == "info" else ()):
        info = f"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal={key}\n"
        steps += [
            _until_bye(at - now, _KEY + place),
            _send(_in_dialogue("INFO", sender, info + "Duration=100\n"), retrans=True),
            f'<recv request="BYE" optional="true" next="{_BYE}"/>',
            '<recv response="200"/>',
        ]
        now = at
    if hangup_at is None:
        steps.append(f'<recv request="BYE" timeout="{round((duration - now) * 1000)}"/>')
    else:
        steps += [
            _until_bye(hangup_at - now, _HANG_UP),
            _send(_in_dialogue("BYE", sender), retrans=True),
            f'<recv response="200" next="{_END}"/>',
        ]
    steps += [f'<label id="{_BYE}"/>', _send(_OK), f'<label id="{_END}"/>']
    steps.append('<timewait milliseconds="50"/>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
        '<scenario name="call">\n' + "\n".join(steps) + "\n</scenario>\n"
    )


def _invite(sender: str, caller: str, dtmf: Dtmf, headers: Mapping[str, str]) -> str:
    route = _ROUTE.format(sender=sender, method="INVITE")
    more = "".join(f"\n{name}: {value}" for name, value in headers.items())
    events = dtmf == "rfc4733"
    return _send(
        f"INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n{route}{more}\n"
        f"Contact: <sip:{caller}@[local_ip]:[local_port]>\n"
        "Content-Type: application/sdp\nContent-Length: [len]\n\n"
        "v=0\no=caller 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n"
        f"m=audio [media_port] RTP/AVP 8{f' {EVENT_PAYLOAD}' if events else ''}\n"
        f"a=rtpmap:8 PCMA/8000{_EVENT_LINES if events else ''}\na=ptime:20\na=sendrecv\n",
        retrans=True,
    )


def _in_dialogue(
    method: str, sender: str, body: str = "Content-Length: 0\n", cseq: str = "[cseq]"
) -> str:
    route = _ROUTE.format(sender=sender, method=method).replace("[cseq]", cseq)
    return f"{method} [next_url] SIP/2.0\n{route}\n{body}"


def _send(message: str, retrans: bool = False) -> str:
    attribute = ' retrans="500"' if retrans else ""
    return f"<send{attribute}><![CDATA[\n{message}\n]]></send>"


def _until_bye(seconds: float, label: int) -> str:
    """Waits `seconds` unless the other end hangs up first."""
    return (
        f'<recv request="BYE" timeout="{max(1, round(seconds * 1000))}" ontimeout="{label}"'
        f' next="{_BYE}"/>\n<label id="{label}"/>'
    )
