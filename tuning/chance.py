"""What the best of all orders would seem to save by chance alone.

Whoever tries many orders on few counts finds one that looks better, even where none is. So it is
simulated how much better: the demand that fits the counts best among all under which today's order
is the best (isotonic regression: what is announced later is wanted no more, for its length) is
counted again and again, as often as the real one was, and each time the order is looked for that
is best for those counts. Only a saving that chance hardly ever reaches is believed (the reality
check of White, A Reality Check for Data Snooping, Econometrica 68, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuning.lineup import Exponential, Lineup, Option
from tuning.posterior import DRAWS, Wanted, exposures

FALSE = 0.05
"""How often a site's proposal may change any menu where today's orders are the best."""
_LEAST = 0.05  # of an option's callers listen, or it would have to be wanted without bounds


def indifferent(options: Sequence[Option], survival: Exponential | None) -> list[float]:
    """A demand, in any unit, under which all orders of these options are equally good."""
    return [_price(o, survival) / max(_hearing(o, survival), _LEAST) for o in options]


def _price(option: Option, survival: Exponential | None) -> float:
    """What an announcement costs those behind it; with patience see `closed`."""
    return option.d if survival is None else 1 / survival(option.d) - 1


def _hearing(option: Option, survival: Exponential | None) -> float:
    """How often the callers of an option hear it."""
    return option.listens * (option.hearings if survival is None else 1)


def by_chance(
    lineup: Lineup,
    wanted: Sequence[tuple[Option, Wanted]],
    survival: Exponential | None,
    false: float,
    rng: Any,
) -> float:
    """The seconds a call that the best order seems to save where today's is the best.

    Exceeded with the probability `false`. `wanted` are the options that have a choice's line, with
    their demand. Of the rules of order only pins to the beginning and to the end are looked at:
    the fewer orders may be chosen from, the less chance does. With `survival` they are the seconds
    that keep as many callers. `rng` is numpy's Generator.
    """
    import numpy as np
    from scipy.optimize import isotonic_regression

    first, last = lineup.ends
    exposure = exposures([w for _, w in wanted])
    free = [n for n, (option, _) in enumerate(wanted) if option.id not in (*first, *last)]
    whole = sum(w.weight for _, w in wanted)
    if not whole or len(free) < 2:
        return 0
    options, exposure = [wanted[n][0] for n in free], exposure[free]
    even = np.array(indifferent(options, survival))
    weights = np.array([wanted[n][1].weight for n in free])
    fitted = isotonic_regression(weights / even, weights=even * exposure, increasing=False).x
    counted = rng.poisson(fitted * even * exposure, (DRAWS, len(free))) / exposure
    hearing = np.array([_hearing(option, survival) for option in options])
    lengths = np.array([option.d for option in options])
    begin = lineup.intro + sum(option.d for option in lineup.options if option.id in first)

    def seconds(order: Any) -> Any:
        times = begin + np.cumsum(lengths[order], axis=1)
        if survival is not None:
            times = -np.expm1(-survival.rate * times) / survival.rate
        return (np.take_along_axis(counted * hearing, order, 1) * times).sum(axis=1)

    best = np.argsort(-counted / even, axis=1, kind="stable")
    today = np.broadcast_to(np.arange(len(free)), best.shape)
    seems = lineup.barge_in * (seconds(today) - seconds(best)) / whole
    return float(np.quantile(seems, 1 - false))
