"""Drill-down: the requests and calls behind a figure."""

from __future__ import annotations

from typing import Any

from ledger import rollups
from ledger.counting import Counting
from ledger.counts import REQUEST, Behind, Count
from ledger.rebuild import NO_CUT, SOURCES
from ledger.rollups import COUNTS, within

_WHAT = (*COUNTS.dimensions, "n")
_WHERE = ("id", "session", "at", "subscriber", "raw")


class Drill(Counting):
    """From a figure to its rows."""

    def behind(
        self, limit: int = 100, first: str = "", last: str = "", **equal: Any
    ) -> list[Behind]:
        """The newest requests that a figure of `counts` with the same bounds and filter counted.

        `of="call"` asks for calls. Fewer than the figure when rows were purged. Raises ValueError
        for a name that is no dimension.
        """
        rollups.check(COUNTS, (), equal)
        of = equal.get("of", REQUEST)
        source = next(s for s in SOURCES[COUNTS.name] if s.of == of)
        where, values = within("", "", equal | {"of": of})
        names = ", ".join((*_WHAT, *_WHERE))
        sql = (
            f"SELECT {names} FROM ({source.sql.format(**NO_CUT)}) facts WHERE {where} "  # noqa: S608
            "AND day = ? AND hour = ? ORDER BY at DESC, id DESC LIMIT ?"
        )
        found: list[Behind] = []
        hours = self.counts(("day", "hour"), first, last, **equal | {"of": of})
        one_zone = self._one_zone()
        for of_hour in reversed(hours):  # the roll-up knows which hours have any
            if len(found) >= limit:
                break
            day, hour, left = of_hour.day, of_hour.hour, limit - len(found)
            span = self.zone.hour(day, hour) if one_zone else self._span(day, day)
            for row in self._read(sql, (*span, *values, day, hour, left)):
                count = Count._make(row[: len(_WHAT)])
                count = count._replace(guided=bool(count.guided))
                found.append(Behind(count, *row[len(_WHAT) :]))
        return found
