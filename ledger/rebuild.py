"""The roll-ups once more, out of the rows.

This shares nothing with the way that they are written but the types: there each fact adds to the
sums in Python as it is committed (`tallies`), here SQL reads what the facts came to.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from dialog.outcomes import DONE, FAILED_REASONS
from ledger.counts import KEYED, KEYS, MOST_NTH, NO_LEAF
from ledger.rollups import COUNTS, VISITS, Rollup, summed, within
from ledger.slices import Span, slices

THREADS = 2
"""Each reads by a connection of its own; SQLite works outside of the interpreter's lock."""
_SLICE = 5_000
"""Rows that are sorted at once: few enough for a processor's cache."""
_CACHE = "PRAGMA cache_size = -65536"
_EVERY_ROW = (1 << 63) - 1


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


class Source(NamedTuple):
    """Facts of a roll-up: the table that is read in slices of its `at`, and how it is counted.

    `sql` has the dimensions and the sums as columns, and what tells one fact from another.
    """

    of: str
    table: str
    sql: str


_REQUESTS = f"""
SELECT 'request' AS of, r.day, r.hour, r.channel, r.traffic, r.digest, r.called, r.brand,
  r.node, r.service, r.leaf, r.kind,
  CASE WHEN r.leaf = '{NO_LEAF}' THEN '' ELSE r.keyword END AS keyword,
  CASE WHEN m.reason IS NULL THEN COALESCE(c.outcome, 'open')
    WHEN m.reason IN ({_listed(DONE)}) THEN m.reason
    WHEN m.reason IN ({_listed(FAILED_REASONS)}) THEN 'failed' ELSE 'refused' END AS outcome,
  CASE WHEN m.reason IS NULL THEN COALESCE(c.reason, '')
    WHEN m.reason IN ({_listed(DONE)}) THEN '' ELSE m.reason END AS reason,
  CASE WHEN c.errors + c.repeats > 0 THEN 1 ELSE 0 END AS guided, 1 AS n,
  r.id, r.session, r.at, r.subscriber, COALESCE(c.raw, '') AS raw
FROM requests r LEFT JOIN closings c ON c.request = r.id AND c.rowid <= {{closings}}
LEFT JOIN order_moves m ON c.outcome = 'unknown' AND m.order_id = r.id
  AND m.n = (SELECT MIN(n) FROM order_moves
    WHERE order_id = r.id AND state = 'reconciled' AND rowid <= {{order_moves}})
WHERE r.at >= ? AND r.at < ? AND r.rowid <= {{requests}}"""  # noqa: S608

_CALLS = """
SELECT 'call' AS of, e.day, e.hour, e.channel, e.traffic, e.digest, e.called, e.brand, e.node,
  '' AS service, '' AS leaf, '' AS kind, '' AS keyword,
  CASE WHEN e.leaves = 0 THEN 'lost' ELSE 'served' END AS outcome,
  CASE WHEN e.agent <> 0 THEN 'agent' ELSE e."by" END AS reason,
  CASE WHEN e.errors > 0 THEN 1 ELSE 0 END AS guided, 1 AS n,
  e.session AS id, e.session, e.at, '' AS subscriber, '' AS raw
FROM call_ends e WHERE e.at >= ? AND e.at < ? AND e.rowid <= {call_ends}"""

_LINE = (
    "COALESCE(s.channel, '') AS channel, COALESCE(s.traffic, '') AS traffic, "
    "COALESCE(s.digest, '') AS digest"
)
_NTH = f"CASE WHEN t.n < {MOST_NTH} THEN t.n ELSE {MOST_NTH} END AS nth, 1 AS n"

_STEPS = f"""
SELECT 'step' AS of, t.day, {_LINE}, t.node, t.stage, t.event,
  CASE WHEN t.stage IN ({_listed(KEYED)}) AND t.key IN ({_listed(KEYS)}) THEN t.key ELSE '' END
    AS key,
  t.tries, {_NTH}, CASE WHEN t.heard_ms > 0 THEN t.heard_ms ELSE 0 END AS heard_ms
FROM steps t LEFT JOIN sessions s ON s.id = t.session
WHERE t.at >= ? AND t.at < ? AND t.rowid <= {{steps}}"""  # noqa: S608

_ATTEMPTS = f"""
SELECT 'attempt' AS of, t.day, {_LINE}, t.node, '' AS stage, t.reason AS event, '' AS key,
  0 AS tries, {_NTH}, 0 AS heard_ms
FROM attempts t LEFT JOIN sessions s ON s.id = t.session
WHERE t.at >= ? AND t.at < ? AND t.rowid <= {{attempts}}"""  # noqa: S608

SOURCES: Mapping[str, tuple[Source, ...]] = {
    COUNTS.name: (Source("request", "requests", _REQUESTS), Source("call", "call_ends", _CALLS)),
    VISITS.name: (Source("step", "steps", _STEPS), Source("attempt", "attempts", _ATTEMPTS)),
}
FACTS = ("requests", "closings", "order_moves", "call_ends", "steps", "attempts")
"""The tables that a cut is of."""
NO_CUT = dict.fromkeys(FACTS, _EVERY_ROW)

_APART = (
    "node",
    "leaf",
    "event",
    "key",
    "keyword",
    "outcome",
    "reason",
    "nth",
    "stage",
    "tries",
    "brand",
    "hour",
    "service",
    "kind",
    "guided",
    "channel",
    "called",
    "traffic",
    "digest",
    "day",
)
"""All dimensions, those first that tell most rows of one time apart."""

Sums = dict[tuple[Any, ...], tuple[int, ...]]
"""By the dimensions asked for: each sum."""
Counted = dict[str, dict[tuple[Any, ...], list[int]]]
"""By `of` and by what a thread groups it by: each sum."""


class Asked(NamedTuple):
    """What is to be counted: as in Counting.counts, over the rows of a span up to a cut."""

    by: Sequence[str]
    span: Span
    first: str = ""
    last: str = ""
    equal: Mapping[str, Any] = {}
    cut: Mapping[str, int] = NO_CUT


def rebuild(reader: Callable[[], sqlite3.Connection], rollup: Rollup, asked: Asked) -> Sums:
    """Counts the rows. `reader` gives each thread its own connection."""
    pieces = _pieces(reader(), rollup, asked)
    few = list(islice(pieces, 2 * THREADS))
    if len(few) < 2 * THREADS:
        return _placed([_count(reader(), rollup, asked, iter(few))], asked)
    rest, lock = iter([*few, *pieces]), threading.Lock()

    def shared() -> Iterator[tuple[Source, Span]]:
        while True:
            with lock:
                piece = next(rest, None)
            if piece is None:
                return
            yield piece

    def count() -> Counted:
        connection = reader()
        connection.execute(_CACHE)  # its thread's own, and gone with it
        return _count(connection, rollup, asked, shared())

    with ThreadPoolExecutor(THREADS) as threads:
        counting = [threads.submit(count) for _ in range(THREADS)]
    return _placed([counted.result() for counted in counting], asked)


def _pieces(
    connection: sqlite3.Connection, rollup: Rollup, asked: Asked
) -> Iterator[tuple[Source, Span]]:
    """In the order of time over all tables: so are they written, and the file is read once."""

    def of(source: Source) -> Iterator[tuple[Source, Span]]:
        for piece in slices(connection, source.table, asked.span, _SLICE):
            yield source, piece

    wanted = (s for s in SOURCES[rollup.name] if asked.equal.get("of", s.of) == s.of)
    return merge(*map(of, wanted), key=lambda piece: piece[1].low)


def _same(of: str, asked: Asked) -> dict[str, str]:
    """The dimensions that are the same in all rows."""
    one_day = asked.first and asked.first == asked.last
    return {"of": of} | ({"day": asked.first} if one_day else {})


def _told(of: str, asked: Asked) -> list[str]:
    """The dimensions to group by, those first that tell most apart: sorting is most of the work."""
    same = _same(of, asked)
    return sorted((name for name in asked.by if name not in same), key=_APART.index)


def _count(
    connection: sqlite3.Connection,
    rollup: Rollup,
    asked: Asked,
    pieces: Iterator[tuple[Source, Span]],
) -> Counted:
    where, values = within(asked.first, asked.last, asked.equal)
    counted: Counted = {}
    for source, span in pieces:
        told = _told(source.of, asked)
        named, width = ", ".join(told), len(told)
        sql = (
            f"SELECT {named + ', ' if told else ''}{summed(rollup)} "  # noqa: S608
            f"FROM ({source.sql.format(**asked.cut)}) facts "
            f"WHERE {where} {f'GROUP BY {named} ' if told else ''}HAVING COUNT(*) > 0"
        )
        sums = counted.setdefault(source.of, {})
        for row in connection.execute(sql, (*span, *values)):
            there = sums.get(row[:width])
            if there is None:
                sums[row[:width]] = list(row[width:])
            else:
                for n, amount in enumerate(row[width:]):
                    there[n] += amount
    return counted


def _placed(parts: Iterable[Counted], asked: Asked) -> Sums:
    """The parts together, by the dimensions in the order in which they were asked for."""
    whole: Sums = {}
    for counted in parts:
        for of, sums in counted.items():
            same, told = _same(of, asked), _told(of, asked)
            for values, amounts in sums.items():
                known = same | dict(zip(told, values, strict=True))
                key = tuple(known[name] for name in asked.by)
                there = whole.get(key, (0,) * len(amounts))
                whole[key] = tuple(map(sum, zip(there, amounts, strict=True)))
    return whole
