"""How often trials, control charts and tuning cry wolf: `python -m bench.false_alarms [--write]`.

`--write` puts the figures into docs/statistics.md, with the commit that they were taken at. With
the default of 2,000 runs (`--runs`) it takes some minutes.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import charted, reordered, simulated
from bench.simulated import GUARDS, Population
from reports import stats
from reports.interval import wilson
from tuning.trial import ENOUGH

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/statistics.md"
SHARES = (0.1, 0.2, 0.5)
Z95 = 1.959963984540054


def rate(n: int, of: int) -> str:
    """A share of runs with its 95 % interval."""
    low, high = wilson(n, of)
    return f"{100 * n / of:.2f} % ({100 * low:.2f}–{100 * high:.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


# -- trials without a difference -------------------------------------------------------------------


class Stops(NamedTuple):
    """In how many of the runs harmless candidates were stopped: by guard, by any; and misjudged."""

    by_guard: tuple[int, ...]
    any: int
    either_way: int  # the first guard, also for a better candidate


def harmless(share: float, runs: int, who: Population, seed: int) -> tuple[Stops, Stops]:
    """Trials of versions that are alike, looked at whenever there is a look, and once a day."""
    rng = np.random.default_rng(seed)
    looks = (slice(None), slice(who.looks - 1, None, who.looks))
    harm = np.zeros((len(looks), runs, len(GUARDS)), bool)
    better = np.zeros((len(looks), runs), bool)
    for n in range(runs):
        run = simulated.course(rng, who, share)
        for guard, met in enumerate(run.met):
            worse, otherwise = simulated.verdicts(run.entered, met)
            for which, look in enumerate(looks):
                harm[which, n, guard] = worse[look].any()
                if guard == 0:
                    better[which, n] = otherwise[look].any()
    found = [
        Stops(
            tuple(int(each) for each in harm[which].sum(0)),
            int(harm[which].any(1).sum()),
            int((harm[which, :, 0] | better[which]).sum()),
        )
        for which in range(len(looks))
    ]
    return found[0], found[1]


class Naive(NamedTuple):
    """False stops of what one might do instead."""

    z_test: int
    every_failure: int
    equal_shares: int


def naive(share: float, runs: int, who: Population, seed: int) -> Naive:
    """Looked at once a day: a z-test of all failures, E of all failures, E without the shares."""
    rng = np.random.default_rng(seed)
    found = [0, 0, 0]
    calls = simulated.shape(1)
    for _ in range(runs):
        run = simulated.course(rng, who, share)
        failed = tuple(each.cumsum() for each in run.every)
        of = tuple(rng.poisson(calls * total).cumsum() + 1 for total in run.calls)
        pooled = (failed[0] + failed[1]) / (of[0] + of[1])
        spread = np.sqrt(pooled * (1 - pooled) * (1 / of[0] + 1 / of[1])) + 1e-12
        z = (failed[1] / of[1] - failed[0] / of[0]) / spread
        found[0] += bool((np.abs(z) > Z95).any())
        entered = simulated.daily(run.entered, who.looks)
        found[1] += bool((simulated.ln_evidence(entered, failed) >= np.log(ENOUGH)).any())
        first = simulated.daily(run.met[0], who.looks)
        equal = (entered[0] + entered[1], entered[0] + entered[1])
        found[2] += bool((simulated.ln_evidence(equal, first) >= np.log(ENOUGH)).any())
    return Naive(*found)


def _alarms(runs: int, who: Population) -> Iterator[str]:
    yield (
        f"Stops of harmless candidates, {runs} trials of {simulated.DAYS} days each, "
        f"{who.subscribers} subscribers, most of whom come:"
    )
    yield ""
    rows = []
    for n, share in enumerate(SHARES):
        found = harmless(share, runs, who, 100 + n)
        for looked, stops in zip(("every minute", "once a day"), found, strict=True):
            rows.append(
                [
                    f"{100 * share:.0f} %", looked, *(rate(each, runs) for each in stops.by_guard),
                    rate(stops.any, runs), rate(stops.either_way, runs),
                ]
            )  # fmt: skip
    head = ("share", "looked at", *GUARDS, "any guard", "`failure`, worse or better")
    yield from table(head, rows)
    yield ""
    yield (
        f"The same trials judged otherwise, {runs} each, looked at once a day: a two-sided z-test "
        "at 5 % of all failures; E of every failure instead of each subscriber's first; E with "
        "equal shares in the null:"
    )
    yield ""
    rows = []
    for n, share in enumerate(SHARES):
        other = naive(share, runs, who._replace(looks=24), 200 + n)
        rows.append([f"{100 * share:.0f} %", *(rate(each, runs) for each in other)])
    yield from table(("share", "daily z-test", "every failure", "equal shares"), rows)


# -- trials with a difference ----------------------------------------------------------------------


class Power(NamedTuple):
    """How soon a difference is shown: days, and subscribers entered by then."""

    shown: int
    days: list[float]
    entered: list[int]


def power(share: float, worse: float, runs: int, who: Population, seed: int) -> Power:
    """Trials of a candidate with `worse` times the failures, looked at every hour."""
    rng = np.random.default_rng(seed)
    days, entered = [], []
    for _ in range(runs):
        run = simulated.course(rng, who, share, worse)
        look = simulated.first_look(run.entered, run.met[0], harm=worse > 1)
        if look is not None:
            days.append((look + 1) / who.looks)
            entered.append(int(run.entered[0][look] + run.entered[1][look]))
    return Power(len(days), days, entered)


def _power(runs: int, who: Population) -> Iterator[str]:
    yield f"Trials of a candidate that is worse or better, {runs} each, looked at every hour:"
    yield ""
    rows = []
    for n, changed in enumerate((0.05, 0.0086)):
        for m, share in enumerate(SHARES):
            found = power(share, changed / 0.0256, runs, who._replace(looks=24), 300 + 10 * n + m)
            days = sorted([*found.days, *[float("inf")] * (runs - found.shown)])
            rows.append(
                [
                    f"2.56 % → {100 * changed:.2f} %",
                    f"{100 * share:.0f} %",
                    rate(found.shown, runs),
                    f"{statistics.median(days):.1f}",
                    f"{days[int(0.9 * runs)]:.1f}",
                    f"{statistics.median(found.entered):.0f}",
                ]
            )
    head = ("failures", "share", "shown", "days, median", "days, 90 %", "subscribers, median")
    yield from table(head, rows)


# -- control charts --------------------------------------------------------------------------------

BASELINES = (20, 60)


def _control(runs: int) -> Iterator[str]:
    yield (
        f"False alarms of control charts, {runs} of each: a baseline of 20 or 60 days, then "
        f"{charted.WATCHED} days of the same hotline, looked at one by one; some 4,000 requests a "
        "day, 2.56 % of which fail, where nothing else is said. Of the days, and of the charts:"
    )
    yield ""
    rows = []
    for world in charted.WORLDS:
        for baseline_days in BASELINES:
            found = charted.alarms(world, baseline_days, runs)
            rows.append(
                [
                    world.name,
                    str(baseline_days),
                    *(rate(n, found.days) for n in (found.plain, found.beyond, found.one_side)),
                    *(rate(n, found.charts) for n in (found.any_beyond, found.any_one_side)),
                ]
            )
    head = (
        "hotline", "baseline", "plain p", "Laney's p'", f"{stats.RUN} on one side",
        "any beyond p'", f"any {stats.RUN} on one side",
    )  # fmt: skip
    yield from table(head, rows)


# -- tuning ----------------------------------------------------------------------------------------


def _tuning(weeks: int) -> Iterator[str]:
    yield (
        "Weeks in which some menu of the shipped site was changed though its order was the best, "
        f"{weeks} of each; how many would have been if chance were left out of account; and menus. "
        "Counted: wrap-up codes / requests by text / requests by key:"
    )
    yield ""
    rows = []
    for wish in reordered.BEST:
        for asking in reordered.ASKING:
            found = reordered.changed(wish, asking, weeks, 400)
            figures = (found.weeks, weeks), (found.unguarded, weeks), (found.menus, found.of)
            rows.append([wish.name, str(asking), *(rate(n, of) for n, of in figures)])
    head = ("wanted, for its length", "counted", "weeks", "unchecked", "menus")
    yield from table(head, rows)
    yield ""
    yield (
        f"Where other orders are better, {weeks // 5} weeks of each: how much of what the best "
        "orders of all menus would spare the proposed ones do."
    )
    yield ""
    rows = []
    for wish in reordered.WORSE:
        for asking in reordered.ASKING:
            spared = sorted(reordered.spared(wish, asking, weeks // 5, 500))
            at = (statistics.mean(spared), spared[len(spared) // 20])
            rows.append([wish.name, str(asking), *(f"{100 * each:.1f} %" for each in at)])
    head = ("wanted, for its length", "counted", "spared, mean", "in 19 of 20 weeks at least")
    yield from table(head, rows)


# -- into the document -----------------------------------------------------------------------------


def put(text: str, part: str, lines: Sequence[str]) -> str:
    """The document with a part's lines put between its marks."""
    marks = rf"(<!-- taken: {part} -->\n).*?(<!-- end -->)"
    new, n = re.subn(marks, lambda m: m[1] + "\n".join(lines) + "\n" + m[2], text, flags=re.DOTALL)
    if n != 1:
        raise ValueError(f"no part {part} in the document")
    return new


def _commit() -> str:
    told = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(told, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="put the figures into the document")
    parser.add_argument("--part", choices=("trial", "control", "tune"), help="only these figures")
    options = parser.parse_args()
    taken = f"Taken at commit `{_commit()}`. In brackets: 95 % Wilson intervals."
    who, begun = Population(), time.monotonic()
    parts = {
        "trial": lambda: [*_alarms(options.runs, who), "", *_power(options.runs // 2, who)],
        "control": lambda: list(_control(options.runs)),
        "tune": lambda: list(_tuning(options.runs // 2)),
    }
    for part, take in parts.items():
        if options.part not in (None, part):
            continue
        lines = [taken, "", *take()]
        print(f"== {part}", *lines, sep="\n")
        if options.write:
            DOCUMENT.write_text(put(DOCUMENT.read_text("utf-8"), part, lines), "utf-8")
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
