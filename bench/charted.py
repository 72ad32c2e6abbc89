"""Control charts of days on which nothing happened, simulated: how often they cry wolf.

Calls cluster: callers call in a heavy-tailed way and each fails at a rate of its own, and days
differ by more than chance. `python -m bench.false_alarms` prints the figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reports import stats
from reports.layout import Ratio, Word

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
    World("days differ by chance alone", 4000),
    World("days differ by 15 % more", 4000, days=0.15),
    World("heavy callers", 4000, heavy=True),
    World("heavy callers, days differ by 15 %", 4000, days=0.15, heavy=True),
    World("5 failures a day, days differ by 15 %", 200, 0.025, days=0.15),
    World("3 failures a day", 120, 0.025),
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
    """How many of the watched days, and of the charts, gave each signal."""

    days: int
    plain: int  # beyond the limits of a plain p-chart
    beyond: int
    one_side: int
    charts: int
    any_beyond: int
    any_one_side: int


def alarms(world: World, baseline_days: int, runs: int, seed: int = 1) -> Alarms:
    """Simulated charts: a frozen baseline, then WATCHED days, looked at one by one."""
    chance = np.random.default_rng(seed)
    sums = Alarms(0, 0, 0, 0, 0, 0, 0)
    for _ in range(runs):
        points = days(world, baseline_days + WATCHED, chance)
        try:
            base = stats.baseline(points[:baseline_days])
        except ValueError:
            continue  # too few failures a day: there is no chart
        watched = points[baseline_days:]
        found = stats.signals(watched, base)
        beyond, one_side = _given(found, stats.ABOVE, stats.BELOW), _given(found, stats.ONE_SIDE)
        plain = _given(stats.signals(watched, base._replace(sigma_z=1.0)), stats.ABOVE, stats.BELOW)
        seen = (WATCHED, plain, beyond, one_side, 1, bool(beyond), bool(one_side))
        sums = Alarms(*map(sum, zip(sums, seen, strict=True)))
    return sums


def _given(found: list[tuple[Word, ...]], *which: Word) -> int:
    return sum(not set(which).isdisjoint(why) for why in found)
