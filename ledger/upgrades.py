"""What an older file needs beyond its tables."""

from __future__ import annotations

import os
import sqlite3

from ledger.counts import NO_LEAF
from ledger.rebuild import NO_CUT, SOURCES
from ledger.rollups import COUNTS, ROLLUPS, VISITS, Rollup, grouping, keyed
from ledger.sums import Adder

_AT_ONCE = 5_000
_ALL_TIMES = (-(1 << 62), 1 << 62)


def prepare(connection: sqlite3.Connection) -> tuple[Rollup, ...]:
    """Before the tables are made: drops sums of another shape; these are to be counted anew."""
    columns = "SELECT name FROM pragma_table_info(?)"
    anew = []
    for rollup in ROLLUPS:
        names = {name for (name,) in connection.execute(columns, (rollup.sums_table,))}
        if names and "id" not in names:  # schemas 4 to 6
            connection.execute(f"DROP TABLE {rollup.sums_table}")
            anew.append(rollup)
    return tuple(anew)


def upgrade(connection: sqlite3.Connection, anew: tuple[Rollup, ...]) -> None:
    """With the tables made: fills the roll-ups of a file that had others.

    Up to schema 3 there were delta rows, `tallies`: counts are taken over, those of days whose rows
    are gone among them, and visits are counted from the rows.
    """
    old = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tallies'"
    if connection.execute(old).fetchone():
        fields = ", ".join(
            f"CASE WHEN leaf = '{NO_LEAF}' THEN '' ELSE keyword END AS keyword"
            if name == "keyword"
            else name
            for name in COUNTS.of._fields
        )
        _fill(connection, COUNTS, f"(SELECT {fields} FROM tallies)")  # noqa: S608
        connection.execute("DROP TABLE tallies")
        anew = (VISITS,)
    for rollup in anew:
        _from_rows(connection, rollup)


def _from_rows(connection: sqlite3.Connection, rollup: Rollup) -> None:
    for source in SOURCES[rollup.name]:
        _fill(connection, rollup, f"({source.sql.format(**NO_CUT)})", _ALL_TIMES)


def _fill(
    connection: sqlite3.Connection, rollup: Rollup, source: str, values: tuple[int, ...] = ()
) -> None:
    adder, width = Adder(rollup, os.getpid()), len(rollup.dimensions)
    rows = connection.execute(grouping(rollup, rollup.dimensions, source, "1 = 1"), values)
    while some := rows.fetchmany(_AT_ONCE):
        for row in some:
            adder.row(connection, keyed(rollup, row))[-len(rollup.sums) :] = row[width:]
        adder.write(connection)
