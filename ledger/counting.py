"""Counts and visits: out of the roll-ups, and the same out of the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ledger import rollups, sums
from ledger.batch import Batch
from ledger.counts import DIMENSIONS, VISIT_DIMENSIONS, Count, Visit
from ledger.rebuild import FACTS, SOURCES, Asked, Sums, rebuild
from ledger.rollups import COUNTS, ROLLUPS, VISITS, Rollup
from ledger.slices import Span, cut
from ledger.store import Store
from ledger.zone import DAY_MS, days_from

LONGEST_MS = 30 * DAY_MS
"""No dialogue lasts longer: a step's session opened at most this long before it."""
_ALL_TIMES = Span(-(1 << 62), 1 << 62)
_PURGED = {
    COUNTS.name: (
        "SELECT MAX(before) FROM purges WHERE name IN ('requests', 'call_ends', 'order_moves')"
    ),
    VISITS.name: (
        "SELECT MAX(CASE WHEN name = 'sessions' "  # noqa: S608
        f"THEN before + {LONGEST_MS} ELSE before END) FROM purges "
        "WHERE name IN ('steps', 'attempts', 'sessions')"
    ),
}
_AT_ONCE = 5_000
"""Sums that are put right in one transaction."""


class Counting(Store):
    """Reports' source."""

    def counts(
        self, by: Sequence[str] = DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Count]:
        """Counts of the local days `first` to `last` (YYYY-MM-DD, both included, "" = no bound).

        Grouped and sorted by the dimensions `by`; `equal` keeps those whose dimension has that
        value (a tuple: one of several): `counts(("day", "outcome"), traffic="real")`. Raises
        ValueError for a name that is no dimension.
        """
        return rollups.read(self._reader(), COUNTS, by, first, last, equal)

    def visits(
        self, by: Sequence[str] = VISIT_DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Visit]:
        """What happened at nodes, as `counts`: `visits(("node", "event"), of="step")`."""
        return rollups.read(self._reader(), VISITS, by, first, last, equal)

    def rebuild_counts(
        self, by: Sequence[str] = DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Count]:
        """The same counts from the rows; days whose rows were purged are not in them."""
        return self._rebuilt(COUNTS, by, first, last, equal)

    def rebuild_visits(
        self, by: Sequence[str] = VISIT_DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Visit]:
        """The same visits from the rows; days whose rows were purged are not in them."""
        return self._rebuilt(VISITS, by, first, last, equal)

    def compare_counts(self) -> list[Count]:
        """Where the counts differ from the rows: `n` is counted less rebuilt. [] = all equal.

        Only days whose rows are all there are compared, one after another.
        """
        return list(self._differing(COUNTS))

    def compare_visits(self) -> list[Visit]:
        """Where the visits differ from the rows, as `compare_counts`."""
        return list(self._differing(VISITS))

    def replace_counts(self) -> int:
        """Puts what the rows give in the roll-ups' place, of the days whose rows are all there.

        Adds what they differ by, so that writers go on meanwhile. Returns how many sums were put
        right, when durable.
        """
        done = 0
        for rollup in ROLLUPS:
            for day in self._days(rollup):
                wrong = list(self._differences(rollup, day).items())
                for n in range(0, len(wrong), _AT_ONCE):
                    some = wrong[n : n + _AT_ONCE]
                    self._submit(partial(_put_right, rollup=rollup, wrong=some)).result()
                done += len(wrong)
        return done

    def merge_writers(self, before: str) -> None:
        """Makes one sum of all writers', of each day before that one; returns when durable."""
        for rollup in ROLLUPS:
            for day in sums.unmerged(self._reader(), rollup, before):
                self._submit(partial(_merge, rollup=rollup, day=day)).result()

    # -- the rows --------------------------------------------------------------------------------

    def _rebuilt(
        self, rollup: Rollup, by: Sequence[str], first: str, last: str, equal: Mapping[str, Any]
    ) -> list[Any]:
        rollups.check(rollup, by, equal)
        asked = Asked(by, self._span(first, last), first, last, equal, cut(self._reader(), FACTS))
        found = rebuild(self._reader, rollup, asked)
        return rollups.answer(rollup, by, (key + found[key] for key in sorted(found)))

    def _differing(self, rollup: Rollup) -> Iterator[Any]:
        names = rollup.dimensions
        for day in self._days(rollup):
            wrong = self._differences(rollup, day)
            yield from rollups.answer(rollup, names, (key + wrong[key] for key in sorted(wrong)))

    def _differences(self, rollup: Rollup, day: str) -> Sums:
        """The sums of a day less what its rows give, both as of one moment, while others write."""
        reader, names = self._reader(), rollup.dimensions
        while True:
            reader.execute("BEGIN")
            try:
                if day < self._first_day(rollup):
                    return {}
                purges = self._purges()
                at = cut(reader, FACTS)
                width = len(names)
                wrong = {
                    tuple(row[:width]): tuple(row[width:])
                    for row in rollups.read(reader, rollup, names, day, day, {})
                }
            finally:
                reader.execute("COMMIT")
            asked = Asked(names, self._span(day, day), day, day, {}, at)
            for key, amounts in rebuild(self._reader, rollup, asked).items():
                there = wrong.get(key, (0,) * len(amounts))
                wrong[key] = tuple(a - b for a, b in zip(there, amounts, strict=True))
            if self._purges() == purges:
                return {key: amounts for key, amounts in wrong.items() if any(amounts)}

    def _purges(self) -> int:
        n: int = self._first("SELECT COUNT(*) FROM purges")[0]
        return n

    def _first_day(self, rollup: Rollup) -> str:
        """The first day whose rows are all there, "" when none were purged."""
        (before,) = self._first(_PURGED[rollup.name])
        return self.zone.local(before)[0] if before else ""

    def _days(self, rollup: Rollup) -> Iterator[str]:
        """The days that have sums or rows, from the first whose rows are all there."""
        first = self._first_day(rollup)
        tables = [source.table for source in SOURCES[rollup.name]]
        while True:
            low = self._span(first, "").low
            found = [next(sums.days(self._reader(), rollup, first, ""), None)]
            for table in tables:
                sql = f"SELECT day FROM {table} WHERE at >= ? AND day >= ? ORDER BY at LIMIT 1"  # noqa: S608
                row = self._first(sql, (low, first))
                found.append(row and row[0])
            if not any(found):
                return
            day = min(filter(None, found))
            yield day
            first = days_from(day, 1)

    def _span(self, first: str, last: str) -> Span:
        """The times of local days. Wider where rows have their day by another zone."""
        margin = 0 if self._one_zone() else 2 * DAY_MS
        return Span(
            self.zone.start(first) - margin if first else _ALL_TIMES.low,
            self.zone.end(last) + margin if last else _ALL_TIMES.high,
        )

    def _one_zone(self) -> bool:
        """Whether the first and the last session have their day by this zone."""
        for order in ("ASC", "DESC"):
            row = self._first(f"SELECT zone FROM sessions ORDER BY opened_at {order} LIMIT 1")  # noqa: S608
            if row is not None and row[0] != self.zone.name:
                return False
        return True


def _put_right(
    batch: Batch, rollup: Rollup, wrong: Sequence[tuple[tuple[Any, ...], tuple[int, ...]]]
) -> None:
    for dimensions, amounts in wrong:
        key, less = rollups.keyed(rollup, dimensions), [-amount for amount in amounts]
        (batch.count if rollup is COUNTS else batch.visit)(key, *less)


def _merge(batch: Batch, rollup: Rollup, day: str) -> None:
    sums.merge(batch.connection, rollup, day)
