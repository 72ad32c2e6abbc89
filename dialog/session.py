"""A dialogue's state between two turns: frozen, JSON-safe, complete.

Whoever holds this and the menus version of its digest can go on with the dialogue; nothing else
is needed and nothing else is remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from dialog.events import Profile, Used, load_profile

FORMAT = 3

# made once: json.dumps makes a new encoder for each call that is not all defaults
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))

VOICE = "voice"
TEXT = "text"

NETWORK = "network"  # the network vouches for the caller's number
CLAIMED = "claimed"  # the number is only claimed: service password first
NONE = "none"  # no number: number and password first

OPEN = "open"
LEFT = "left"  # the caller is gone, an order is still under way
ENDED = "ended"


class Origin(NamedTuple):
    """What never changes in a session."""

    channel: str  # voice | text
    called: str  # the number that was dialled or texted
    caller: str  # the calling number, national format; "" when withheld
    identity: str  # network | claimed | none
    link: str  # the trunk or messaging link
    traffic: str = "real"  # real | rehearsal | dialtest | demo | replay


class Open(NamedTuple):
    """The open request. `stage`: running | answering (the answer waits to be heard)."""

    id: str
    leaf: str
    kind: str
    stage: str = "running"
    errors: int = 0
    repeats: int = 0
    answer: str = ""  # the text that the answer is said with


class Session(NamedTuple):
    """The whole state: `node` to `tries` is where it stands, `trail` where `*` leads back to."""

    id: str
    turn: int
    digest: str
    origin: Origin
    profile: Profile | None  # of the subscriber that is acted for
    acting: str  # the number acted for; "" = the caller's own
    authenticated: str  # "" | number (the network's word) | password
    language: str
    node: str = ""
    constants: Mapping[str, str] = {}
    fields: Mapping[str, str] = {}
    stage: str = ""
    tries: int = 0
    trail: tuple[tuple[str, Mapping[str, str]], ...] = ()
    request: Open | None = None
    quote: tuple[Any, ...] | None = None
    wait: tuple[Any, ...] = ()  # dialog.turn.dump_wait
    said: tuple[Any, ...] = ()  # for repeat: what was said before the menu
    leaves: int = 0  # requests opened so far
    errors: int = 0  # tries that went wrong so far
    agent: bool = False  # has asked for an agent
    book: str = ""  # the codebook whose code led here; a list that it opened keeps it
    used: Used = ()  # what the subscriber asked for lately, for own options
    state: str = OPEN
    deadline: int = 0  # UTC ms, 0 = none
    format: int = FORMAT

    def dump(self) -> str:
        """JSON text of the session."""
        return _ENCODER.encode(self)


def load(text: str) -> Session:
    """A session back from `Session.dump`.

    Raises ValueError when it was written by another format.
    """
    row = json.loads(text)
    if row[-1] != FORMAT:
        raise ValueError(f"session format {row[-1]}, this release reads {FORMAT}")
    row[3] = Origin(*row[3])
    row[4] = load_profile(row[4])
    row[13] = tuple((node, constants) for node, constants in row[13])
    row[14] = None if row[14] is None else Open(*row[14])
    row[15] = None if row[15] is None else tuple(row[15])
    row[16] = tuple(row[16])
    row[17] = tuple(row[17])
    row[22] = tuple((leaf, n) for leaf, n in row[22])
    return Session(*row)
