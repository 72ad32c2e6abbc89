"""Reports over one province's day: `python -m bench.reports [--calls N] [--home FOLDER]`.

Builds the day (bench/province.py: 8,000,000 calls with 30,000,000 steps and 1,600,000 dialogues by
text) in `--home`, else in a temporary folder that is removed at the end, then measures: the full
rebuild of the roll-ups from the rows, its memory and its equality with them; each report from the
roll-ups; what writing them costs. A day that stands in `--home` already is measured as it is.

Goals: a report under 0.3 s (journeys apart), the rebuild under 120 s and 500 MB, the cost of the
serving path under 10 %. Memory is the peak of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from bench import province
from ledger import records as r
from ledger import tallies
from ledger.batch import Batch, Memory
from ledger.ledger import Ledger

CALLS = 8_000_000
STEPS_PER_CALL = 3.75
REPEATED = 5
STATE = json.dumps({"session": "x" * 900})
SPAN = ("--from", province.DAY, "--to", province.DAY)
REPORTS: dict[str, tuple[str, ...]] = {
    "failures": SPAN,
    "failures --by hour": ("--by", "hour", *SPAN),
    "failures --by node": ("--by", "node", *SPAN),
    "failures --by keyword": ("--by", "keyword", *SPAN),
    "failures --by reason": ("--by", "reason", *SPAN),
    "layers": SPAN,
    "layers --by node": ("--by", "node", *SPAN),
    "errors": SPAN,
    "control --by hour": ("--by", "hour", *SPAN),
    "target": SPAN,
    "contact": ("--day", province.DAY),
    "topics": SPAN,
    "order": SPAN,
    "loss": SPAN,
}


def built(home: Path, calls: int) -> Path:
    """The record of the day; built when it is not there yet."""
    path = home / "ledger.db"
    if path.exists():
        return path
    patterns, versions = province.played(home / "played")
    steps, start = round(calls * STEPS_PER_CALL), time.perf_counter()
    part = home / "part.db"
    part.unlink(missing_ok=True)
    rows = 0
    for minute, rows in enumerate(province.build(part, patterns, versions, calls, steps)):
        if sys.stderr.isatty() and minute % 10 == 0:
            print(
                f"\r{minute // 60:02d}:{minute % 60:02d}  {rows:,} rows ", end="", file=sys.stderr
            )
    part.rename(path)
    took = time.perf_counter() - start
    print(f"built in {took:.0f} s: {rows:,} rows, {path.stat().st_size / 1e9:.1f} GB")
    return path


# -- each in a process of its own ------------------------------------------------------------------


def rebuild(path: Path) -> dict[str, float]:
    """Puts what the rows give into the roll-ups."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        put = ledger.replace_counts()
        return {"s": time.perf_counter() - start, "sums put right": put}


def compare(path: Path) -> dict[str, float]:
    """Counts the rows once more and compares; nothing may differ."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        differ = len(ledger.compare_counts()) + len(ledger.compare_visits())
        return {"s": time.perf_counter() - start, "differ": differ}


def repeats(path: Path) -> dict[str, float]:
    """Repeat contacts of the day, counted for the first time."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        kept = ledger.repeats(province.DAY, province.DAY, "real", today="2027-01-01")
        took = time.perf_counter() - start
        return {"s": took, "repeats": sum(row.n for row in kept), "of": sum(r.of for r in kept)}


def trails(path: Path) -> dict[str, float]:
    """Ways of all calls to depth 4."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        ways = ledger.trails(province.DAY, province.DAY, "real", "voice", 4)
        return {"s": time.perf_counter() - start, "ways": len(ways)}


def walks(path: Path, n: int = 20_000) -> dict[str, float]:
    """Whole dialogues a second."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        steps = sum(len(walk.steps) for walk in ledger.walks("", "", "real", limit=n))
        return {"dialogues/s": n / (time.perf_counter() - start), "steps": steps}


def behind(path: Path) -> dict[str, float]:
    """The requests behind the rarest figure, and behind a common one."""
    with Ledger.open(path, province.ZONE) as ledger:
        kinds = [count for count in ledger.counts(("node", "reason"), of="request") if count.reason]
        took = {}
        for name, pick in (("rarest", min), ("commonest", max)):
            count = pick(kinds, key=lambda count: count.n)
            start = time.perf_counter()
            found = len(ledger.behind(node=count.node, reason=count.reason))
            took |= {f"{name} s": time.perf_counter() - start, f"{name} rows": found}
        return took


def reports(path: Path) -> dict[str, float]:
    """Each report, rendered by its command; the median of a few, its modules read before."""
    from click.testing import CliRunner

    from hotline.cli import cli

    took = {}
    for name, options in REPORTS.items():
        words = ["report", name.split()[0], "--traffic", "real", "--home", str(path.parent)]
        times = []
        for _ in range(REPEATED + 1):
            start = time.perf_counter()
            result = CliRunner().invoke(cli, [*words, *options], catch_exceptions=False)
            times.append(time.perf_counter() - start)
            assert result.exit_code == 0, result.output
        took[name] = statistics.median(times[1:])
    return took


def ledger_reads(path: Path) -> dict[str, float]:
    """The roll-ups themselves."""
    with Ledger.open(path, province.ZONE) as ledger:
        took = {}
        reads: dict[str, Callable[[], Sequence[Any]]] = {
            "counts, all dimensions": ledger.counts,
            "visits, all dimensions": ledger.visits,
            "texted": lambda: ledger.texted(province.DAY, province.DAY, "real"),
        }
        for name, read in reads.items():
            start = time.perf_counter()
            rows = len(read())
            took |= {f"{name}: s": time.perf_counter() - start, f"{name}: rows": rows}
        return took


def own(job: Callable[[Path], dict[str, float]], path: Path, figures: Any) -> None:
    """Runs a job in this process and sends its figures with the peak of its memory."""
    found = job(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.put(found | {"peak MB": peak})


def measured(job: Callable[[Path], dict[str, float]], path: Path) -> None:
    """Prints the figures of a job that runs in a process of its own."""
    context = multiprocessing.get_context("spawn")
    figures = context.Queue()
    child = context.Process(target=own, args=(job, path, figures))
    child.start()
    found = figures.get()
    child.join()
    print(f"{job.__name__}:")
    for name, value in found.items():
        print(f"  {name:<28}{value:>14,.3f}" if value < 100 else f"  {name:<28}{value:>14,.0f}")


# -- what the roll-ups cost the writer -------------------------------------------------------------


def commits(patterns: Sequence[province.Pattern], calls: int) -> list[r.Commit]:
    """The commits of calls that are under way at once, in the order of their times."""
    dice = Random(7)
    timed: list[tuple[int, int, r.Commit]] = []
    for pattern in dice.choices([p for p in patterns if p.facts.channel == "voice"], k=calls):
        begun = pattern.facts.opened_at + dice.randrange(120_000)
        timed += _turns(pattern, f"019b7a00-{len(timed):023d}", begun)
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
            commit = r.Commit(session, turn or None, tuple(rows), state, opened)
            yield begun + after, turn, commit
            turn, rows = turn + 1, []
        if isinstance(row, r.Request):
            rows.append(row._replace(id=session + row.id[old:], session=session))
        elif isinstance(row, r.Closing):
            rows.append(row._replace(request=session + row.request[old:]))
        elif row is not None:
            rows.append(row._replace(session=session))


def without() -> ExitStack:
    """The writer without roll-ups: nothing is made for them, nothing added."""
    stack = ExitStack()
    nothing: Callable[..., Any] = lambda *_: None  # noqa: E731
    names = ("opened", "closed", "ended", "stepped", "attempted")
    stack.enter_context(mock.patch.multiple(tallies, **dict.fromkeys(names, nothing)))
    names = ("count", "visit", "add_up")
    stack.enter_context(mock.patch.multiple(Batch, **dict.fromkeys(names, nothing)))
    names = ("line", "request")
    stack.enter_context(
        mock.patch.multiple(Memory, **dict.fromkeys(names, nothing), opened=lambda *_: 1)
    )
    return stack


def written(folder: Path, jobs: Sequence[r.Commit], *, alone: bool) -> float:
    """Seconds of processor time that the commits take, queued at once or each after the other."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        path = Path(home) / "ledger.db"
        with Ledger.open(path) as ledger:
            start = time.process_time()
            if alone:
                for commit in jobs:
                    ledger.write(commit).result()
            else:
                futures = [ledger.write(commit) for commit in jobs]
                for future in futures:
                    future.result()
            return time.process_time() - start


def cost(home: Path, rounds: int) -> None:
    """Processor time of the record's writes with the roll-ups and without, in turns."""
    patterns, _ = province.played(home / "played")
    for name, calls, alone in (("grouped", 4_000, False), ("alone", 250, True)):
        jobs = commits(patterns, calls)
        times: dict[bool, list[float]] = {True: [], False: []}
        for n in range(2 * rounds):
            rolled = n % 2 == 0
            with ExitStack() if rolled else without():
                times[rolled].append(written(home, jobs, alone=alone))
        with_, bare = (statistics.median(times[rolled]) / len(jobs) for rolled in (True, False))
        print(
            f"cost, {name}: {with_ * 1e6:.1f} us a step with, {bare * 1e6:.1f} without: "
            f"{(with_ / bare - 1) * 100:+.1f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--home", type=Path, help="where the day is kept")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the cost's comparison")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        print(f"{options.calls:,} calls; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        path = built(home, options.calls)
        for job in (rebuild, compare, repeats, reports, ledger_reads, behind, walks, trails):
            measured(job, path)
        cost(home, options.rounds)


if __name__ == "__main__":
    main()
