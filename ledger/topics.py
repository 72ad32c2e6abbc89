"""What people ask about beside their requests: texts that matched nothing, wrap-up codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial

from ledger import records as r
from ledger.batch import Batch
from ledger.counts import EXCESS, NO_LEAF, Sent, Texted, Wanted, Wrapped
from ledger.rollups import within
from ledger.store import Store
from ledger.zone import Zone

_TEXTED = """
SELECT keyword, COUNT(*), COUNT(DISTINCT subscriber) AS subscribers, MIN(day), MAX(day)
FROM requests
WHERE leaf = '{none}' AND traffic = ? AND subscriber <> '' AND {where}
AND id NOT IN (SELECT request FROM closings WHERE reason = '{excess}' AND {where})
GROUP BY keyword HAVING COUNT(DISTINCT subscriber) >= ?
ORDER BY subscribers DESC, COUNT(*) DESC, keyword
"""
_UNKNOWN = (
    f"FROM requests WHERE leaf = '{NO_LEAF}' AND traffic = ? AND subscriber <> '' AND {{where}} "  # noqa: S608
    "AND id IN (SELECT request FROM closings WHERE reason = 'unknown_command')"
)
_WANTED = (
    "SELECT keyword, called, COUNT(*), COUNT(DISTINCT subscriber) AS subscribers, "
    f"MIN(day), MAX(day) {_UNKNOWN} GROUP BY keyword, called "
    "ORDER BY subscribers DESC, COUNT(*) DESC, keyword, called"
)
_SENT = (
    f"SELECT keyword, called, operator, brand, province, COUNT(*) {_UNKNOWN} "
    "GROUP BY keyword, called, operator, brand, province "
    "ORDER BY COUNT(*) DESC, operator, brand, province"
)
_KNOWN = "SELECT 1 FROM wrap_ups WHERE source = ? LIMIT 1"
_EDITION = "SELECT COALESCE(MAX(edition), 0) + 1 FROM wrap_ups WHERE traffic = ? AND at = ?"
_WRAP_UP = (
    f"INSERT INTO wrap_ups ({', '.join(r.WrapUp._fields)}, edition, day, hour) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(r.WrapUp._fields))}, ?, ?, ?)"
)
_WRAPPED = """
SELECT day, code, SUM(n) FROM wrap_ups w
WHERE traffic = ? AND {where}
AND edition = (SELECT MAX(edition) FROM wrap_ups WHERE traffic = w.traffic AND at = w.at)
GROUP BY day, code HAVING SUM(n) > 0 ORDER BY day, code
"""


class Topics(Store):
    """Sources of hot topics. Days are local, both bounds included, "" = no bound."""

    def texted(self, first: str, last: str, traffic: str, least: int = 3) -> list[Texted]:
        """The texts that matched nothing, as kept, from `least` known subscribers on.

        Sorted by subscribers, the most first. A text of few may be about a person: it stays out.
        """
        where, values = within(first, last, {})
        sql = _TEXTED.format(none=NO_LEAF, excess=EXCESS, where=where)
        return [Texted(*row) for row in self._read(sql, (traffic, *values, *values, least))]

    def wanted(
        self, first: str, last: str, traffic: str, equal: Mapping[str, str], least: int = 3
    ) -> tuple[list[Wanted], int]:
        """The texts that spelt no code, by number, and how many texts there were in all.

        Only what at least `least` known subscribers sent to that number is given, the most
        subscribers first; `equal` keeps a number or brand.
        """
        where, values = within(first, last, equal)
        asked = (traffic, *values)
        sent: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        with self.snapshot():
            rows = self._read(_WANTED.format(where=where), asked)
            for text, called, *of in self._read(_SENT.format(where=where), asked):
                sent[text, called].append(Sent(*of))
        found = [Wanted(*row) for row in rows]
        given = [
            one._replace(of=tuple(sent[one.text, one.called]))
            for one in found
            if one.subscribers >= least
        ]
        return given, sum(one.n for one in found)

    def add_wrap_ups(self, rows: Sequence[r.WrapUp]) -> Future[int]:
        """Takes agents' wrap-up codes in, all or nothing; how many rows were new.

        Rows of a `source` that is in the record already change nothing: the same file twice. Those
        of a new one take the place of what was known of each of their times, all codes of it and
        of that traffic; so a source has all the codes of a time, each once. The future fails with
        BadRow for a code that stands twice at a time.
        """
        return self._submit(partial(_take_in, rows=tuple(rows), zone=self.zone))

    def wrap_ups(self, first: str = "", last: str = "", traffic: str = "real") -> list[Wrapped]:
        """Agents' wrap-up codes by day; those of none are left out."""
        where, values = within(first, last, {})
        rows = self._read(_WRAPPED.format(where=where), (traffic, *values))
        return [Wrapped(*row) for row in rows]


def _take_in(batch: Batch, rows: Sequence[r.WrapUp], zone: Zone) -> int:
    execute = batch.connection.execute
    known = {
        source: execute(_KNOWN, (source,)).fetchone() for source in {row.source for row in rows}
    }
    new = [row for row in rows if not known[row.source]]
    times = {(row.traffic, row.at) for row in new}
    editions = {time: execute(_EDITION, time).fetchone()[0] for time in times}
    for row in new:
        execute(_WRAP_UP, (*row, editions[row.traffic, row.at], *zone.local(row.at)))
    return len(new)
