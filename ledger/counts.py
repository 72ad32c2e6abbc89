"""What reports count: the types of counts and the words in them.

A request counts as `open` from its opening and moves to its outcome when it closes, on the day
and hour it was opened; one closed as `unknown` moves on when its order is reconciled. A call
counts when it ends: `lost` when it met no leaf, else `served`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

OPEN = "open"
LOST = "lost"
SERVED = "served"
REQUEST = "request"
CALL = "call"
NO_LEAF = "none"
"""The leaf of a text that matched nothing. Its keyword is the text itself and is not counted by:
`Texted` has the texts."""
EXCESS = "bad_parameter"
"""The reason of a text of that leaf which did match a code, with more behind than that takes."""


class Count(NamedTuple):
    """How many there were of one kind; a dimension that was not asked for stands at its default.

    `of` is request | call. Of a call `node` is the last one, `outcome` lost | served, `reason`
    `agent` when an agent was asked for, else who hung up. `guided`: errors or repeats before.
    """

    of: str = ""
    day: str = ""
    hour: int = -1
    channel: str = ""
    traffic: str = ""
    digest: str = ""
    called: str = ""
    brand: str = ""
    node: str = ""
    service: str = ""
    leaf: str = ""
    kind: str = ""
    keyword: str = ""
    outcome: str = ""
    reason: str = ""
    guided: bool = False
    n: int = 0


DIMENSIONS = Count._fields[:-1]


STEP = "step"
ATTEMPT = "attempt"
MOST_NTH = 4
KEYED = ("choose", "confirm")
"""Stages whose keys are counted by: those of a menu and of a price."""
KEYS = tuple("0123456789*#")


class Visit(NamedTuple):
    """How often something happened at a node: the roll-up of steps and attempts.

    `of` is step | attempt. Of a step: where its event found the dialogue (`node`, `stage`), which
    `event` it was, the `key` that a menu or a price took ("" elsewhere: entries are not counted by
    what they say), `tries` that had gone wrong there before, `nth` its number in the dialogue up
    to MOST_NTH (1 = the arrival); `heard_ms` sums what was listened to. Of an attempt that went
    wrong: its `node`, `nth` the step's, and `event` is its reason.
    """

    of: str = ""
    day: str = ""
    channel: str = ""
    traffic: str = ""
    digest: str = ""
    node: str = ""
    stage: str = ""
    event: str = ""
    key: str = ""
    tries: int = 0
    nth: int = 0
    n: int = 0
    heard_ms: int = 0


VISIT_DIMENSIONS = Visit._fields[:-2]


class Behind(NamedTuple):
    """One request, or one call, behind a figure: its kind as counted, and where its rows are.

    `id` is the request's, of a call its session's; `raw` the BSS's own code; `subscriber` a
    pseudonym.
    """

    counted: Count
    id: str
    session: str
    at: int
    subscriber: str
    raw: str


class Repeat(NamedTuple):
    """Requests whose subscriber had asked for the same leaf within the 24 hours before.

    Of the same traffic, by any channel; the day and the channel are the later request's.
    """

    day: str
    traffic: str
    channel: str
    leaf: str
    n: int  # requests that are such repeats
    of: int  # all requests of that leaf by known subscribers


class Texted(NamedTuple):
    """A text that matched nothing, as kept: digit runs masked."""

    text: str
    n: int
    subscribers: int
    first_day: str
    last_day: str


class Sent(NamedTuple):
    """How many of its texts came from subscribers of such a kind; "" is not known."""

    operator: str
    brand: str
    province: str
    n: int


class Wanted(NamedTuple):
    """A text that spelt no code, as kept, to one number; `of` says whose they were."""

    text: str
    called: str
    n: int
    subscribers: int
    first_day: str
    last_day: str
    of: tuple[Sent, ...] = ()


class Wrapped(NamedTuple):
    """Agents' wrap-up codes of a local day."""

    day: str
    code: str
    n: int


class Trail(NamedTuple):
    """The first nodes of dialogues, one after another; a node that is stayed at stands once.

    `ended`: how many of the `n` went no further, by how: of a call `agent` when an agent was asked
    for, else who hung up; of texts the session's end.
    """

    path: tuple[str, ...]
    n: int
    ended: Mapping[str, int]


class Exposed(NamedTuple):
    """An arm of a trial: its subscribers, and how many of them met each guard at least once."""

    entered: int = 0
    failure: int = 0
    opt_out: int = 0
    repeat: int = 0


GUARDS = Exposed._fields[1:]
