"""One province's day in a record: millions of calls, built out of some thousands that were played.

A few thousand demo dialogues go through the real engine; the day is made of copies of them, each
with ids, a subscriber and times of its own, marked real. Calls of few steps are taken more often,
so that the average is what is asked for. Rows that nothing is counted by (told, orders, deliveries)
are left out; the roll-ups are left empty, for the product to rebuild.
"""

from __future__ import annotations

import itertools
import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from ledger import records as r
from ledger.ledger import Ledger
from ledger.schema import TABLES, insert

DAY = "2026-10-20"
ZONE = "Asia/Shanghai"
PLAYED = 6_000
SUBSCRIBERS = 3_000_000
REQUESTS_PER_CALL = 0.75
TEXTS_PER_CALL = 0.2
BUCKET_MS = 60_000
TABLES_FILLED = (r.SessionFacts, r.Step, r.Attempt, r.Request, r.Closing, r.CallEnd)
OPENED = {table.name: table for table in TABLES}["sessions"]


class Pattern(NamedTuple):
    """A dialogue that was played; times are milliseconds after its beginning."""

    facts: r.SessionFacts
    turns: int
    lasted: int
    end_reason: str
    rows: tuple[tuple[type[Any], int, Any], ...]  # record, time, the row
    steps: int
    requests: int


def played(home: Path, calls: int = PLAYED) -> tuple[list[Pattern], list[r.Version]]:
    """The dialogues of a demo day on the shipped site, and the versions they were played on."""
    if not (home / "demo-truth.json").exists():  # it is written at the end
        words = ["--home", str(home), "demo-traffic", "--days", "1", "--from", DAY]
        words += ["--calls-per-day", str(calls)]
        subprocess.run(
            [sys.executable, "-m", "hotline.cli", *words], check=True, stdout=subprocess.DEVNULL
        )
    with Ledger.open(home / "ledger.db", ZONE) as ledger:
        ends = dict(ledger._read("SELECT id, end_reason FROM sessions"))
        walks = (w for channel in ("voice", "text") for w in ledger.walks("", "", "demo", channel))
        return [_pattern(w, ends[w.session.id]) for w in walks], ledger.rows(r.Version)


def _pattern(walk: r.Walk, end_reason: str) -> Pattern:
    rows = [*walk.steps, *walk.attempts, *walk.requests, *walk.closings]
    rows += [walk.end] if walk.end else []
    begun = walk.session.opened_at
    timed = tuple(sorted(((type(row), row.at - begun, row) for row in rows), key=lambda x: x[1]))
    counts = len(walk.steps), len(walk.requests)
    return Pattern(walk.session, len(walk.steps), timed[-1][1], end_reason, timed, *counts)


def weights(patterns: Sequence[Pattern], steps: float, requests: float) -> list[float]:
    """Weights by which the patterns have so many steps and requests on average.

    exp(x * steps + y * requests): of all weights that do, the ones that change the mix least.
    """
    x = y = 0.0
    for _ in range(400):
        tilted = [math.exp(x * p.steps + y * p.requests) for p in patterns]
        whole = sum(tilted)
        x += 0.05 * (
            steps - sum(w * p.steps for w, p in zip(tilted, patterns, strict=True)) / whole
        )
        y += 0.2 * (
            requests - sum(w * p.requests for w, p in zip(tilted, patterns, strict=True)) / whole
        )
    return tilted


class Day:
    """Rows of a day in the order of their times, by table."""

    def __init__(self, patterns: Sequence[Pattern], calls: int, steps: int, seed: int = 1) -> None:
        self._dice = Random(seed)
        self._voice = [p for p in patterns if p.facts.channel == "voice"]
        self._text = [p for p in patterns if p.facts.channel == "text"]
        self._tilted = weights(self._voice, steps / calls, REQUESTS_PER_CALL)
        self._calls = calls
        self._hours = [0] * 24
        for pattern in self._voice:
            self._hours[pattern.facts.opened_at // 3_600_000 % 24] += 1
        self.begin = 0
        self._id = itertools.count()

    def buckets(self, begin: int) -> Iterator[tuple[int, dict[type[Any], list[Any]]]]:
        """Minute by minute what is written in it, until all dialogues are over."""
        pending: dict[int, dict[type[Any], list[Any]]] = {}
        whole, done = sum(self._hours), 0.0
        for n in itertools.count():
            at = begin + n * BUCKET_MS
            if n < 1440:
                done += self._calls * self._hours[at // 3_600_000 % 24] / whole / 60
                self._dialogues(pending, at, int(done))
                done -= int(done)
            elif not pending:
                return
            rows = pending.pop(n, {})
            yield at, rows

    def _dialogues(self, pending: dict[int, Any], at: int, calls: int) -> None:
        dice = self._dice
        chosen = dice.choices(self._voice, self._tilted, k=calls)
        chosen += dice.choices(self._text, k=round(calls * TEXTS_PER_CALL))
        for begun, pattern in zip(
            sorted(at + int(dice.random() * BUCKET_MS) for _ in chosen), chosen, strict=True
        ):
            self._copy(pending, begun, pattern)

    def _copy(self, pending: dict[int, Any], begun: int, pattern: Pattern) -> None:
        bits = self._dice.getrandbits(64)
        session = f"{begun >> 16:08x}-{begun & 0xFFFF:04x}-7{bits & 0xFFF:03x}-9{bits >> 52:03x}"
        session += f"-{next(self._id):012x}"
        subscriber = f"{bits % SUBSCRIBERS:022d}"
        facts = pattern.facts._replace(
            id=session,
            dialogue=pattern.facts.dialogue and f"pbx/{session}",
            subscriber=subscriber,
            caller=subscriber,
            traffic="real",
            opened_at=begun,
        )
        over, old = begun + pattern.lasted, len(pattern.facts.id)
        state = r.SessionState(pattern.turns, None, 0, False, over, pattern.end_reason)
        put(pending, self.begin_of(begun), r.SessionFacts, (*facts, *state))
        for record, after, row in pattern.rows:
            at = begun + after
            its: dict[str, Any] = {"at": at}
            if record is r.Closing:
                its["request"] = session + row.request[old:]
            else:
                its["session"] = session
            if record is r.Request:
                its |= {"id": session + row.id[old:], "subscriber": subscriber}
            if record is r.Attempt and row.request:
                its["request"] = session + row.request[old:]
            if record in (r.Request, r.CallEnd):
                its["traffic"] = "real"
            put(pending, self.begin_of(at), record, row._replace(**its))

    def begin_of(self, at: int) -> int:
        """The number of the minute."""
        return (at - self.begin) // BUCKET_MS


def put(pending: dict[int, Any], n: int, record: type[Any], row: Any) -> None:
    bucket = pending.get(n)
    if bucket is None:
        bucket = pending[n] = {record: [] for record in TABLES_FILLED}
    bucket[record].append(row)


def build(
    path: Path, patterns: Sequence[Pattern], versions: Sequence[r.Version], calls: int, steps: int
) -> Iterator[int]:
    """Fills a new record with the day; tells how many rows there are after each minute of it."""
    with Ledger.open(path, ZONE) as ledger:
        ledger.append(versions).result()
        zone = ledger.zone
    day = Day(patterns, calls, steps)
    day.begin = zone.start(DAY)
    columns = ", ".join((*r.SessionFacts._fields, *r.SessionState._fields, "zone", "day", "hour"))
    marks = ", ".join("?" * (len(r.SessionFacts._fields) + len(r.SessionState._fields) + 3))
    inserts = {record: insert(record) for record in TABLES_FILLED if record is not r.SessionFacts}
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -400000", "journal_mode = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    done = 0
    for at, rows in day.buckets(day.begin):
        local = zone.local(at)
        connection.execute("BEGIN")
        for record, some in rows.items():
            if record is r.SessionFacts:
                made = [(*row, ZONE, *local) for row in some]
                connection.executemany(f"INSERT INTO sessions ({columns}) VALUES ({marks})", made)
            else:
                some.sort(key=attrgetter("at"))
                connection.executemany(inserts[record], [(*row, *local) for row in some])
            done += len(some)
        connection.execute("COMMIT")
        yield done
    connection.close()
