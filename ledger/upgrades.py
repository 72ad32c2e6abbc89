"""What an older file needs beyond its tables: called when it was brought up to the schema."""

from __future__ import annotations

import sqlite3

from ledger.counts import NO_LEAF
from ledger.rebuild import NO_CUT, SOURCES
from ledger.rollups import COUNTS, MERGED, VISITS, Adder, Rollup, grouping, keyed

_AT_ONCE = 5_000
_ALL_TIMES = (-(1 << 62), 1 << 62)


def upgrade(connection: sqlite3.Connection) -> None:
    """Schema 4 replaced the delta rows of `tallies`, and counts visits too.

    The counts are taken over, those of days whose rows are gone among them; the visits are counted
    from the rows.
    """
    old = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tallies'"
    if connection.execute(old).fetchone() is None:
        return
    fields = ", ".join(
        f"CASE WHEN leaf = '{NO_LEAF}' THEN '' ELSE keyword END AS keyword"
        if name == "keyword"
        else name
        for name in COUNTS.of._fields
    )
    _fill(connection, COUNTS, f"(SELECT {fields} FROM tallies)")  # noqa: S608
    connection.execute("DROP TABLE tallies")
    for source in SOURCES[VISITS.name]:
        _fill(connection, VISITS, f"({source.sql.format(**NO_CUT)})", _ALL_TIMES)


def _fill(
    connection: sqlite3.Connection, rollup: Rollup, source: str, values: tuple[int, ...] = ()
) -> None:
    adder, width = Adder(MERGED), len(rollup.dimensions)
    rows = connection.execute(grouping(rollup, rollup.dimensions, source, "1 = 1"), values)
    while some := rows.fetchmany(_AT_ONCE):
        adder.add(connection, rollup, {keyed(rollup, row): row[width:] for row in some})
