"""What is known of a menu's demand, and so of what another order saves: Gamma-Poisson.

Each option's demand is a Poisson rate. What was counted is `k = (weight/error)^2` events in an
exposure of `weight/error^2`, which is what a count, a blend of decayed counts, or a sum of either
comes to. The prior holds that no order is better than today's: demand in proportion to what an
announcement costs, so that all ratios w/d are equal. How strongly it holds is weighed by the data
(its strength has a flat prior in logarithm, up to a thousand times the data), so that chance among
options that are as good as each other is not taken for a reason, while real differences are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

DRAWS = 4000
_GRID = 25
_EXACT = 1e-6
"""The relative error of a demand that is given without one."""


class Wanted(NamedTuple):
    """A demand with its standard error, in any unit."""

    weight: float
    error: float

    @property
    def events(self) -> float:
        """How many counted events it is as good as."""
        error = max(self.error, self.weight * _EXACT)
        return (self.weight / error) ** 2 if self.weight else 0


def together(parts: Sequence[Wanted]) -> Wanted:
    """The demand of several at once."""
    return Wanted(sum(p.weight for p in parts), math.hypot(*(p.error for p in parts)))


def shares(wanted: Sequence[Wanted], indifferent: Sequence[float], rng: Any) -> Any:
    """Draws of the options' shares of demand: an array of DRAWS rows.

    `indifferent` are the weights at which no order is better than another, in any unit; `rng` is
    numpy's Generator. All options without demand: shares as the prior has them.
    """
    import numpy as np

    weights = np.array([w.weight for w in wanted], float)
    events = np.array([w.events for w in wanted], float)
    prior = np.array(indifferent, float)
    prior /= prior.sum()
    whole = weights.sum()
    if not whole:
        return np.tile(prior, (DRAWS, 1))
    exposure = exposures(wanted)
    strengths, chances = _strengths(events, exposure, prior, whole)
    chosen = rng.choice(len(strengths), DRAWS, p=chances)
    alpha = strengths[:, None] * prior
    beta = strengths[:, None] / whole
    rates = rng.gamma((alpha + events)[chosen]) / (beta + exposure)[chosen]
    return rates / rates.sum(axis=1, keepdims=True)


def exposures(wanted: Sequence[Wanted]) -> Any:
    """In how much each option's events were counted: as many for each unit of its demand.

    Where nothing was counted, as much as for all the others; 1 when there are none.
    """
    import numpy as np

    weights = np.array([w.weight for w in wanted], float)
    events = np.array([w.events for w in wanted], float)
    common = events.sum() / weights.sum() if weights.any() else 1
    return np.where(weights > 0, events / np.where(weights > 0, weights, 1), common)


def _strengths(events: Any, exposure: Any, prior: Any, whole: float) -> tuple[Any, Any]:
    """How strong the prior may be, as pseudo-events, and how likely the data make each."""
    import numpy as np
    from scipy.special import gammaln

    n = max(float(events.sum()), 1.0)
    strengths = np.geomspace(len(events), max(1000 * n, 2.0 * len(events)), _GRID)
    alpha = strengths[:, None] * prior
    beta = strengths[:, None] / whole
    likely = (
        gammaln(alpha + events)
        - gammaln(alpha)
        + alpha * np.log(beta)
        - (alpha + events) * np.log(beta + exposure)
    ).sum(axis=1)
    chances = np.exp(likely - likely.max())
    return strengths, chances / chances.sum()


class Interval(NamedTuple):
    """A mean with its 5 % and 95 % quantiles."""

    mean: float
    low: float
    high: float


def interval(draws: Any) -> Interval:
    """The mean and the quantiles of draws."""
    import numpy as np

    low, high = np.quantile(draws, (0.05, 0.95))
    return Interval(float(draws.mean()), float(low), float(high))


def rate(events: float, exposure: float, rng: Any) -> Any:
    """Draws of a rate of which so many events were counted in that exposure (Jeffreys' prior).

    Zeros where there was no exposure: nothing is known, and nothing is claimed.
    """
    import numpy as np

    if exposure <= 0:
        return np.zeros(DRAWS)
    return rng.gamma(events + 0.5, size=DRAWS) / exposure
