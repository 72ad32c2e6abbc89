"""What reports count: the type of a count and the words in it.

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
