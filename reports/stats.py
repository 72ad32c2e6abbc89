"""The statistics of reports, tuning and trials: thin, typed wrappers over statsmodels and scipy.

What a closed formula says is plain Python (limits of control charts, mix and rate); the rest
imports the extra `analysis` when it is called. Shares are 0 to 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.interval import wilson
from reports.layout import Ratio, Word

__all__ = ["wilson"]  # the same interval for those who have the extra and those who don't

# -- intervals and sizes ---------------------------------------------------------------------------


def jeffreys(n: int, of: int) -> tuple[float, float]:
    """Jeffreys' 95 % interval: quantiles of Beta(n + 1/2, of - n + 1/2), also at 0 and at `of`."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(n, of, method="jeffreys")
    return float(low), float(high)


def size_per_arm(p1: float, p2: float, power: float = 0.8) -> int:
    """How many requests each arm needs to see the change from p1 to p2, two-sided at 5 %.

    Raises ValueError for p1 = p2: no number of requests shows that.
    """
    if p1 == p2:
        raise ValueError("no change to see: p1 = p2")
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    size = samplesize_proportions_2indep_onetail(p2 - p1, p1, power, alternative="two-sided")
    return math.ceil(float(size))


# -- two rates -------------------------------------------------------------------------------------

_LEAST_EXPECTED = 5
"""Expected counts below this make the score test's normal curve a poor one: Fisher's is exact."""


class Difference(NamedTuple):
    """Rate b less rate a: with Newcombe's 95 % interval, and the chance `p` of one as large."""

    value: float
    low: float
    high: float
    p: float
    exact: bool  # Fisher's test, else the score test


def difference(a: Ratio, b: Ratio) -> Difference:
    """How far two rates of independent requests are apart. Raises ValueError for 0 of 0.

    Requests of one subscriber are not independent, so the interval is somewhat too narrow and p
    somewhat too small: a report that shows them says so.
    """
    import numpy as np
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

    if not (a.of and b.of):
        raise ValueError("a rate of nothing")
    failed, whole = a.n + b.n, a.of + b.of
    low, high = confint_proportions_2indep(b.n, b.of, a.n, a.of, method="newcomb", compare="diff")
    expected = min(failed, whole - failed) * min(a.of, b.of) / whole
    exact = expected < _LEAST_EXPECTED
    if exact:
        p = fisher_exact([[a.n, a.of - a.n], [b.n, b.of - b.n]]).pvalue
    else:
        with np.errstate(divide="ignore"):  # of the ratio, which is not asked for
            p = test_proportions_2indep(b.n, b.of, a.n, a.of, method="score", compare="diff").pvalue
    return Difference(b.n / b.of - a.n / a.of, float(low), float(high), float(p), exact)


def adjusted(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's: below 0.05 are those of which one in twenty is false."""
    found = [1.0] * len(ps)
    least = 1.0
    for rank, n in enumerate(sorted(range(len(ps)), key=lambda n: -ps[n])):
        least = min(least, ps[n] * len(ps) / (len(ps) - rank))
        found[n] = least
    return found


# -- control charts --------------------------------------------------------------------------------

_D2 = 1.128
"""The mean range of two standard normal values: from moving ranges to a sigma."""
LEAST_EXPECTED = 2
"""Failures that a day must let expect: at 0.3 one day in twenty would be a false alarm."""
RUN = 9
"""So many points in a row on one side of the centre are a signal (Nelson's second rule)."""

ABOVE = Word("above", "高于上限", "above the limit")
BELOW = Word("below", "低于下限", "below the limit")
ONE_SIDE = Word("one_side", f"连续{RUN}点在中心线同侧", f"{RUN} in a row on one side")


class Baseline(NamedTuple):
    """What a frozen period says of the days to come: the centre and the spread of days.

    `sigma_z` is 1 when days differ as much as chance alone makes them (Laney 2002).
    """

    centre: float
    sigma_z: float

    def limits(self, of: int) -> tuple[float, float]:
        """Laney's p' limits for a day of so many requests: three sigma, within 0 and 1."""
        half = 3 * self.sigma(of) * self.sigma_z
        return max(0.0, self.centre - half), min(1.0, self.centre + half)

    def sigma(self, of: int) -> float:
        """The binomial sigma of a day's rate."""
        return math.sqrt(self.centre * (1 - self.centre) / of)

    def judges(self, of: int) -> bool:
        """Whether a day of so many requests can be judged: below, limits alarm too often."""
        return of * min(self.centre, 1 - self.centre) >= LEAST_EXPECTED


def baseline(points: Sequence[Ratio]) -> Baseline:
    """The baseline of a period's points, each with requests.

    Raises ValueError with fewer than two points that can be judged, and when none or all failed:
    then days have no spread that could be told from chance.
    """
    failed, whole = sum(point.n for point in points), sum(point.of for point in points)
    plain = Baseline(failed / whole if whole else 0.0, 1.0)
    judged = [point for point in points if plain.judges(point.of)]
    if len(judged) < 2:
        raise ValueError("no baseline in these points")
    z = [(point.n / point.of - plain.centre) / plain.sigma(point.of) for point in judged]
    ranges = [abs(after - before) for before, after in itertools.pairwise(z)]
    return plain._replace(sigma_z=sum(ranges) / len(ranges) / _D2)


def signals(points: Sequence[Ratio], base: Baseline) -> list[tuple[Word, ...]]:
    """For each point its signals: ABOVE or BELOW, and ONE_SIDE from the RUNth of a run on.

    A point that can't be judged gives none, and neither breaks a run nor lengthens it.
    """
    found: list[tuple[Word, ...]] = []
    run, side = 0, 0
    for point in points:
        if not base.judges(point.of):
            found.append(())
            continue
        share = point.n / point.of
        low, high = base.limits(point.of)
        here = (share > base.centre) - (share < base.centre)
        run = run + 1 if here and here == side else abs(here)
        side = here
        given = {ABOVE: share > high, BELOW: share < low, ONE_SIDE: run >= RUN}
        found.append(tuple(word for word, holds in given.items() if holds))
    return found


# -- mix and rate ----------------------------------------------------------------------------------


class Effects(NamedTuple):
    """What a group adds to the change of a rate, as shares: by its weight, by its own rate."""

    mix: float
    rate: float


def kitagawa(a: Mapping[str, Ratio], b: Mapping[str, Ratio]) -> dict[str, Effects]:
    """Splits the change from a's rate to b's over groups (Kitagawa 1955); the parts add up to it.

    A group's mix effect is measured against the mean rate: more requests where more than the
    average fail. A group that only one side has differs in weight alone, so all of its part is
    mix. Raises ValueError when a side has no requests.
    """
    whole = [sum(group.of for group in side.values()) for side in (a, b)]
    if not all(whole):
        raise ValueError("a rate of nothing")
    mean = (
        sum(
            sum(group.n for group in side.values()) / of
            for side, of in zip((a, b), whole, strict=True)
        )
        / 2
    )
    effects = {}
    for name in sorted({*a, *b}):
        sides = [side.get(name, Ratio(0, 0)) for side in (a, b)]
        rates = [group.n / group.of for group in sides if group.of]
        if not rates:
            continue
        before, after = rates[0], rates[-1]  # the same where only one side has the group
        weights = [group.of / of for group, of in zip(sides, whole, strict=True)]
        effects[name] = Effects(
            (weights[1] - weights[0]) * ((before + after) / 2 - mean),
            (after - before) * sum(weights) / 2,
        )
    return effects
