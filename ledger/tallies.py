"""The roll-up behind Count: delta rows written in the commit of the facts that they count.

Delta rows are only ever inserted, so that writers never wait for one another's sums; a commit
group writes one for each count that it changed, and `counting` folds those of past days together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

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
    found = connection.execute(_OF_REQUEST, (row.request,)).fetchone()
    if found is None:
        return None
    count = Count(*found)
    return count._replace(outcome=OPEN), count._replace(
        outcome=row.outcome, reason=row.reason, guided=row.errors + row.repeats > 0
    )


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
