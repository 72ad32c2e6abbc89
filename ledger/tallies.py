"""What each fact adds to the roll-ups, written in the commit of the fact.

A later fact of something that was counted takes one from where it stood and adds one to where it
stands now. `rebuild` counts the same from the rows by a path of its own.
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
from ledger.rollups import CountKind, VisitKind

Counted = tuple[tuple[str, int], CountKind]
"""A count's day and hour, and its kind."""
Visited = tuple[tuple[str], VisitKind]
"""A visit's day, and its kind."""
Line = tuple[str, str, str]
"""A session's channel, traffic and digest."""

NO_LINE: Line = ("", "", "")

_OF_REQUEST = (
    "SELECT day, hour, channel, traffic, digest, called, brand, node, service, leaf, kind, "
    "keyword FROM requests WHERE id = ?"
)
_UNSETTLED = "SELECT errors + repeats > 0 FROM closings WHERE request = ? AND outcome = ?"
_SETTLED = (
    "SELECT reason FROM order_moves WHERE order_id = ? AND state = 'reconciled' ORDER BY n LIMIT 1"
)


def opened(row: r.Request, day: str, hour: int) -> Counted:
    """The count that a new request adds one to."""
    return (day, hour), CountKind(
        REQUEST,
        row.channel,
        row.traffic,
        row.digest,
        row.called,
        row.brand,
        row.node,
        row.service,
        row.leaf,
        row.kind,
        "" if row.leaf == NO_LEAF else row.keyword,
        OPEN,
        "",
        False,
    )


def closed(connection: sqlite3.Connection, row: r.Closing) -> tuple[Counted, Counted] | None:
    """The count that a closing takes one from and the one it adds to; None without its request."""
    count = _of(connection, row.request)
    if count is None:
        return None
    outcome, reason = row.outcome, row.reason
    if outcome == UNKNOWN and (settled := _first_word(connection, row.request)):
        outcome, reason = outcome_of(settled)
    return count, _moved(count, outcome, reason, row.errors + row.repeats > 0)


def reconciled(connection: sqlite3.Connection, row: r.OrderMove) -> tuple[Counted, Counted] | None:
    """The counts that an order's coming `reconciled` takes one from and adds one to.

    None when its request was not closed as unknown, or when it was reconciled before.
    """
    unsettled = connection.execute(_UNSETTLED, (row.order_id, UNKNOWN)).fetchone()
    if unsettled is None or _first_word(connection, row.order_id):
        return None
    count = _of(connection, row.order_id)
    if count is None:
        return None
    guided = bool(unsettled[0])
    return _moved(count, UNKNOWN, "", guided), _moved(count, *outcome_of(row.reason), guided)


def _of(connection: sqlite3.Connection, request: str) -> Counted | None:
    found = connection.execute(_OF_REQUEST, (request,)).fetchone()
    if found is None:
        return None
    day, hour, *words, leaf, kind, keyword = found
    keyword = "" if leaf == NO_LEAF else keyword
    return (day, hour), CountKind._make((REQUEST, *words, leaf, kind, keyword, OPEN, "", False))


def _moved(count: Counted, outcome: str, reason: str, guided: bool) -> Counted:
    times, kind = count
    return times, kind._replace(outcome=outcome, reason=reason, guided=guided)


def _first_word(connection: sqlite3.Connection, order: str) -> str:
    """What an order was first reconciled to, "" if it was not."""
    found = connection.execute(_SETTLED, (order,)).fetchone()
    return found[0] if found else ""


def ended(row: r.CallEnd, day: str, hour: int) -> Counted:
    """The count that a call's end adds one to."""
    return (day, hour), CountKind(
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
    )


def stepped(row: r.Step, day: str, line: Line) -> Visited:
    """The visit that a step adds one and what was listened to."""
    key = row.key if row.stage in KEYED and row.key in KEYS else ""
    nth = min(row.n, MOST_NTH)
    return (day,), VisitKind(STEP, *line, row.node, row.stage, row.event, key, row.tries, nth)


def listened(row: r.Step) -> int:
    """Milliseconds that a step's event says were heard; a channel that can't tell says none."""
    return max(row.heard_ms, 0)


def attempted(row: r.Attempt, day: str, line: Line) -> Visited:
    """The visit that a try which went wrong adds one to."""
    nth = min(row.n, MOST_NTH)
    return (day,), VisitKind(ATTEMPT, *line, row.node, "", row.reason, "", 0, nth)


def line_of(connection: sqlite3.Connection, session: str) -> Line:
    """A session's line out of the record."""
    found = connection.execute(
        "SELECT channel, traffic, digest FROM sessions WHERE id = ?", (session,)
    ).fetchone()
    return found or NO_LINE
