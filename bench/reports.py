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
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import province, rollup_cost
from ledger.ledger import Ledger

CALLS = 8_000_000
STEPS_PER_CALL = 3.75
REPEATED = 5
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
    """Puts what the rows give into the roll-ups; then every row must be counted."""
    with Ledger.open(path, province.ZONE) as ledger:
        start = time.perf_counter()
        put = ledger.replace_counts()
        took = time.perf_counter() - start
        counted = [ledger.counts(())[0].n, ledger.visits(())[0].n]
        for n, tables in zip(
            counted, (("requests", "call_ends"), ("steps", "attempts")), strict=True
        ):
            assert n == sum(ledger._first(f"SELECT COUNT(*) FROM {t}")[0] for t in tables), tables
        return {"s": took, "sums put right": put, "rows": sum(counted)}


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
    status = Path("/proc/self/status").read_text()  # getrusage would have the parent's peak in it
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
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
        rollup_cost.cost(home, options.rounds)


if __name__ == "__main__":
    main()
