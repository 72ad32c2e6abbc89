"""One message out of a turn, and how a network will carry it.

The alphabets and their counting are 3GPP TS 23.038 (6.2.1 default alphabet and extension table,
6.2.3 UCS2); concatenation with an 8-bit reference is TS 23.040 9.2.3.24.1, whose header of six
octets leaves 153 septets or 67 UCS-2 units to each part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from dialog.turn import Say
from menus.model import Model
from menus.render import write

Encoding = Literal["gsm7", "ucs2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet by code; 0x1B is the escape to the extension table, not a character."""

EXTENSION = "\f^{}\\[~]|€"
"""Characters that take an escape and so two septets."""

SINGLE: dict[Encoding, int] = {"gsm7": 160, "ucs2": 70}
JOINED: dict[Encoding, int] = {"gsm7": 153, "ucs2": 67}
MOST_SEGMENTS = 10

SHORTENED = {"zh": "…（后文略）", "en": "... (cut short)"}
"""How a message ends that was longer than MOST_SEGMENTS, by primary language."""

_SEPTETS = {c: 1 for c in BASIC if c != "\x1b"} | dict.fromkeys(EXTENSION, 2)
_GSM7 = frozenset(_SEPTETS)
_SENTENCE_ENDS = tuple("。！？!?.")


class Message(NamedTuple):
    """A message as it is sent: `segments` is what the network charges."""

    text: str
    encoding: Encoding
    segments: int


def compose(model: Model, language: str, says: Iterable[Say]) -> Message:
    """Joins the texts of a turn into one message of at most MOST_SEGMENTS.

    Sentences follow one another; anything else, such as the lines of a numbered list, starts a
    new line.
    """
    gap = "" if language.startswith("zh") else " "
    text = ""
    for say in says:
        piece = write(model, language, say, medium="sms").strip()
        if text and piece:
            text += gap if text.endswith(_SENTENCE_ENDS) else "\n"
        text += piece
    return shorten(text, SHORTENED["zh" if language.startswith("zh") else "en"])


def shorten(text: str, ending: str, most: int = MOST_SEGMENTS) -> Message:
    """The text as a message of at most `most` segments; a cut one closes with `ending`."""
    parts = split(text)
    if len(parts) > most:
        kept = "".join(parts[:most])
        # the encoding holds or gets narrower as characters go, so this ends within one ending
        while len(parts := split(kept.rstrip() + ending)) > most:
            kept = kept[:-1]
        text = "".join(parts)
    return Message(text, encoding(text), len(parts))


def encoding(text: str) -> Encoding:
    """GSM-7 when every character is in its two tables, else UCS-2."""
    return "gsm7" if _GSM7.issuperset(text) else "ucs2"


def units(text: str, alphabet: Encoding) -> int:
    """The length that limits are stated in: septets, or UCS-2 units (two for a surrogate pair)."""
    if alphabet == "gsm7":
        return sum(map(_SEPTETS.__getitem__, text))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str) -> tuple[str, ...]:
    """The parts that a network sends: one up to 160 septets or 70 units, else 153 or 67 each.

    A part never ends inside an escape or a surrogate pair. Empty text has no part.

    >>> [len(part) for part in split("a" * 161)]
    [153, 8]
    """
    if not text:
        return ()
    alphabet = encoding(text)
    if units(text, alphabet) <= SINGLE[alphabet]:
        return (text,)
    parts: list[str] = []
    start, used = 0, 0
    for i, character in enumerate(text):
        size = units(character, alphabet)
        if used + size > JOINED[alphabet]:
            parts.append(text[start:i])
            start, used = i, 0
        used += size
    return (*parts, text[start:])
