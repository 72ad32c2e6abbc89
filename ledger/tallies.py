"""The roll-up behind Count: delta rows written in the commit of the facts that they count.

Delta rows are only ever inserted, so that writers never wait for one another's sums; a commit
group writes one for each count that it changed, and `counting` folds those of past days together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from dialog.outcomes import UNKNOWN, outcome_of
from ledger import records as r
from ledger.counts import CALL, DIMENSIONS, LOST, OPEN, REQUEST, SERVED, Count

INSERT = (
    f"INSERT INTO tallies ({', '.join(Count._fields)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(Count._fields))})"
)

_OF_REQUEST = (
    "SELECT 'request', day, hour, channel, traffic, digest, called, brand, node, service, leaf, "
    "kind, keyword FROM requests WHERE id = ?"
)

_UNSETTLED = "SELECT errors + repeats > 0 FROM closings WHERE request = ? AND outcome = ?"
_SETTLED = (
    "SELECT reason FROM order_moves WHERE order_id = ? AND state = 'reconciled' ORDER BY n LIMIT 1"
)


def opened(row: r.Request, day: str, hour: int) -> Count:
    """The count that a new request adds one to."""
    return Count(
        REQUEST,
        day,
        hour,
        row.channel,
        row.traffic,
        row.digest,
        row.called,
        row.brand,
        row.node,
        row.service,
        row.leaf,
        row.kind,
        row.keyword,
        OPEN,
    )


def closed(connection: sqlite3.Connection, row: r.Closing) -> tuple[Count, Count] | None:
    """The count that a closing takes one from and the one it adds to; None without its request."""
    count = _of(connection, row.request)
    if count is None:
        return None
    outcome, reason = row.outcome, row.reason
    if outcome == UNKNOWN and (settled := _first_word(connection, row.request)):
        outcome, reason = outcome_of(settled)
    guided = row.errors + row.repeats > 0
    return count._replace(outcome=OPEN), count._replace(
        outcome=outcome, reason=reason, guided=guided
    )


def reconciled(connection: sqlite3.Connection, row: r.OrderMove) -> tuple[Count, Count] | None:
    """The counts that an order's coming `reconciled` takes one from and adds one to.

    None when its request was not closed as unknown, or when it was reconciled before.
    """
    unsettled = connection.execute(_UNSETTLED, (row.order_id, UNKNOWN)).fetchone()
    if unsettled is None or _first_word(connection, row.order_id):
        return None
    count = _of(connection, row.order_id)
    if count is None:
        return None
    count = count._replace(guided=bool(unsettled[0]))
    outcome, reason = outcome_of(row.reason)
    return count._replace(outcome=UNKNOWN), count._replace(outcome=outcome, reason=reason)


def _of(connection: sqlite3.Connection, request: str) -> Count | None:
    found = connection.execute(_OF_REQUEST, (request,)).fetchone()
    return Count(*found) if found else None


def _first_word(connection: sqlite3.Connection, order: str) -> str:
    """What an order was first reconciled to, "" if it was not."""
    found = connection.execute(_SETTLED, (order,)).fetchone()
    return found[0] if found else ""


def ended(row: r.CallEnd, day: str, hour: int) -> Count:
    """The count that a call's end adds one to."""
    return Count(
        of=CALL,
        day=day,
        hour=hour,
        channel=row.channel,
        traffic=row.traffic,
        digest=row.digest,
        called=row.called,
        brand=row.brand,
        node=row.node,
        outcome=SERVED if row.leaves else LOST,
        reason="agent" if row.agent else row.by,
        guided=row.errors > 0,
    )


def insert_deltas(connection: sqlite3.Connection, deltas: Mapping[Count, int]) -> None:
    """Writes what a commit group changed."""
    width = len(DIMENSIONS)
    rows = [(*count[:width], n) for count, n in deltas.items() if n]
    if rows:
        connection.executemany(INSERT, rows)
