"""Counts out of the tallies, and the same out of the facts.

The two ways share nothing but the type: the tallies are written in Python beside each commit
(`tallies`), the rebuilding is one statement over requests, closings, order_moves and call_ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any

from dialog.outcomes import DONE, FAILED_REASONS
from ledger.counts import DIMENSIONS, Count
from ledger.store import Store
from ledger.tallies import insert_deltas
from ledger.writer import Batch


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_REBUILT = f"""(
SELECT 'request' AS of, r.day, r.hour, r.channel, r.traffic, r.digest, r.called, r.brand,
  r.node, r.service, r.leaf, r.kind, r.keyword,
  CASE WHEN m.reason IS NULL THEN COALESCE(c.outcome, 'open')
    WHEN m.reason IN ({_listed(DONE)}) THEN m.reason
    WHEN m.reason IN ({_listed(FAILED_REASONS)}) THEN 'failed' ELSE 'refused' END AS outcome,
  CASE WHEN m.reason IS NULL THEN COALESCE(c.reason, '')
    WHEN m.reason IN ({_listed(DONE)}) THEN '' ELSE m.reason END AS reason,
  CASE WHEN c.errors + c.repeats > 0 THEN 1 ELSE 0 END AS guided, 1 AS n
FROM requests r LEFT JOIN closings c ON c.request = r.id
LEFT JOIN order_moves m ON c.outcome = 'unknown' AND m.order_id = r.id
  AND m.n = (SELECT MIN(n) FROM order_moves WHERE order_id = r.id AND state = 'reconciled')
UNION ALL
SELECT 'call', day, hour, channel, traffic, digest, called, brand, node, '', '', '', '',
  CASE WHEN leaves = 0 THEN 'lost' ELSE 'served' END,
  CASE WHEN agent <> 0 THEN 'agent' ELSE "by" END,
  CASE WHEN errors > 0 THEN 1 ELSE 0 END, 1
FROM call_ends) facts"""  # noqa: S608  (words of dialog.outcomes)


_PURGED = "SELECT MAX(before) FROM purges WHERE name IN ('requests', 'call_ends', 'order_moves')"

_UNFOLDED = f"""
SELECT DISTINCT day FROM (
SELECT day FROM tallies WHERE day < ? GROUP BY {", ".join(DIMENSIONS)} HAVING COUNT(*) > 1) several
"""  # noqa: S608


class Counting(Store):
    """Reports' source."""

    def counts(
        self, by: Sequence[str] = DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Count]:
        """Counts of the local days `first` to `last` (YYYY-MM-DD, both included, "" = no bound).

        Grouped and sorted by the dimensions `by`; `equal` keeps those whose dimension has that
        value: `counts(("day", "outcome"), traffic="real", of="request")`. Raises ValueError for
        a name that is no dimension.
        """
        return _counts(self._reader(), "tallies", by, first, last, equal)

    def rebuild_counts(
        self, by: Sequence[str] = DIMENSIONS, first: str = "", last: str = "", **equal: Any
    ) -> list[Count]:
        """The same counts from the facts; days whose facts were purged are not in them."""
        return _counts(self._reader(), _REBUILT, by, first, last, equal)

    def compare_counts(self) -> list[Count]:
        """Where the tallies differ from the facts: `n` is tallied less rebuilt. [] = all equal.

        Only days whose facts are all there are compared.
        """
        connection = self._reader()
        connection.execute("BEGIN")  # both from one moment, while others write
        try:
            first = self._first_day(connection)
            tallied = _counts(connection, "tallies", DIMENSIONS, first, "", {})
            rebuilt = _counts(connection, _REBUILT, DIMENSIONS, first, "", {})
        finally:
            connection.execute("COMMIT")
        differs = {count._replace(n=0): count.n for count in tallied}
        for count in rebuilt:
            kind = count._replace(n=0)
            differs[kind] = differs.get(kind, 0) - count.n
        return [kind._replace(n=n) for kind, n in sorted(differs.items()) if n]

    def replace_counts(self) -> Future[None]:
        """Puts the rebuilt counts in the tallies' place, of the days whose facts are all there."""

        def job(batch: Batch) -> None:
            first = self._first_day(batch.connection)
            rebuilt = _counts(batch.connection, _REBUILT, DIMENSIONS, first, "", {})
            _put(batch.connection, rebuilt, "day >= ?", first)

        return self._submit(job)

    def fold_counts(self, before: str) -> None:
        """Sums the delta rows of each day before that one; returns when durable."""
        for (day,) in self._read(_UNFOLDED, (before,)):

            def job(batch: Batch, day: str = day) -> None:
                tallied = _counts(batch.connection, "tallies", DIMENSIONS, day, day, {})
                _put(batch.connection, tallied, "day = ?", day)

            self._submit(job).result()

    def _first_day(self, connection: sqlite3.Connection) -> str:
        (before,) = connection.execute(_PURGED).fetchone()
        return self.zone.local(before)[0] if before else ""


def _put(connection: sqlite3.Connection, counts: list[Count], days: str, bound: str) -> None:
    connection.execute(f"DELETE FROM tallies WHERE {days}", (bound,))  # noqa: S608
    insert_deltas(connection, {count._replace(n=0): count.n for count in counts})


def _counts(
    connection: sqlite3.Connection,
    source: str,
    by: Sequence[str],
    first: str,
    last: str,
    equal: dict[str, Any],
) -> list[Count]:
    if unknown := {*by, *equal} - set(DIMENSIONS):
        raise ValueError(
            f"no such dimension: {', '.join(sorted(unknown))}; there are {', '.join(DIMENSIONS)}"
        )
    where = [f"{name} = ?" for name in equal]
    values = list(equal.values())
    for bound, test in ((first, "day >= ?"), (last, "day <= ?")):
        if bound:
            where.append(test)
            values.append(bound)
    named = ", ".join(by)
    sql = (
        f"SELECT {named + ', ' if by else ''}SUM(n) FROM {source} "  # noqa: S608
        f"WHERE {' AND '.join(where) or '1 = 1'} "
        f"{f'GROUP BY {named} ' if by else ''}HAVING SUM(n) <> 0"
        f"{f' ORDER BY {named}' if by else ''}"
    )
    counts = []
    for *found, n in connection.execute(sql, values):
        count = Count(**dict(zip(by, found, strict=True)), n=n)
        counts.append(count._replace(guided=bool(count.guided)))
    return counts
