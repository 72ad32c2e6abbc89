"""What reports count: the types of counts and the words in them.

A request counts as `open` from its opening and moves to its outcome when it closes, on the day
and hour it was opened; one closed as `unknown` moves on when its order is reconciled. A call
counts when it ends: `lost` when it met no leaf, else `served`.
"""

from __future__ import annotations

from typing import NamedTuple

OPEN = "open"
LOST = "lost"
SERVED = "served"
REQUEST = "request"
CALL = "call"


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


class Visit(NamedTuple):
    """How often something happened at a node: the roll-up of steps and attempts.

    `of` is step | attempt. Of a step: where its event found the dialogue (`node`, `stage`), which
    `event` it was, the `key` that a menu or a price took ("" elsewhere: entries are not counted by
    what they say), `tries` that had gone wrong there before, `nth` its number in the dialogue up
    to MOST_NTH (1 = the arrival); `heard_ms` sums what was listened to. Of an attempt that went
    wrong: `event` is its reason.
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


class Repeat(NamedTuple):
    """Requests whose subscriber had asked for the same leaf within the 24 hours before."""

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


class Wrapped(NamedTuple):
    """Agents' wrap-up codes of a local day."""

    day: str
    code: str
    n: int


class Exposed(NamedTuple):
    """An arm of a trial: its subscribers, and how many of them met each guard at least once."""

    entered: int = 0
    failure: int = 0
    opt_out: int = 0
    repeat: int = 0


GUARDS = Exposed._fields[1:]
