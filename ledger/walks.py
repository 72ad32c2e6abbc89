"""Whole dialogues as recorded, one after another, and the ways that they took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from ledger import records as r
from ledger.counting import Counting
from ledger.counts import Trail
from ledger.schema import NAMES
from ledger.slices import slices

_SESSIONS = 2_000
"""Dialogues that are in memory at once."""

_OVER = (
    "s.opened_at >= ? AND s.opened_at < ? AND s.traffic = ? AND s.channel = ? "
    "AND s.day >= ? AND s.day <= ? AND s.ended_at IS NOT NULL"
)
_LATEST = "9999-12-31"
_STEPS = f"""
SELECT s.id, t.node FROM sessions s JOIN steps t ON t.session = s.id
WHERE {_OVER} ORDER BY s.id, t.n
"""  # noqa: S608
_ENDS = f"""
SELECT s.id, CASE WHEN e.agent <> 0 THEN 'agent' ELSE COALESCE(e."by", s.end_reason) END
FROM sessions s LEFT JOIN call_ends e ON e.session = s.id WHERE {_OVER}
"""  # noqa: S608


class Walks(Counting):
    """Dialogues of the local days on which they began. Days: both included, "" = no bound."""

    def walks(
        self, first: str, last: str, traffic: str, channel: str = "voice", limit: int = 0
    ) -> Iterator[r.Walk]:
        """The dialogues that are over, in the order in which they began; `limit` 0 = all.

        Few are in memory at once and no read lasts: the record may be written meanwhile.
        """
        n = 0
        for facts in self._begun(first, last, traffic, channel):
            yield from self._whole(facts[: limit - n] if limit else facts)
            n += len(facts)
            if limit and n >= limit:
                return

    def trails(self, first: str, last: str, traffic: str, channel: str, depth: int) -> list[Trail]:
        """The ways of the dialogues that are over, up to `depth` nodes, the most taken first.

        Each way that more than one begins with is a row of its own: `n` of `("main",)` are all
        dialogues that began at main.
        """
        taken: Counter[tuple[str, ...]] = Counter()
        ended: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for values in self._slices(first, last, traffic, channel):
            ends = dict(self._read(_ENDS, values))
            for session, steps in groupby(self._read(_STEPS, values), itemgetter(0)):
                way = _way((node for _, node in steps), depth)
                for length in range(1, min(len(way), depth) + 1):
                    taken[way[:length]] += 1
                if 0 < len(way) <= depth:
                    ended[way][ends[session]] += 1
        rows = [Trail(path, n, dict(sorted(ended[path].items()))) for path, n in taken.items()]
        return sorted(rows, key=lambda row: (-row.n, row.path))

    def _slices(
        self, first: str, last: str, traffic: str, channel: str
    ) -> Iterator[tuple[Any, ...]]:
        span = self._span(first, last)
        for piece in slices(self._reader(), "sessions", span, _SESSIONS, "opened_at"):
            yield (*piece, traffic, channel, first, last or _LATEST)

    def _begun(
        self, first: str, last: str, traffic: str, channel: str
    ) -> Iterator[list[r.SessionFacts]]:
        fields = ", ".join(f"s.{field}" for field in r.SessionFacts._fields)
        sql = f"SELECT {fields} FROM sessions s WHERE {_OVER} ORDER BY s.opened_at, s.id"  # noqa: S608
        for values in self._slices(first, last, traffic, channel):
            rows = self._read(sql, values)
            for n in range(0, len(rows), _SESSIONS):
                yield [r.SessionFacts(*row) for row in rows[n : n + _SESSIONS]]

    def _whole(self, sessions: list[r.SessionFacts]) -> Iterator[r.Walk]:
        steps = self._of(r.Step, sessions, "n")
        attempts = self._of(r.Attempt, sessions, "n")
        requests = self._of(r.Request, sessions, "n")
        ends = self._of(r.CallEnd, sessions, "at")
        closings = self._closings(sessions)
        for facts in sessions:
            end = ends.get(facts.id)
            yield r.Walk(
                facts,
                tuple(steps.get(facts.id, ())),
                tuple(attempts.get(facts.id, ())),
                tuple(requests.get(facts.id, ())),
                tuple(closings.get(facts.id, ())),
                end[0] if end else None,
            )

    def _of(self, record: type[Any], sessions: list[r.SessionFacts], by: str) -> dict[str, Any]:
        fields = ", ".join(record._fields)
        marks = ", ".join("?" * len(sessions))
        sql = f"SELECT {fields} FROM {NAMES[record]} WHERE session IN ({marks}) ORDER BY {by}"  # noqa: S608
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self._read(sql, [facts.id for facts in sessions]):
            made = record._make(row)
            found[made.session].append(made)
        return found

    def _closings(self, sessions: list[r.SessionFacts]) -> dict[str, list[r.Closing]]:
        fields = ", ".join(f"c.{field}" for field in r.Closing._fields)
        marks = ", ".join("?" * len(sessions))
        sql = (
            f"SELECT r.session, {fields} FROM requests r JOIN closings c ON c.request = r.id "  # noqa: S608
            f"WHERE r.session IN ({marks}) ORDER BY r.n"
        )
        found: dict[str, list[r.Closing]] = defaultdict(list)
        for session, *row in self._read(sql, [facts.id for facts in sessions]):
            found[session].append(r.Closing(*row))
        return found


def _way(nodes: Iterator[str], depth: int) -> tuple[str, ...]:
    """The nodes without those stayed at, one more than `depth` when it goes on."""
    way: list[str] = []
    for node in nodes:
        if node and (not way or way[-1] != node):
            way.append(node)
            if len(way) > depth:
                break
    return tuple(way)
