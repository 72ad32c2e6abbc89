"""How often the control chart cries wolf: days on which nothing happened, simulated.

Calls cluster: callers call in a heavy-tailed way and each fails at a rate of its own, and days
differ by more than chance. `python tests/control_sim.py` prints the table of docs/reports.md.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

from reports import stats
from reports.layout import Ratio

WATCHED = 30
"""Days that are looked at, one by one, after the baseline."""


class World(NamedTuple):
    """Days without any event: requests a day, their rate, how much days and callers differ."""

    name: str
    of: int
    rate: float = 0.0256
    days: float = 0.0  # standard deviation of the log of a day's rate
    heavy: bool = False  # callers with many calls, each with a rate of its own


WORLDS = (
    World("chance alone", 4000),
    World("days differ", 4000, days=0.15),
    World("heavy callers", 4000, heavy=True),
    World("both", 4000, days=0.15, heavy=True),
    World("5 failures a day", 200, 0.025, days=0.15),
    World("2 failures a day", 80, 0.025),
    World("1 failure a day", 40, 0.025),
    World("0.3 failures a day", 12, 0.025),
)


def days(world: World, count: int, chance: np.random.Generator) -> list[Ratio]:
    """So many days of a world, with about as many requests each."""
    sizes = chance.poisson(world.of, count).clip(1)
    rates = world.rate * np.exp(world.days * chance.standard_normal(count) - world.days**2 / 2)
    if not world.heavy:
        bad = chance.binomial(sizes, rates.clip(0, 1))
        return [Ratio(int(n), int(of)) for n, of in zip(bad, sizes, strict=True)]
    return [_clustered(int(of), rate, chance) for of, rate in zip(sizes, rates, strict=True)]


def _clustered(of: int, rate: float, chance: np.random.Generator) -> Ratio:
    calls = np.minimum(chance.zipf(2.2, of), 60)
    calls = calls[: int(np.searchsorted(np.cumsum(calls), of)) + 1]
    own = chance.beta(rate * 8, (1 - rate) * 8, calls.size)
    return Ratio(int(chance.binomial(calls, own).sum()), int(calls.sum()))


class Alarms(NamedTuple):
    """Of the watched days: the share that gave each signal, and of the runs, any at all."""

    beyond: float
    one_side: float
    plain: float  # beyond the limits of a plain p-chart
    any_beyond: float
    any_one_side: float


def alarms(world: World, baseline_days: int, runs: int, seed: int = 1) -> Alarms:
    """Simulated runs: a frozen baseline, then WATCHED days on which nothing happens."""
    chance = np.random.default_rng(seed)
    sums = np.zeros(5)
    for _ in range(runs):
        points = days(world, baseline_days + WATCHED, chance)
        try:
            base = stats.baseline(points[:baseline_days])
        except ValueError:
            continue  # not one failure: there is no chart
        watched = points[baseline_days:]
        found = stats.signals(watched, base)
        beyond = sum(not {stats.ABOVE, stats.BELOW}.isdisjoint(why) for why in found)
        one_side = sum(stats.ONE_SIDE in why for why in found)
        plain = stats.signals(watched, base._replace(sigma_z=1.0))
        narrow = sum(not {stats.ABOVE, stats.BELOW}.isdisjoint(why) for why in plain)
        sums += (beyond, one_side, narrow, beyond > 0, one_side > 0)
    shares = sums / runs / np.array([WATCHED, WATCHED, WATCHED, 1, 1])
    return Alarms(*map(float, shares))


def table(runs: int) -> list[str]:
    """The table of docs/reports.md."""
    lines = [
        "| days without an event | baseline | plain p | p' | runs of 9 | any p' | any run of 9 |",
        "|---|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        for baseline_days in (20, 60):
            found = alarms(world, baseline_days, runs)
            cells: list[Any] = [world.name, baseline_days]
            shares = (found.plain, found.beyond, found.one_side)
            cells += [f"{100 * share:.2f} %" for share in shares]
            cells += [f"{100 * share:.0f} %" for share in (found.any_beyond, found.any_one_side)]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
