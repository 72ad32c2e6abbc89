"""The two roll-ups as data, and how they are read and added to.

A roll-up has two tables. `<name>_kinds` has a row for each distinct tuple of dimensions, with a
number: it grows with menus versions and their nodes, never with days or calls. `<name>_sums` has
what there was of a kind at a time, by writer: a process only ever adds to rows of its own number,
so that writers never wait for one another's sums, and a sum over all writers is the figure.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

from ledger.counts import DIMENSIONS, VISIT_DIMENSIONS, Count, Visit

MERGED = 0
"""The writer that sums stand under once those of several were merged."""
_MOST_KINDS = 200_000
"""Kinds whose numbers a process remembers."""


Times = tuple[Any, ...]
"""The values of a roll-up's times."""
Deltas = Mapping[Any, tuple[int, ...]]
"""By (times, kind): what is added to each sum."""


class Rollup(NamedTuple):
    """A roll-up: the type that it answers with, and where its fields stand."""

    name: str
    of: type[Any]
    dimensions: tuple[str, ...]
    times: tuple[str, ...]
    sums: tuple[str, ...]

    @property
    def kind(self) -> tuple[str, ...]:
        """The dimensions that make a kind: all but the times, in their order."""
        return tuple(name for name in self.dimensions if name not in self.times)

    @property
    def kinds_table(self) -> str:
        """The table of kinds."""
        return f"{self.name}_kinds"

    @property
    def sums_table(self) -> str:
        """The table of sums."""
        return f"{self.name}_sums"

    def types(self, names: Iterable[str]) -> dict[str, type]:
        """The types of these fields as columns."""
        hints = get_type_hints(self.of)
        return {name: int if hints[name] is bool else hints[name] for name in names}


COUNTS = Rollup("count", Count, DIMENSIONS, ("day", "hour"), ("n",))
VISITS = Rollup("visit", Visit, VISIT_DIMENSIONS, ("day",), ("n", "heard_ms"))
ROLLUPS = (COUNTS, VISITS)


class Adder:
    """One process's part of the roll-ups. Its writer's thread alone uses it."""

    def __init__(self, writer: int) -> None:
        self._writer = writer
        self._ids: dict[str, dict[tuple[Any, ...], int]] = {rollup.name: {} for rollup in ROLLUPS}

    def add(self, connection: sqlite3.Connection, rollup: Rollup, deltas: Deltas) -> None:
        """Adds to the sums, within the caller's transaction; `forget` when that is undone."""
        ids = self._ids[rollup.name]
        if len(ids) > _MOST_KINDS:
            ids.clear()
        rows = []
        for (times, kind), amounts in deltas.items():
            if any(amounts):
                number = ids.get(kind)
                if number is None:
                    number = ids[kind] = _number(connection, rollup, kind)
                rows.append((*times, number, self._writer, *amounts))
        if rows:
            connection.executemany(_ADD[rollup.name], rows)

    def forget(self) -> None:
        """Forgets the kinds: some may have been numbered in a transaction that was undone."""
        for ids in self._ids.values():
            ids.clear()


def keyed(rollup: Rollup, values: Sequence[Any]) -> tuple[Times, tuple[Any, ...]]:
    """The times and the kind of a row that begins with the dimensions in their order."""
    named = dict(zip(rollup.dimensions, values, strict=False))
    return tuple(named[name] for name in rollup.times), tuple(named[name] for name in rollup.kind)


def _number(connection: sqlite3.Connection, rollup: Rollup, kind: tuple[Any, ...]) -> int:
    find, make = _NUMBER[rollup.name]
    found = connection.execute(find, kind).fetchone()
    if found is None:
        connection.execute(make, kind)
        found = connection.execute(find, kind).fetchone()
    number: int = found[0]
    return number


def _add_sql(rollup: Rollup) -> str:
    table, key = rollup.sums_table, (*rollup.times, "kind_id", "writer")
    names = (*key, *rollup.sums)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in rollup.sums)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}"
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
    merged = connection.execute(
        f"SELECT {by}, {MERGED}, {_summed(rollup)} FROM {table} "  # noqa: S608
        f"WHERE day = ? GROUP BY {by} HAVING SUM(n) <> 0",
        (day,),
    ).fetchall()
    connection.execute(f"DELETE FROM {table} WHERE day = ?", (day,))  # noqa: S608
    connection.executemany(_ADD[rollup.name], merged)


def unmerged(connection: sqlite3.Connection, rollup: Rollup, before: str) -> list[str]:
    """The days before that one which have sums of writers."""
    sql = f"SELECT DISTINCT day FROM {rollup.sums_table} WHERE day < ? AND writer <> {MERGED}"  # noqa: S608
    return [day for (day,) in connection.execute(sql, (before,))]


def read(
    connection: sqlite3.Connection,
    rollup: Rollup,
    by: Sequence[str],
    first: str,
    last: str,
    equal: Mapping[str, Any],
) -> list[Any]:
    """The sums by these dimensions, sorted by them; see Counting.counts.

    Summed by number and time first, so that few rows meet their kind and are sorted by its words.
    """
    check(rollup, by, equal)
    of_times = {name: value for name, value in equal.items() if name in rollup.times}
    of_kinds = {name: value for name, value in equal.items() if name not in rollup.times}
    when, values = within(first, last, of_times)
    if of_kinds:  # before the sums are grouped: of a few kinds, most rows are left out at once
        where, more = within("", "", of_kinds)
        when += f" AND kind_id IN (SELECT id FROM {rollup.kinds_table} WHERE {where})"  # noqa: S608
        values += more
    numbers = ", ".join((*(name for name in rollup.times if name in by), "kind_id"))
    source = (
        f"(SELECT {numbers}, {_summed(rollup)} FROM {rollup.sums_table} "  # noqa: S608
        f"WHERE {when} GROUP BY {numbers}) s "
        f"JOIN {rollup.kinds_table} k ON k.id = s.kind_id"
    )
    found = connection.execute(grouping(rollup, by, source, "1 = 1"), values)
    return answer(rollup, by, found)


def _summed(rollup: Rollup) -> str:
    return ", ".join(f"SUM({name}) AS {name}" for name in rollup.sums)


def check(rollup: Rollup, by: Iterable[str], equal: Iterable[str]) -> None:
    """Raises ValueError for a name that is no dimension."""
    if unknown := {*by, *equal} - set(rollup.dimensions):
        raise ValueError(
            f"no such dimension: {', '.join(sorted(unknown))}; "
            f"there are {', '.join(rollup.dimensions)}"
        )


def within(first: str, last: str, equal: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A condition over days and dimensions, and its values; a tuple means one of several."""
    where, values = [], []
    for test, value in (("day >= ?", first), ("day <= ?", last)):
        if value:
            where.append(test)
            values.append(value)
    for name, value in equal.items():
        several = value if isinstance(value, tuple) else (value,)
        where.append(f"{name} IN ({', '.join('?' * len(several))})")
        values.extend(several)
    return " AND ".join(where) or "1 = 1", values


def grouping(rollup: Rollup, by: Sequence[str], source: str, where: str) -> str:
    """The statement that groups a source by dimensions and sums it up."""
    named = ", ".join(by)
    return (
        f"SELECT {named + ', ' if by else ''}{_summed(rollup)} FROM {source} "  # noqa: S608
        f"WHERE {where} {f'GROUP BY {named} ' if by else ''}HAVING SUM(n) <> 0"
        f"{f' ORDER BY {named}' if by else ''}"
    )


def answer(rollup: Rollup, by: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Rows of the dimensions `by` and the sums, as the roll-up's type."""
    fields = rollup.of._fields
    places = [fields.index(name) for name in (*by, *rollup.sums)]
    guided = fields.index("guided") if "guided" in by else None
    blank, made = list(rollup.of()), []
    for row in rows:
        cells = blank.copy()
        for place, cell in zip(places, row, strict=True):
            cells[place] = cell
        if guided is not None:
            cells[guided] = bool(cells[guided])
        made.append(rollup.of._make(cells))
    return made
