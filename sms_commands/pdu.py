"""Bodies of SMPP 3.4 messages: a deliver_sm taken apart, a text made ready for submit_sm.

Short Message Peer to Peer Protocol Specification v3.4, 4.6.1 (deliver_sm), 5.2.19 (data_coding),
5.3.2 (optional parameters), appendix B (receipts); user data headers: 3GPP TS 23.040 9.2.3.24.
Octets of the default alphabet stand one a byte, unpacked, as SMSCs want them.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from sms_commands.compose import BASIC, EXTENSION, encoding, split

UDHI = 0x40
"""esm_class: the text begins with a user data header."""
UCS2 = 8
_RECEIPT = 0x04
_ESCAPE = 0x1B
_EXTENSION_CODES = (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65)
_OUT = {c: bytes((code,)) for code, c in enumerate(BASIC)} | {
    c: bytes((_ESCAPE, code)) for c, code in zip(EXTENSION, _EXTENSION_CODES, strict=True)
}
_EXTENDED = dict(zip(_EXTENSION_CODES, EXTENSION, strict=True))

_PAYLOAD, _RECEIPTED, _STATE = 0x0424, 0x001E, 0x0427
_SAR_REF, _SAR_TOTAL, _SAR_N = 0x020C, 0x020E, 0x020F
_STATES = {1: "sent", 2: "delivered", 3: "failed", 4: "failed", 5: "failed", 6: "sent", 8: "failed"}
_STATS = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "REJECTD": 8}
_FIELD = re.compile(r"\b(id|stat|err):(\S+)")


class BadPdu(ValueError):
    """A body that is not that of a deliver_sm."""


class Part(NamedTuple):
    """A text's place in a longer one: `n` of `total`, counted from 1; `ref` joins them."""

    ref: int = 0
    total: int = 1
    n: int = 1


class Incoming(NamedTuple):
    """A text, or a part of one. Numbers are as the SMSC wrote them."""

    source: str
    destination: str
    text: str
    part: Part = Part()


class Receipt(NamedTuple):
    """What the SMSC reports of a text that it took. `state` is sent | delivered | failed."""

    message_id: str
    state: str
    error: str = ""


def deliver_sm(body: bytes, *, default: str = "gsm7") -> Incoming | Receipt | None:
    """What a deliver_sm brings; None for a report that is no news (an unknown state).

    `default` is the alphabet of data_coding 0: gsm7 | latin1. Raises BadPdu.
    """
    try:
        return _deliver_sm(body, default)
    except (IndexError, ValueError, struct.error) as error:
        raise BadPdu(f"{type(error).__name__} in a deliver_sm of {len(body)} octets") from None


def _deliver_sm(body: bytes, default: str) -> Incoming | Receipt | None:
    _, at = _string(body, 0)
    source, at = _string(body, at + 2)
    destination, at = _string(body, at + 2)
    esm_class = body[at]
    _, at = _string(body, at + 3)
    _, at = _string(body, at)
    coding, length = body[at + 2], body[at + 4]
    at += 5
    data, options = body[at : at + length], _options(body, at + length)
    data = data or options.get(_PAYLOAD, b"")
    if esm_class & 0x3C == _RECEIPT:
        return _receipt(data.decode("latin1"), options)
    part = Part()
    if esm_class & UDHI and data:
        part, data = _concatenated(data)
    elif _SAR_TOTAL in options:
        ref, total, n = (options.get(tag, b"\1") for tag in (_SAR_REF, _SAR_TOTAL, _SAR_N))
        part = Part(int.from_bytes(ref, "big"), total[0], n[0])
    if not 1 <= part.n <= part.total:
        raise ValueError("a part outside its text")
    return Incoming(source, destination, _decoded(data, coding, default), part)


def _string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(0, at)
    return body[at:end].decode("ascii"), end + 1


def _options(body: bytes, at: int) -> dict[int, bytes]:
    found = {}
    while at + 4 <= len(body):
        tag, length = struct.unpack_from("!HH", body, at)
        found[tag] = body[at + 4 : at + 4 + length]
        at += 4 + length
    return found


def _concatenated(data: bytes) -> tuple[Part, bytes]:
    part, at, end = Part(), 1, data[0] + 1
    while at + 1 < end:
        kind, length = data[at], data[at + 1]
        value = data[at + 2 : at + 2 + length]
        if (kind, length) in ((0x00, 3), (0x08, 4)):
            part = Part(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
        at += 2 + length
    return part, data[end:]


def _decoded(data: bytes, coding: int, default: str) -> str:
    if coding & 0xCC == UCS2 or coding == UCS2:
        return data.decode("utf-16-be", "replace")
    if coding in (1, 3) or (coding == 0 and default == "latin1"):
        return data.decode("latin1")
    return from_gsm7(data)


def _receipt(text: str, options: dict[int, bytes]) -> Receipt | None:
    said = dict(_FIELD.findall(text))
    message = options.get(_RECEIPTED, b"").rstrip(b"\0").decode("ascii", "replace")
    message = message or said.get("id", "")
    number = options[_STATE][0] if options.get(_STATE) else _STATS.get(said.get("stat", ""), 0)
    state = _STATES.get(number)
    if not message or state is None:
        return None
    return Receipt(message, state, said.get("err", "") if state == "failed" else "")


def from_gsm7(data: bytes) -> str:
    """Octets of the default alphabet, one a byte, as characters; an unknown one is a blank."""
    text, escaped = [], False
    for code in data:
        if escaped:
            text.append(_EXTENDED.get(code, " "))
        elif code != _ESCAPE:
            text.append(BASIC[code] if code < len(BASIC) else " ")
        escaped = code == _ESCAPE and not escaped
    return "".join(text)


class Outgoing(NamedTuple):
    """One submit_sm: its data with a header where it is one of several, and how to read it."""

    data: bytes
    esm_class: int
    data_coding: int


def submits(text: str, ref: int) -> tuple[Outgoing, ...]:
    """The submit_sm's of a text. `ref` (0-255) joins its parts on the handset.

    >>> [len(one.data) for one in submits("余" * 71, 7)]
    [140, 14]
    """
    parts = split(text)
    ucs2 = encoding(text) == "ucs2"
    bodies = [part.encode("utf-16-be") if ucs2 else b"".join(map(_OUT.get, part)) for part in parts]  # type: ignore[arg-type]
    coding = UCS2 if ucs2 else 0
    if len(bodies) == 1:
        return (Outgoing(bodies[0], 0, coding),)
    return tuple(
        Outgoing(bytes((5, 0, 3, ref, len(bodies), n)) + body, UDHI, coding)
        for n, body in enumerate(bodies, 1)
    )
