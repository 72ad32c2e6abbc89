"""The two roll-ups as data, and how they are read.

A roll-up has two tables. `<name>_kinds` has a row for each distinct tuple of dimensions but its
times: it grows with menus versions and their nodes, never with days or calls. `<name>_sums` has
what there was of a kind at a time, by writer: a process only ever adds to rows of its own, so that
writers never wait for one another's sums, and the sum over all writers is the figure.

A sum's id is made of its time, its kind and its writer, in this order (`place`): it is found by one
look-up, and a day's sums stand together.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

from ledger.counts import DIMENSIONS, VISIT_DIMENSIONS, Count, Visit
from ledger.zone import FIRST_YEAR, LAST_YEAR, days_from

WRITERS = 1 << 16
KINDS = 1 << 25
_FIRST_DAY = datetime.date(FIRST_YEAR, 1, 1).toordinal()
_NEVER = datetime.date(LAST_YEAR, 1, 1).isoformat()
_DAYS = datetime.date(LAST_YEAR, 1, 1).toordinal() - _FIRST_DAY
"""Their hours take 22 bits, so that an id is a positive number of 64 bits."""

Key = tuple[Any, ...]
"""The dimensions of a kind in their order, then the times."""


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


def place(day: str, hour: int = 0) -> int:
    """Where the ids of a time's sums begin; a day out of these centuries stands at their edge."""
    days = datetime.date.fromisoformat(day).toordinal() - _FIRST_DAY
    return (min(max(days, 0), _DAYS) * 24 + hour) * KINDS * WRITERS


COUNTS = Rollup("count", Count, DIMENSIONS, ("day", "hour"), ("n",))
VISITS = Rollup("visit", Visit, VISIT_DIMENSIONS, ("day",), ("n", "heard_ms"))
ROLLUPS = (COUNTS, VISITS)


def keyed(rollup: Rollup, values: Sequence[Any]) -> Key:
    """The key of a row that begins with the dimensions in their order."""
    named = dict(zip(rollup.dimensions, values, strict=False))
    return tuple(named[name] for name in (*rollup.kind, *rollup.times))


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
    if day := equal.get("day"):
        first, last = max(first, day), min(last or day, day)
    of_times = {name: value for name, value in equal.items() if name in rollup.times}
    of_kinds = {name: value for name, value in equal.items() if name not in rollup.times}
    low = place(first) if first else 0
    high = place(days_from(last, 1)) if last else place(_NEVER)
    when, values = within("", "", of_times)
    if of_kinds:  # before the sums are grouped: of a few kinds, most rows are left out at once
        where, more = within("", "", of_kinds)
        when += f" AND kind_id IN (SELECT id FROM {rollup.kinds_table} WHERE {where})"  # noqa: S608
        values += more
    numbers = ", ".join((*(name for name in rollup.times if name in by), "kind_id"))
    source = (
        f"(SELECT {numbers}, {summed(rollup)} FROM {rollup.sums_table} "  # noqa: S608
        f"WHERE id >= ? AND id < ? AND {when} GROUP BY {numbers}) s "
        f"JOIN {rollup.kinds_table} k ON k.id = s.kind_id"
    )
    found = connection.execute(grouping(rollup, by, source, "1 = 1"), [low, high, *values])
    return answer(rollup, by, found)


def summed(rollup: Rollup) -> str:
    """The sums of a grouped source."""
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
    days = [("day >= ?", first), ("day <= ?", last)]
    if first == last:  # an index then has its rows sorted by what follows the day in it
        days = [("day = ?", first)]
    for test, value in days:
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
        f"SELECT {named + ', ' if by else ''}{summed(rollup)} FROM {source} "  # noqa: S608
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
