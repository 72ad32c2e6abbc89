"""Repeat contacts: the same subscriber with the same topic within 24 hours, day by day.

A day that is over does not change, so it is counted once, when it is first asked for, and kept.
Only traffic that is made later for earlier days can change it: the day is counted anew when the
record has another number of requests of its time than it had then.
"""

from __future__ import annotations

import sqlite3

from ledger.batch import Batch
from ledger.counting import Counting
from ledger.counts import NO_LEAF, REQUEST, Repeat
from ledger.slices import Span, slices
from ledger.zone import DAY_MS, days_from

WITHIN_MS = DAY_MS

_SLICE = 50_000
"""Requests that are gathered in one read."""
_BACK = 2
"""Local days before a day in which its 24 hours before may lie: one of 23 hours makes it two."""

_GATHER = f"""
INSERT INTO asked SELECT subscriber, leaf, at, channel, CASE WHEN day = ? THEN 1 ELSE 0 END
FROM record.requests
WHERE at >= ? AND at < ? AND traffic = ? AND subscriber <> '' AND leaf <> '{NO_LEAF}'
"""  # noqa: S608
_COUNT = f"""
SELECT channel, leaf, SUM(CASE WHEN at - earlier <= {WITHIN_MS} THEN 1 ELSE 0 END), COUNT(*)
FROM (SELECT channel, leaf, at, mine,
  LAG(at) OVER (PARTITION BY subscriber, leaf ORDER BY at, channel) AS earlier FROM asked) requests
WHERE mine = 1 GROUP BY channel, leaf
"""  # noqa: S608
_KEEP = "INSERT INTO repeats (day, traffic, channel, leaf, n, of) VALUES (?, ?, ?, ?, ?, ?)"
_MARK = "INSERT INTO repeat_days (day, traffic, requests) VALUES (?, ?, ?)"
_LATEST = "SELECT day FROM count_sums ORDER BY id DESC LIMIT 1"
_PURGED = "SELECT MAX(before) FROM purges WHERE name = 'requests'"


class Repeats(Counting):
    """Kept by day and traffic."""

    def repeats(self, first: str, last: str, traffic: str, today: str = "") -> list[Repeat]:
        """Repeat contacts of the local days `first` to `last` that are over before `today`.

        "" = no bound; without `today` the last day of the record is taken for it. Days that are
        asked for the first time are counted from the rows and kept; those whose rows are gone by
        then are left out. Requests of unknown subscribers are not in it, nor texts that matched
        nothing.
        """
        if not today and (latest := self._first(_LATEST)):
            today = latest[0]
        if not today:
            return []
        last = min(filter(None, (last, days_from(today, -1))))
        start = days_from(first, -_BACK) if first else ""
        found = self.counts(("day",), start, last, of=REQUEST, traffic=traffic)
        asked = {count.day: count.n for count in found}
        marks = "SELECT day, requests FROM repeat_days WHERE traffic = ?"
        kept = dict(self._read(marks, (traffic,)))
        for day in asked:
            if day >= first:
                n = sum(asked.get(days_from(day, -back), 0) for back in range(_BACK + 1))
                if kept.get(day) != n and self._is_whole(day):
                    self._keep(day, traffic, n)
        sql = (
            "SELECT day, traffic, channel, leaf, n, of FROM repeats "
            "WHERE traffic = ? AND day >= ? AND day <= ? ORDER BY day, channel, leaf"
        )
        return [Repeat(*row) for row in self._read(sql, (traffic, first, last))]

    def _is_whole(self, day: str) -> bool:
        """Whether the requests of a day and of the time before it are there."""
        (before,) = self._first(_PURGED)
        return not before or before <= self.zone.start(day) - WITHIN_MS

    def _keep(self, day: str, traffic: str, requests: int) -> None:
        """Counts a day and keeps it; returns when durable."""
        counted = self._count_day(day, traffic)

        def job(batch: Batch) -> None:
            execute = batch.connection.execute
            for table in ("repeats", "repeat_days"):
                execute(f"DELETE FROM {table} WHERE day = ? AND traffic = ?", (day, traffic))  # noqa: S608
            execute(_MARK, (day, traffic, requests))
            batch.connection.executemany(_KEEP, [(day, traffic, *row) for row in counted])

        self._submit(job).result()

    def _count_day(self, day: str, traffic: str) -> list[tuple[str, str, int, int]]:
        """Gathered in a temporary file of its own, slice by slice: nobody is held up meanwhile."""
        span = self._span(day, day)
        span = Span(span.low - WITHIN_MS, span.high)
        scratch = sqlite3.connect("", isolation_level=None, uri=True)
        try:
            scratch.execute("ATTACH ? AS record", (f"{self.path.absolute().as_uri()}?mode=ro",))
            scratch.execute(
                "CREATE TABLE asked "
                "(subscriber TEXT, leaf TEXT, at INTEGER, channel TEXT, mine INTEGER)"
            )
            for piece in slices(scratch, "record.requests", span, _SLICE):
                scratch.execute(_GATHER, (day, *piece, traffic))
            rows: list[tuple[str, str, int, int]] = scratch.execute(_COUNT).fetchall()
            return rows
        finally:
            scratch.close()
