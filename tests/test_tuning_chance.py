"""What chance makes the best order seem to save; and that menus are not changed for it."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from bench.reordered import ASKING, BEST, FEW, REPEATED, TIED, WORSE, Asking, Wish, changed, spared
from tuning.chance import by_chance, indifferent
from tuning.lineup import Exponential, Lineup, Option, cost
from tuning.posterior import Wanted

PATIENCE = Exponential(0.02)


def lineup_of(weights: list[float], *, pinned: bool = False) -> Lineup:
    """A menu of options wanted so much, unequally long, some of whose callers know their keys."""
    options = tuple(
        Option(str(n), w, 1.5 + n % 3, 1 - 0.1 * (n % 2), 1.0 + 0.1 * (n == 1))
        for n, w in enumerate(weights)
    )
    pins = {"0": 0, str(len(options) - 1): -1} if pinned else {}
    return Lineup(options, 2, pins, barge_in=0.8)


def guarded(
    lineup: Lineup, events: float, survival: Exponential | None = None, false: float = 0.05
) -> float:
    """What chance shows where so many events were counted of all that is wanted."""
    whole = sum(option.w for option in lineup.options)
    unit = whole / events
    wanted = [(o, Wanted(o.w, math.sqrt(o.w * unit))) for o in lineup.options]
    return by_chance(lineup, wanted, survival, false, np.random.default_rng(1))


def seems(lineup: Lineup, weights: list[float], survival: Exponential | None) -> float:
    """What the best of all orders seems to save on counts like these; every order is tried."""
    told = lineup._replace(
        options=tuple(o._replace(w=w) for o, w in zip(lineup.options, weights, strict=True))
    )
    fixed = set(lineup.pins)
    least = min(
        cost(told, ids, survival)
        for ids in permutations(told.ids)
        if all(ids[int(id_)] == id_ for id_ in fixed)
    )
    return cost(told, told.ids, survival) - least


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("survival", [None, PATIENCE])
def test_it_is_exceeded_as_often_as_is_said(survival: Exponential | None, pinned: bool) -> None:
    """Where all orders are alike, every order of many counts is tried: about one in ten is over."""
    lineup = lineup_of([1, 1, 1, 1], pinned=pinned)
    even = indifferent(lineup.options, survival)
    lineup = lineup._replace(
        options=tuple(o._replace(w=w) for o, w in zip(lineup.options, even, strict=True))
    )
    whole, events = sum(even), 200
    limit = guarded(lineup, events, survival, false=0.1)
    unit = survival.rate if survival is not None else 1
    rng, over, runs = np.random.default_rng(2), 0, 1500
    for _ in range(runs):
        counts = rng.poisson(np.array(even) / whole * events) / events
        over += seems(lineup, counts.tolist(), survival) / unit > limit
    assert 0.07 < over / runs < 0.13


def test_fewer_counts_leave_more_to_chance() -> None:
    """As the square root of what was counted; where it is all known, chance does nothing."""
    lineup = lineup_of([3, 3, 3, 3, 3])
    few, many = guarded(lineup, 100), guarded(lineup, 10_000)
    assert few / many == pytest.approx(10, rel=0.25)
    assert guarded(lineup, 1e12) < 1e-4


def test_what_today_has_in_its_place_leaves_less_to_chance() -> None:
    """Lines far apart can't change places by chance; those in the wrong order count as alike."""
    apart = guarded(lineup_of([81, 27, 9, 3, 1]), 200)
    alike = guarded(lineup_of([9, 9, 9, 9, 9]), 200)
    wrong = guarded(lineup_of([1, 3, 9, 27, 81]), 200)
    assert apart < 0.2 * alike
    assert wrong > 0.5 * alike


def test_pins_leave_less_to_chance() -> None:
    """What is pinned to an end is in no other order; with one line left there is no choice."""
    assert guarded(lineup_of([5] * 5, pinned=True), 100) < guarded(lineup_of([5] * 5), 100)
    assert guarded(lineup_of([5] * 3, pinned=True), 100) == 0
    assert by_chance(lineup_of([0, 0]), [], None, 0.05, np.random.default_rng(1)) == 0


# -- weeks of a whole site ------------------------------------------------------------------------


def test_chance_is_no_reason() -> None:
    """Three menus' lines alike and a cold one behind: without the check every third week errs."""
    found = changed(TIED, FEW, 25, 1)
    assert found.unguarded > 4
    assert found.weeks <= 2


def test_a_better_order_is_found_all_the_same() -> None:
    """Most of what could be spared is, with some hundred wrap-up codes; with more nearly all."""
    assert min(spared(WORSE[1], FEW, 5, 2)) > 0.6
    assert min(spared(WORSE[1], ASKING[-1], 3, 2)) > 0.98


@pytest.mark.soak
@pytest.mark.parametrize("asking", ASKING, ids=str)
@pytest.mark.parametrize("wish", BEST, ids=lambda wish: wish.name)
def test_a_thousand_weeks(wish: Wish, asking: Asking) -> None:
    """Where today's orders are the best at most one week in twenty changes any menu."""
    found = changed(wish, asking, 1000, 3)
    assert found.weeks <= (80 if asking is REPEATED else 65), found
