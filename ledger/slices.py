"""Reading much in slices: short reads that hold up no checkpoint, and a cut that they share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of UTC milliseconds: from `low` to before `high`."""

    low: int
    high: int


def slices(
    connection: sqlite3.Connection, table: str, span: Span, size: int, column: str = "at"
) -> Iterator[Span]:
    """The parts of a span with `size` rows each, oldest first.

    More only where more than so many have one and the same time.
    """
    sql = (
        f"SELECT {column} FROM {table} WHERE {column} >= ? AND {column} < ? "  # noqa: S608
        f"ORDER BY {column} LIMIT 1 OFFSET {size}"
    )
    low = span.low
    while (found := connection.execute(sql, (low, span.high)).fetchone()) is not None:
        high = max(found[0], low + 1)
        yield Span(low, high)
        low = high
    yield Span(low, span.high)


def cut(connection: sqlite3.Connection, tables: tuple[str, ...]) -> dict[str, int]:
    """The last row of each table, as of the connection's moment.

    Rows are only ever added behind it: what is read up to the cut, in however many reads, is what
    stood there at that moment.
    """
    return {
        table: connection.execute(
            f"SELECT COALESCE(MAX(rowid), 0) FROM {table}"  # noqa: S608
        ).fetchone()[0]
        for table in tables
    }
