"""How the roll-ups' sums are written: added to by each process, merged when their day is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from ledger.rollups import KINDS, ROLLUPS, WRITERS, Key, Rollup, place
from ledger.zone import days_from

MERGED = 0
"""The writer that sums stand under once those of several were merged."""
_MOST = 20_000
"""Sums and kinds that a process remembers."""

Row = list[Any]
"""A row of sums; its last fields, as many as the roll-up has sums, are what is to be added."""


class Adder:
    """One process's part of a roll-up. Its writer's thread alone uses it.

    `process` is the process's number. Two that share one (on several machines, or one after the
    other) add to the same rows, which is as right.
    """

    __slots__ = ("_nothing", "_numbers", "_rollup", "_rows", "_touched", "_writer")

    def __init__(self, rollup: Rollup, process: int) -> None:
        self._rollup, self._writer = rollup, MERGED + 1 + process % (WRITERS - 1)
        self._nothing = [0] * len(rollup.sums)
        self._numbers: dict[Key, int] = {}
        self._rows: dict[Key, Row] = {}
        self._touched: dict[int, Row] = {}  # by id

    def row(self, connection: sqlite3.Connection, key: Key) -> Row:
        """The row in which what is added to a sum is gathered, until `write`.

        A new kind gets its number at once, within the transaction: `forget` when that is undone.
        """
        row = self._rows.get(key) or self._new(connection, key)
        self._touched[row[0]] = row
        return row

    def write(self, connection: sqlite3.Connection) -> None:
        """Adds what was gathered to the sums."""
        width, nothing, touched = len(self._nothing), self._nothing, self._touched
        rows = [row for row in touched.values() if any(row[-width:])]
        if rows:
            connection.executemany(_ADD[self._rollup.name], rows)
        for row in rows:
            row[-width:] = nothing
        touched.clear()
        if len(self._rows) > _MOST:
            self._rows.clear()

    def forget(self) -> None:
        """Forgets what was gathered and all that was known: a transaction was undone."""
        self._touched.clear()
        self._rows.clear()
        self._numbers.clear()

    def _new(self, connection: sqlite3.Connection, key: Key) -> Row:
        width = len(self._rollup.times)
        kind, times = key[:-width], key[-width:]
        number = self._numbers.get(kind)
        if number is None:
            number = self._number(connection, kind)
        at = place(*times) + number * WRITERS + self._writer
        row = self._rows[key] = [at, *times, number, self._writer, *self._nothing]
        return row

    def _number(self, connection: sqlite3.Connection, kind: Key) -> int:
        if len(self._numbers) >= _MOST:
            self._numbers.clear()
        find, make = _NUMBER[self._rollup.name]
        found = connection.execute(find, kind).fetchone()
        if found is None:
            connection.execute(make, kind)
            found = connection.execute(find, kind).fetchone()
        number: int = found[0]
        if number >= KINDS:
            raise OverflowError(f"{self._rollup.kinds_table} is full")
        self._numbers[kind] = number
        return number


def _add_sql(rollup: Rollup) -> str:
    table = rollup.sums_table
    names = ("id", *rollup.times, "kind_id", "writer", *rollup.sums)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in rollup.sums)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE SET {added}"
    )


def _number_sql(rollup: Rollup) -> tuple[str, str]:
    names, table = ", ".join(rollup.kind), rollup.kinds_table
    marks = ", ".join("?" * len(rollup.kind))
    equal = " AND ".join(f"{name} = ?" for name in rollup.kind)
    find = f"SELECT id FROM {table} WHERE {equal}"  # noqa: S608
    make = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    return find, make


_ADD = {rollup.name: _add_sql(rollup) for rollup in ROLLUPS}
_NUMBER = {rollup.name: _number_sql(rollup) for rollup in ROLLUPS}


def merge(connection: sqlite3.Connection, rollup: Rollup, day: str) -> None:
    """Makes one sum of all writers' of each kind and time of a day, and drops what sums up to none.

    A writer that adds to that day later begins a sum of its own again.
    """
    table, by = rollup.sums_table, ", ".join((*rollup.times, "kind_id"))
    ids = (place(day), place(days_from(day, 1)))
    summed = ", ".join(f"SUM({name})" for name in rollup.sums)
    merged = connection.execute(
        f"SELECT MIN(id - writer) + {MERGED}, {by}, {MERGED}, {summed} FROM {table} "  # noqa: S608
        f"WHERE id >= ? AND id < ? GROUP BY {by} HAVING SUM(n) <> 0",
        ids,
    ).fetchall()
    connection.execute(f"DELETE FROM {table} WHERE id >= ? AND id < ?", ids)  # noqa: S608
    connection.executemany(_ADD[rollup.name], merged)


def days(connection: sqlite3.Connection, rollup: Rollup, first: str, last: str) -> Iterator[str]:
    """The days that have sums, both bounds included, "" = no bound."""
    sql = f"SELECT day FROM {rollup.sums_table} WHERE id >= ? ORDER BY id LIMIT 1"  # noqa: S608
    low = place(first) if first else 0
    while (found := connection.execute(sql, (low,)).fetchone()) is not None:
        day: str = found[0]
        if last and day > last:
            return
        yield day
        low = place(days_from(day, 1))


def unmerged(connection: sqlite3.Connection, rollup: Rollup, before: str) -> list[str]:
    """The days before that one which have sums of writers."""
    sql = (
        f"SELECT 1 FROM {rollup.sums_table} "  # noqa: S608
        f"WHERE id >= ? AND id < ? AND writer <> {MERGED} LIMIT 1"
    )
    return [
        day
        for day in days(connection, rollup, "", days_from(before, -1))
        if connection.execute(sql, (place(day), place(days_from(day, 1)))).fetchone()
    ]
