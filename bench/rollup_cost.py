"""What writing the roll-ups costs: `python -m bench.rollup_cost`, also part of bench/reports.py.

Processor time of this process, with the roll-ups and without them in turns, on the same calls:
`serving` plays calls through the runner, the engine, the embedded BSS and the record, without
sockets; `record` has the record alone, in groups of so many steps as share a transaction.
"""

from __future__ import annotations

import argparse
import gc
import json
import queue
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from bench import province
from dialog.events import CallArrived, CallEnded, DigitsEntered, Event, NoInput
from dialog.host import Delivery, Reply
from dialog.session import Origin
from dialog.turn import Collect, Perform
from hotline.house import House, clock
from hotline.settings import SOURCE, Settings
from ledger import records as r
from ledger import tallies
from ledger.batch import Batch, Memory
from ledger.ledger import Ledger

AT_ONCE = 64
CALLS = 400
"""Calls of one round of `serving`."""
GROUPS = {"groups of 50": 50, "groups of 500": 500, "alone": 1}
STATE = json.dumps({"session": "x" * 900})
FIRST_CALLER = 13800138000
SUBSCRIBERS = 1_200


def without() -> ExitStack:
    """The writer without roll-ups: nothing is made for them, nothing remembered, nothing added."""
    stack = ExitStack()
    nothing: Callable[..., Any] = lambda *_: None  # noqa: E731
    for owner, names in (
        (tallies, ("opened", "closed", "ended", "stepped", "attempted")),
        (Batch, ("count", "visit", "add_up")),
        (Memory, ("session", "ended", "line", "request")),
    ):
        stack.enter_context(mock.patch.multiple(owner, **dict.fromkeys(names, nothing)))
    stack.enter_context(mock.patch.object(Memory, "opened", return_value=()))
    return stack


def in_turns(name: str, rounds: int, measure: Callable[[], float]) -> None:
    """Prints what a step takes with and without, of so many rounds of each after one of each."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for n in range(2 * rounds + 2):
        rolled = n % 2 == 0
        with ExitStack() if rolled else without():
            times[rolled].append(measure())
    pairs = list(zip(times[True][1:], times[False][1:], strict=True))
    rolled_, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"  {name:<28}{rolled_ * 1e6:8.1f} us a step with, {bare * 1e6:8.1f} without: "
        f"{(ratio - 1) * 100:+.1f} %"
    )


# -- serving ---------------------------------------------------------------------------------------


class Calls:
    """Calls into a house, many at once, each with its script of keys; "" = nothing is pressed."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._heard: queue.SimpleQueue[tuple[int, Reply | Exception]] = queue.SimpleQueue()
        self._n = 0
        self._left: dict[int, list[str]] = {}

    def play(self, scripts: Iterable[Sequence[str]]) -> int:
        """Plays them all; returns how many steps there were."""
        waiting, steps = iter(scripts), 0
        for script in islice(waiting, AT_ONCE):
            self._call(script)
        while self._left:
            call, reply = self._heard.get()
            steps += 1
            if isinstance(reply, Exception):
                raise reply
            if self._goes_on(call, reply):
                continue
            del self._left[call]
            if (script := next(waiting, None)) is not None:
                self._call(script)
        return steps

    def _call(self, script: Sequence[str]) -> None:
        self._n += 1
        self._left[self._n] = [*script, "hang up"]
        self._bring(self._n, 0, CallArrived(clock()))

    def _goes_on(self, call: int, reply: Reply) -> bool:
        left = self._left[call]
        if isinstance(reply.then, Perform):
            return True  # its answer follows
        if not left:
            return False
        key = left.pop(0)
        if key == "hang up" or not isinstance(reply.then, Collect):
            left.clear()
            event: Event = CallEnded(clock(), "caller", 400)
        else:
            event = DigitsEntered(clock(), key, 900) if key else NoInput(clock(), 900)
        self._bring(call, reply.n, event)
        return True

    def _bring(self, call: int, n: int, event: Event) -> None:
        number = str(FIRST_CALLER + call % SUBSCRIBERS)
        origin = Origin("voice", "10086", number, "network", "bench")
        delivery = Delivery(f"{call}/{n}", f"bench/{call}", origin, event, held=True)
        self._house.runner.deliver(delivery, lambda reply: self._heard.put((call, reply)))


def scripts(patterns: Sequence[province.Pattern]) -> list[tuple[str, ...]]:
    """The keys of the calls that were played; those with a masked entry are left out."""
    found = []
    for pattern in patterns:
        steps = [row for record, _, row in pattern.rows if record is r.Step]
        keys = tuple(step.key for step in steps if step.event in ("DigitsEntered", "NoInput"))
        if pattern.facts.channel == "voice" and not any("[" in k or "**" in k for k in keys):
            found.append(keys)
    return found


def serving(patterns: Sequence[province.Pattern], folder: Path, rounds: int) -> None:
    """The whole path of a step but its socket."""
    dice = Random(7)
    chosen = dice.choices(scripts(patterns), k=CALLS)
    with House(Settings(SOURCE, folder)) as house:
        calls = Calls(house)

        def measure() -> float:
            start = time.process_time()
            steps = calls.play(chosen)
            return (time.process_time() - start) / steps

        in_turns("serving", rounds, measure)


# -- the record alone ------------------------------------------------------------------------------


def commits(patterns: Sequence[province.Pattern], calls: int, mark: int) -> list[r.Commit]:
    """The commits of calls that are under way at once, in the order of their times."""
    dice = Random(7)
    timed: list[tuple[int, int, r.Commit]] = []
    for pattern in dice.choices([p for p in patterns if p.facts.channel == "voice"], k=calls):
        begun = pattern.facts.opened_at + dice.randrange(120_000)
        timed += _turns(pattern, f"019b7a{mark:02d}-{len(timed):027d}", begun)
    return [commit for _, _, commit in sorted(timed, key=lambda one: one[:2])]


def _turns(
    pattern: province.Pattern, session: str, begun: int
) -> Iterator[tuple[int, int, r.Commit]]:
    old, turn = len(pattern.facts.id), 0
    rows: list[Any] = []
    for _, after, row in (*pattern.rows, (None, pattern.lasted, None)):
        if (isinstance(row, r.Step) and rows) or row is None:
            over = row is None
            state = r.SessionState(turn + 1, None if over else STATE, 0, not over)
            facts = pattern.facts._replace(id=session, dialogue=f"pbx/{session}")
            opened = None if turn else facts
            yield begun + after, turn, r.Commit(session, turn or None, tuple(rows), state, opened)
            turn, rows = turn + 1, []
        if isinstance(row, r.Request):
            rows.append(row._replace(id=session + row.id[old:], session=session))
        elif isinstance(row, r.Closing):
            rows.append(row._replace(request=session + row.request[old:]))
        elif row is not None:
            rows.append(row._replace(session=session))


def record(patterns: Sequence[province.Pattern], folder: Path, rounds: int) -> None:
    """The record's own path, in groups."""
    for name, size in GROUPS.items():
        calls = 100 if size == 1 else 400
        with Ledger.open(folder / f"{size}.db") as ledger:
            marks = iter(range(100))

            def measure(size: int = size, calls: int = calls, ledger: Ledger = ledger) -> float:
                jobs = commits(patterns, calls, next(marks))  # noqa: B023
                gc.collect()
                start = time.process_time()
                for n in range(0, len(jobs), size):
                    _group(ledger, jobs[n : n + size])
                return (time.process_time() - start) / len(jobs)

            in_turns(f"record, {name}", rounds, measure)


def _group(ledger: Ledger, jobs: Sequence[r.Commit]) -> None:
    """One transaction of them all: the writer is held up until all are queued."""
    gate = threading.Event()
    held = ledger._submit(lambda _: gate.wait())
    written = [ledger.write(job) for job in jobs]
    gate.set()
    for future in (held, *written):
        future.result()


def cost(home: Path, rounds: int) -> None:
    """Plays a demo day for its calls, then measures each."""
    patterns, _ = province.played(home / "played")
    print("roll-ups, processor time:")
    with tempfile.TemporaryDirectory(dir=home) as folder:
        serving(patterns, Path(folder), rounds)
        record(patterns, Path(folder), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cost(Path(folder), options.rounds)


if __name__ == "__main__":
    main()
