"""The best order of one menu: the worked cases, and every method against brute force."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning import closed
from tuning.lineup import (
    Exponential,
    ImpossibleError,
    Lineup,
    Option,
    cost,
    heard,
    hearings,
    keeps_to,
    keys_of,
)
from tuning.order import best, gap, score, worst
from tuning.subsets import by_subsets

CASES: dict[str, Any] = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "tuning_cases.json").read_text("utf-8"))[
        "cases"
    ]
}


def lineup_of(case: dict[str, Any], **more: Any) -> Lineup:
    """A case's menu."""
    given_ = case["input"]
    return Lineup(
        tuple(Option(id_, o["w"], o["d"]) for id_, o in given_["options"].items()),
        given_.get("intro", 0),
        given_.get("pins", {}),
        before=tuple(map(tuple, given_.get("precedence", ()))),
        barge_in=int(given_.get("barge_in", True)),
        **more,
    )


def demand(lineup: Lineup) -> float:
    """The whole of it."""
    return sum(option.w for option in lineup.options)


def orders(lineup: Lineup) -> list[tuple[str, ...]]:
    """Every order that keeps to the rules, today's first."""
    return [ids for ids in permutations(lineup.ids) if keeps_to(lineup, ids)]


# -- worked cases ---------------------------------------------------------------------------------


def test_c01_ratio_order_score_and_gap() -> None:
    """C01: no pins; ratio order with the stable tie rule, exact mean, gap and order score."""
    case, expected = CASES["C01"], CASES["C01"]["expect"]
    menu = lineup_of(case)
    found = best(menu)
    assert list(found.ids) == expected["optimal_orders"][0]  # ties: declared order
    assert found.rule == "ratio"
    assert found.cost == expected["cost"]
    assert Fraction(found.cost) / demand(menu) == Fraction(expected["mean_seconds"])
    now = cost(menu, case["input"]["today"])
    assert now == expected["today_cost"]
    assert worst(menu).cost == expected["worst_cost"]
    assert gap(Fraction(now), found.cost) == Fraction(expected["gap"])
    exact = (Fraction(now), found.cost, worst(menu).cost)
    assert score(*exact) == Fraction(expected["order_score"])
    assert len(orders(menu)) == expected["permutations"]
    costs = {ids: cost(menu, ids) for ids in orders(menu)}
    cheapest = [list(ids) for ids, value in costs.items() if value == found.cost]
    assert sorted(cheapest) == sorted(expected["optimal_orders"])


def test_c03_a_pin_and_its_price() -> None:
    """C03: the agent's key is last; the rest is in ratio order; the pin has a price."""
    case, expected = CASES["C03"], CASES["C03"]["expect"]
    menu = lineup_of(case)
    found, free = best(menu), best(menu._replace(pins={}))
    assert [list(found.ids)] == expected["optimal_orders"]
    assert found.cost == expected["cost"]
    assert [list(free.ids)] == expected["optimal_orders_without_pin"]
    assert free.cost == expected["cost_without_pin"]
    assert found.cost - free.cost == expected["price_of_pin"]


def test_c05_required_order() -> None:
    """C05: a notice that must come first takes its follower to the front with it."""
    case, expected = CASES["C05"], CASES["C05"]["expect"]
    menu = lineup_of(case)
    found = best(menu)
    assert [list(found.ids)] == expected["optimal_orders"]
    assert found.rule == "chains"
    assert found.cost == expected["cost"]
    naive = expected["naive_order"]
    assert keeps_to(menu, naive)
    assert cost(menu, naive) == expected["naive_cost"]


def test_c07_time_and_survival_want_different_orders() -> None:
    """C07: with exponential patience the order that saves most time does not keep most callers."""
    case, expected = CASES["C07"], CASES["C07"]["expect"]
    menu, patience = lineup_of(case), Exponential(case["input"]["abandon_rate_per_second"])
    assert list(best(menu).ids) == expected["order_min_time"]
    found = best(menu, patience)
    assert list(found.ids) == expected["order_max_success"]

    def success(ids: Any) -> float:
        return 1 - cost(menu, ids, patience) / demand(menu)

    assert success(found.ids) == pytest.approx(expected["success_best"], abs=5e-10)
    by_time = success(expected["order_min_time"])
    assert by_time == pytest.approx(expected["success_min_time_order"], abs=5e-10)


def test_c09_no_barge_in() -> None:
    """C09: who can't interrupt hears all of it; no order is better, and today's stays."""
    case, expected = CASES["C09"], CASES["C09"]["expect"]
    menu = lineup_of(case)
    assert {cost(menu, ids) for ids in orders(menu)} == {expected["cost_every_order"]}
    assert best(menu).ids == menu.ids
    mean = Fraction(best(menu).cost) / demand(menu)
    assert mean == Fraction(expected["mean_seconds"])
    free = menu._replace(barge_in=1)
    assert best(free).cost == expected["with_barge_in_best"]
    assert worst(free).cost == expected["with_barge_in_worst"]
    some = menu._replace(barge_in=Fraction(1, 4))
    assert best(some).ids == best(free).ids
    assert best(some).cost == (free_cost := best(free).cost) / 4 + Fraction(3, 4) * 1350
    assert free_cost == 990


def test_every_case_is_tested() -> None:
    """Each worked case has its test: C11 is with the trees, C14 with the statistics."""
    assert set(CASES) == {"C01", "C03", "C05", "C07", "C09", "C11", "C14"}


# -- brute force ----------------------------------------------------------------------------------

weights = st.integers(0, 40)
lengths = st.integers(1, 12)


@st.composite
def lineups(draw: st.DrawFn, rules: str = "", most: int = 6) -> Lineup:
    """A small menu with whole numbers; `rules` says which kinds of rule it may have."""
    n = draw(st.integers(1, most))
    options = tuple(
        Option(
            f"o{i}",
            draw(weights),
            draw(lengths),
            listens=draw(st.sampled_from((Fraction(1), Fraction(1, 2)))),
            hearings=draw(st.sampled_from((Fraction(1), Fraction(3, 2)))),
            regulars=draw(st.integers(0, 30)),
            key=str(i + 1),
        )
        for i in range(n)
    )
    ids = [option.id for option in options]
    menu = Lineup(options, draw(st.integers(0, 5)))
    if "g" in rules:
        cut = draw(st.lists(st.integers(0, n), min_size=2, max_size=3))
        shuffled = draw(st.permutations(ids))
        cuts = sorted(cut)
        groups = tuple(tuple(shuffled[a:b]) for a, b in pairwise(cuts) if a < b)
        menu = menu._replace(groups=groups)
    if "b" in rules and n > 1:
        shuffled = draw(st.permutations(ids))
        pairs = draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=4))
        menu = menu._replace(
            before=tuple(sorted((shuffled[a], shuffled[b]) for a, b in pairs if a < b))
        )
    if "p" in rules:
        pinned = draw(st.dictionaries(st.sampled_from(ids), st.integers(-n, n - 1), max_size=2))
        menu = menu._replace(pins=pinned)
    if "u" in rules:
        other = [id_ for id_ in ids if id_ not in menu.pins]
        menu = menu._replace(uncounted=draw(st.frozensets(st.sampled_from(other), max_size=2))
                             if other else frozenset())  # fmt: skip
    if "k" in rules:
        keys = tuple(str(i + 1) for i in range(n))
        kept = draw(st.frozensets(st.sampled_from(ids), max_size=2))
        free = tuple(k for k, id_ in zip(keys, ids, strict=True) if id_ not in kept)
        menu = menu._replace(keys=free, kept=kept, relearn=draw(st.integers(0, 9)))
    return menu


def check(menu: Lineup, survival: Any = None) -> None:
    """The best and worst orders found are the best and worst of all orders, or there is none."""
    allowed = orders(menu)
    if not allowed:
        with pytest.raises(ImpossibleError):
            best(menu, survival)
        return
    costs = [cost(menu, ids, survival) for ids in allowed]
    found, dearest = best(menu, survival), worst(menu, survival)
    assert keeps_to(menu, found.ids)
    assert keeps_to(menu, dearest.ids)
    close = pytest.approx if survival is not None else (lambda value: value)
    assert found.cost == close(min(costs))
    assert dearest.cost == close(max(costs))
    if survival is None:
        assert by_subsets(menu) == allowed[costs.index(min(costs))]  # ties: nearest to today's


@given(lineups())
@settings(deadline=None)
def test_ratio_rule(menu: Lineup) -> None:
    """Without rules w/d is exact, and finds of several best orders the one nearest to today's."""
    check(menu)
    assert best(menu).rule == "ratio"
    assert best(menu).ids == by_subsets(menu)


@given(lineups("g"))
@settings(deadline=None)
def test_groups(menu: Lineup) -> None:
    """Groups: the ratio inside each, then between."""
    check(menu)


@given(lineups("b"))
@settings(deadline=None)
def test_required_order(menu: Lineup) -> None:
    """Chains by the best prefix, any other precedence by subsets."""
    check(menu)


@given(lineups("pu"))
@settings(deadline=None)
def test_pins(menu: Lineup) -> None:
    """Pins first, last, in the middle, and such as exclude each other."""
    check(menu)


@given(lineups("gbpku"))
@settings(deadline=None)
def test_all_rules_together(menu: Lineup) -> None:
    """Pins, groups, pairs and the relearning of keys, as far as they can be kept together."""
    check(menu)


@given(lineups("gbpu"), st.sampled_from((0.01, 0.08, 0.5)))
@settings(deadline=None)
def test_exponential_patience(menu: Lineup, rate: float) -> None:
    """The index of patience, for options, groups and chains."""
    check(menu, Exponential(rate))


@given(lineups("gbpk", most=5), st.integers(5, 40))
@settings(deadline=None)
def test_any_patience_curve(menu: Lineup, half: int) -> None:
    """A curve with a memory: hardly anyone leaves at first, then everyone at once."""
    check(menu, lambda seconds: 1 / (1 + math.exp((seconds - half) / 3)))


@given(lineups("k"))
@settings(deadline=None)
def test_new_keys_are_given_in_order(menu: Lineup) -> None:
    """Keys given out anew rise with the announcement but for those that are kept."""
    found = best(menu)
    given_ = keys_of(menu, found.ids)
    assert sorted(given_.values()) == sorted(option.key for option in menu.options)
    fresh = [given_[id_] for id_ in found.ids if id_ not in menu.kept]
    assert fresh == sorted(fresh)
    assert all(given_[o.id] == o.key for o in menu.options if o.id in menu.kept)


def test_keys_that_regulars_know_hold_an_order() -> None:
    """A small gain does not pay for a key that many know; with nobody to relearn it does."""
    options = (Option("a", 10, 3, regulars=8, key="1"), Option("b", 11, 3, regulars=8, key="2"))
    menu = Lineup(options, keys=("1", "2"), relearn=1)
    assert best(menu).ids == ("a", "b")
    assert best(menu._replace(relearn=Fraction(1, 16))).ids == ("b", "a")
    assert best(menu._replace(keys=())).ids == ("b", "a")  # keys stay, the announcement moves


def test_retries_weigh() -> None:
    """Who errs hears the menu again: w (1 - e^K) / (1 - e)."""
    assert hearings(0, 3) == 1
    assert hearings(Fraction(1, 2), 3) == Fraction(7, 4)
    assert hearings(1, 3) == 3
    options = (Option("a", 10, 2), Option("b", 10, 2, hearings=hearings(Fraction(1, 4), 3)))
    assert best(Lineup(options)).ids == ("b", "a")
    assert cost(Lineup(options), ("a", "b")) == 20 + 40 * Fraction(21, 16)
    with pytest.raises(ValueError, match="share"):
        hearings(1.2, 3)


# -- edges ----------------------------------------------------------------------------------------


def test_demand_alone_is_not_the_rule() -> None:
    """A long announcement in high demand waits for a short one in less."""
    menu = Lineup((Option("long", 10, 20), Option("short", 8, 2)))
    assert best(menu).ids == ("short", "long")
    assert heard(menu, ("short", "long")) == {"short": 2, "long": 22}


def test_many_options() -> None:
    """The closed rules know no limit; subsets take a telephone's twelve keys and say so."""
    options = tuple(Option(str(i), i, 3) for i in range(40))
    assert best(Lineup(options)).ids[0] == "39"
    with pytest.raises(ValueError, match="12 keys"):
        best(Lineup(options, pins={"7": 7}))


def test_an_announcement_without_length_is_refused() -> None:
    """Nothing is said in no time."""
    with pytest.raises(ValueError, match="last some time"):
        best(Lineup((Option("a", 1, 0),)))


def test_a_menu_without_choices() -> None:
    """Costs nothing, and its score is that of the only order."""
    empty = Lineup(())
    assert best(empty).cost == worst(empty).cost == 0
    assert score(0, 0, 0) == 1
    assert gap(0, 0) == 0


def test_circles_are_no_chains() -> None:
    """Pairs that lead back to themselves form no chains, and no order keeps to them."""
    assert closed.chains_of(("a", "b"), (("a", "b"), ("b", "a"))) is None
    circle = Lineup((Option("a", 1, 1), Option("b", 1, 1)), before=(("a", "b"), ("b", "a")))
    with pytest.raises(ImpossibleError):
        best(circle)
