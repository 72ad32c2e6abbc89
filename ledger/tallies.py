"""What each fact adds to the roll-ups, written in the commit of the fact.

A later fact of something that was counted takes one from where it stood and adds one to where it
stands now. `rebuild` counts the same from the rows by a path of its own.

What is added to is told by a plain tuple, a roll-up's key: one is made for each step. That of a
request ends with outcome, reason, guided, day and hour.
"""

from __future__ import annotations

import sqlite3

from dialog.outcomes import UNKNOWN, outcome_of
from ledger import records as r
from ledger.counts import (
    ATTEMPT,
    CALL,
    KEYED,
    KEYS,
    LOST,
    MOST_NTH,
    NO_LEAF,
    OPEN,
    REQUEST,
    SERVED,
    STEP,
)
from ledger.rollups import Key

Line = tuple[str, str, str]
"""A session's channel, traffic and digest."""

NO_LINE: Line = ("", "", "")

_UNTIL_LEAF = "channel, traffic, digest, called, brand, node, service, leaf"
_OF_REQUEST = f"SELECT day, hour, kind, keyword, {_UNTIL_LEAF} FROM requests WHERE id = ?"  # noqa: S608
_UNSETTLED = "SELECT errors + repeats > 0 FROM closings WHERE request = ? AND outcome = ?"
_SETTLED = (
    "SELECT reason FROM order_moves WHERE order_id = ? AND state = 'reconciled' ORDER BY n LIMIT 1"
)


def opened(row: r.Request, times: tuple[str, int]) -> Key:
    """The count that a new request adds one to."""
    leaf = row.leaf
    return (
        REQUEST,
        row.channel,
        row.traffic,
        row.digest,
        row.called,
        row.brand,
        row.node,
        row.service,
        leaf,
        row.kind,
        "" if leaf == NO_LEAF else row.keyword,
        OPEN,
        "",
        False,
        *times,
    )


def opened_as(connection: sqlite3.Connection, request: str) -> Key | None:
    """What a request of the record counted as at its opening."""
    found = connection.execute(_OF_REQUEST, (request,)).fetchone()
    if found is None:
        return None
    day, hour, kind, keyword, *words = found
    keyword = "" if words[-1] == NO_LEAF else keyword
    return (REQUEST, *words, kind, keyword, OPEN, "", False, day, hour)


def closed(connection: sqlite3.Connection, row: r.Closing, count: Key) -> Key:
    """Where a request counts that is closed so."""
    outcome, reason = row.outcome, row.reason
    if outcome == UNKNOWN and (settled := _first_word(connection, row.request)):
        outcome, reason = outcome_of(settled)
    return _moved(count, outcome, reason, row.errors + row.repeats > 0)


def reconciled(connection: sqlite3.Connection, row: r.OrderMove) -> tuple[Key, Key] | None:
    """The counts that an order's coming `reconciled` takes one from and adds one to.

    None when its request was not closed as unknown, or when it was reconciled before.
    """
    unsettled = connection.execute(_UNSETTLED, (row.order_id, UNKNOWN)).fetchone()
    if unsettled is None or _first_word(connection, row.order_id):
        return None
    count = opened_as(connection, row.order_id)
    if count is None:
        return None
    guided = bool(unsettled[0])
    return _moved(count, UNKNOWN, "", guided), _moved(count, *outcome_of(row.reason), guided)


def _moved(count: Key, outcome: str, reason: str, guided: bool) -> Key:
    return (*count[:-5], outcome, reason, guided, *count[-2:])


def _first_word(connection: sqlite3.Connection, order: str) -> str:
    """What an order was first reconciled to, "" if it was not."""
    found = connection.execute(_SETTLED, (order,)).fetchone()
    return found[0] if found else ""


def ended(row: r.CallEnd, times: tuple[str, int]) -> Key:
    """The count that a call's end adds one to."""
    return (
        CALL,
        row.channel,
        row.traffic,
        row.digest,
        row.called,
        row.brand,
        row.node,
        "",
        "",
        "",
        "",
        SERVED if row.leaves else LOST,
        "agent" if row.agent else row.by,
        row.errors > 0,
        *times,
    )


def stepped(row: r.Step, day: str, line: Line) -> Key:
    """The visit that a step adds one and what was listened to."""
    channel, traffic, digest = line
    stage, key, n = row.stage, row.key, row.n
    if key and not (stage in KEYED and key in KEYS):
        key = ""
    nth = n if n < MOST_NTH else MOST_NTH
    return STEP, channel, traffic, digest, row.node, stage, row.event, key, row.tries, nth, day


def attempted(row: r.Attempt, day: str, line: Line) -> Key:
    """The visit that a try which went wrong adds one to."""
    return (ATTEMPT, *line, row.node, "", row.reason, "", 0, min(row.n, MOST_NTH), day)


def line_of(connection: sqlite3.Connection, session: str) -> Line:
    """A session's line out of the record."""
    found = connection.execute(
        "SELECT channel, traffic, digest FROM sessions WHERE id = ?", (session,)
    ).fetchone()
    return found or NO_LINE
