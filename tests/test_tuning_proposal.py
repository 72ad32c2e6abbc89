"""Proposals: what is planted is found, what is chance is left alone, and each reason is told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from house_case import ROOT, site

from hotline.durations import durations
from ivr.manifest import load_manifest
from menus.paths import paths
from reports.layout import Word
from tuning import tables
from tuning.counted import Counted
from tuning.habits import Habits
from tuning.heard import EARLY, TOLD
from tuning.posterior import DRAWS, Wanted, interval, rate, shares, together
from tuning.promotion import promotion
from tuning.proposal import (
    BEST,
    CHANGE,
    FIXED,
    NO_DATA,
    TOO_FEW,
    TOO_SMALL,
    Asked,
    MenuTuning,
    tuned,
)
from tuning.rules import SUCCESS, TIME, MenuRules, Rules
from tuning.shortcut_limits import Shortcut
from tuning.site import Callers, Site, renumbered, site_tree
from tuning.tree import filled
from tuning.waterfall import STEPS, waterfall

MODEL = site()[1]
TIMES = durations(MODEL, "zh-CN", load_manifest(ROOT / "prompts"))
LEAVES = sorted(paths(MODEL))


def drawn(weights: dict[str, float], n: int, seed: int = 1) -> dict[str, Wanted]:
    """What so many callers of a population want, as counted."""
    rng = np.random.default_rng(seed)
    whole = sum(weights.values())
    counts = rng.multinomial(n, [w / whole for w in weights.values()])
    return {leaf: Wanted(float(k), math.sqrt(k)) for leaf, k in zip(weights, counts, strict=True)}


PLAIN, NOTHING_COUNTED, NO_HABITS = Rules(), Counted(), Habits()


def tunings(
    demand: dict[str, Wanted],
    rules: Rules = PLAIN,
    *,
    counted: Counted = NOTHING_COUNTED,
    habits: Habits = NO_HABITS,
    calls: float = 1000,
) -> dict[str, MenuTuning]:
    """The proposal for the shipped menus, by menu."""
    callers = Callers(demand, counted, habits)
    built = site_tree(MODEL, TIMES, callers, rules)
    asked = Asked(rules, calls, np.random.default_rng(7))
    return {tuning.menu: tuning for tuning in tuned(built, callers, asked)}


def indifferent() -> dict[str, float]:
    """A demand under which no order of the charges menu is better: in proportion to length."""
    weights = dict.fromkeys(LEAVES, 0.0)
    behind: dict[str, set[str]] = {}
    for leaf, ways in paths(MODEL).items():
        for hop in (hop for path in ways for hop in path if hop.menu == "charges"):
            behind.setdefault(hop.choice.key, set()).add(leaf)
    for n, ms in enumerate(TIMES["charges"].choices, 1):
        for leaf in behind[str(n)]:
            weights[leaf] = ms / len(behind[str(n)])
    return weights


PLANTED = {"payments": 50.0, "balance": 20.0, "data_usage": 15.0, "last_bill": 8.0,
           "discount_money": 4.0, "discount_usage": 1.0, "bill": 2.0}  # fmt: skip


# -- what is planted and what is chance -----------------------------------------------------------


def test_a_planted_best_order_is_found() -> None:
    """Enough calls of a population whose hot topic stands last: it goes first, keys as they are."""
    found = tunings(drawn(PLANTED, 5000))["charges"]
    assert found.kept.verdict == CHANGE
    assert found.kept.order[:4] == ("8", "1", "5", "2")
    assert found.kept.keys == {key: key for key in "12345678"}
    assert found.kept.rule == "ratio"
    assert found.best < found.kept.saved.low + found.best < found.seconds < found.worst
    assert found.bound < found.best
    assert found.seconds - found.best == pytest.approx(found.kept.saved.mean, rel=0.05)
    assert 0 < found.score < 1
    assert found.gap == pytest.approx((found.seconds - found.best) / found.seconds)


def test_its_renumbered_variant() -> None:
    """Keys given out anew rise with the announcement."""
    found = tunings(drawn(PLANTED, 5000))["charges"].renumbered
    assert found.verdict == CHANGE
    assert [found.keys[key] for key in found.order] == list("12345678")
    assert found.relearn == 0  # nobody is known to know a key


@pytest.mark.parametrize("n", [60, 600, 6000, 600_000])
def test_on_noise_nothing_is_changed(n: int) -> None:
    """Chance among options that are as good as each other is no reason, however much of it."""
    for seed in range(6):
        found = tunings(drawn(indifferent(), n, seed))["charges"]
        assert found.kept.verdict in (TOO_FEW, TOO_SMALL, BEST), (n, seed)


def test_the_same_record_gives_the_same_proposal() -> None:
    """Chance is seeded."""
    demand = drawn(PLANTED, 500)
    assert tunings(demand)["charges"] == tunings(demand)["charges"]


# -- reasons --------------------------------------------------------------------------------------


def test_reasons_why_not() -> None:
    """No data, too few, too small a gain, already best, fixed."""
    assert tunings({})["charges"].kept.verdict == NO_DATA
    few = tunings(drawn(PLANTED, 12))
    assert few["charges"].kept.verdict == TOO_FEW
    assert few["business"].kept.verdict == NO_DATA
    surely = drawn(PLANTED, 5000)
    assert tunings(surely, Rules(least_seconds=60))["charges"].kept.verdict == TOO_SMALL
    fixed = Rules(menus={"charges": MenuRules(fixed=True)})
    assert tunings(surely, fixed)["charges"].kept.verdict == FIXED
    ranked = dict(zip(
        ("balance", "last_bill", "bill", "discount_usage", "data_usage"), (99, 40, 20, 9, 4.0),
        strict=True,
    ))  # fmt: skip
    assert tunings(drawn(ranked, 9000))["charges"].kept.verdict == BEST


def test_a_menu_that_nobody_asks_for_has_no_figures() -> None:
    """Nothing is listened to for nothing: no seconds, no gap and no score, rather than zeros."""
    found = tunings(drawn(PLANTED, 5000))
    names = {menu: Word(menu, menu, menu) for menu in found}
    rows = {str(row[0]): row[2:-1] for row in tables.menus(tuple(found.values()), names).rows}
    assert None not in rows[str(names["charges"])]
    assert set(rows[str(names["business"])]) == {None}


def test_relearning_must_be_worth_it() -> None:
    """Regulars who would have to learn new keys can outweigh a gain; with keys kept they don't."""
    demand = drawn({"balance": 50, "last_bill": 52}, 50_000)
    known = {("charges", key): {EARLY: 900, TOLD: 100} for key in "12345678"}
    rules = Rules(relearn_seconds=20, relearn_days=90, least_seconds=0.0)
    found = tunings(demand, rules, habits=Habits(known, 1000))["charges"]
    assert found.kept.order[:2] == ("1", "2")
    hot = tunings(drawn(PLANTED, 50_000), rules, habits=Habits(known, 1000))["charges"]
    assert hot.kept.order[0] == "8"
    assert hot.kept.verdict == CHANGE
    assert hot.renumbered.order[:1] == ("1",)  # the dearest key stays where it is
    assert hot.renumbered.verdict != CHANGE


def test_who_knows_a_key_does_not_listen_for_it() -> None:
    """An option of regulars only gains nothing by being announced first."""
    demand = drawn({"balance": 30, "payments": 70}, 5000)
    regulars = {("charges", "8"): {EARLY: 5000, TOLD: 10}, ("charges", "1"): {TOLD: 5000}}
    assert tunings(demand)["charges"].kept.order[0] == "8"
    found = tunings(demand, habits=Habits(regulars, 5000))["charges"]
    assert found.kept.order[0] == "1"
    assert found.lines[-1].early > 0.99


def test_rules_of_the_site_are_kept() -> None:
    """Pins, groups and required order in the proposal."""
    rules = Rules(
        menus={
            "charges": MenuRules(
                first=("label_bill",),
                last=("label_payments",),
                together=(("label_balance", "label_alert"),),
                before=(("label_discount", "label_data_usage"),),
            )
        }
    )
    order = tunings(drawn(PLANTED, 5000), rules)["charges"].kept.order
    assert order[0] == "3"
    assert order[-1] == "8"
    assert abs(order.index("1") - order.index("6")) == 1
    assert order.index("4") < order.index("5")


def test_a_choice_that_is_pinned_last_with_its_key_is_a_choice() -> None:
    """It is no reserved key, though it looks like one to the order."""
    rules = Rules(
        menus={"charges": MenuRules(last=("label_payments",), keep_keys=("label_payments",))}
    )
    found = tunings(drawn(PLANTED, 5000), rules)["charges"]
    assert found.kept.order[-1] == "8"
    assert set(found.renumbered.keys) == set("12345678")
    assert found.renumbered.keys["8"] == "8"


# -- failures -------------------------------------------------------------------------------------


def test_failures_follow_listening() -> None:
    """Hang-ups a second listened, times seconds saved, times calls: with its uncertainty."""
    demand = drawn(PLANTED, 5000)
    many = Counted(hang_ups={"charges": 200}, listened={"charges": 40_000})
    few = Counted(hang_ups={"charges": 2}, listened={"charges": 400})
    surely, vaguely = (tunings(demand, counted=c)["charges"] for c in (many, few))
    expected = -surely.kept.saved.mean * 0.005 * surely.calls
    assert surely.kept.failures.mean == pytest.approx(expected, rel=0.05)
    assert surely.kept.failures.high < 0
    assert vaguely.kept.failures.low < 2 * surely.kept.failures.low
    assert tunings(demand)["charges"].kept.failures == (0, 0, 0)  # nothing was listened to yet


def test_when_callers_are_the_aim_patience_orders() -> None:
    """With little patience a short announcement goes before a longer one in more demand."""
    demand = {"discount_usage": Wanted(66, 0.1), "discount_money": Wanted(34, 0.1)}
    ms = TIMES["discount_menu"].choices
    assert ms[1] > ms[0]
    hasty = Counted(hang_ups={"discount_menu": 90_000}, listened={"discount_menu": 100_000})
    by_time = tunings(demand, counted=hasty)["discount_menu"]
    by_calls = tunings(demand, Rules(aim="success"), counted=hasty)["discount_menu"]
    assert by_time.kept.order == ("2", "1")
    assert by_calls.kept.order == ("1", "2")
    calm = Counted(hang_ups={"discount_menu": 1}, listened={"discount_menu": 100_000})
    agreed = tunings(demand, Rules(aim="success"), counted=calm)["discount_menu"]
    assert agreed.renumbered.order == ("2", "1")
    assert agreed.kept.order == ("2", "1")
    assert agreed.kept.worth.mean == pytest.approx(agreed.kept.saved.mean, rel=0.01)


def test_relearning_is_weighed_in_the_aims_unit() -> None:
    """With much patience keeping callers is sparing them time, and new keys cost as much of it."""
    known = {("charges", key): {EARLY: 300, TOLD: 700} for key in "12345678"}
    calm = Counted(hang_ups={"charges": 1}, listened={"charges": 100_000})
    by_time, by_calls = (
        tunings(drawn(PLANTED, 50_000), Rules(aim=aim), counted=calm, habits=Habits(known, 1000))[
            "charges"
        ].renumbered
        for aim in (TIME, SUCCESS)
    )
    assert by_time.verdict == CHANGE
    assert by_calls.order == by_time.order
    assert by_calls.keys == by_time.keys
    assert by_calls.verdict == CHANGE


# -- the tree -------------------------------------------------------------------------------------


def built(demand: dict[str, Wanted], **more: Any) -> Site:
    """The shipped menus as a tree."""
    return site_tree(MODEL, TIMES, Callers(demand, **more), Rules())


def test_the_tree_of_the_shipped_menus() -> None:
    """Every menu below the start, each line under its key, reserved keys last, in seconds."""
    tree = built(drawn(PLANTED, 100)).tree
    assert set(tree.menus) == set(TIMES) - {"more"}
    main = tree.menus["main"]
    assert main.lineup.ids == ("1", "2", "3", "4", "8", "0", "9")
    assert main.lineup.pins == {"0": -2, "9": -1}
    assert main.to == {"1": "charges", "2": "account", "3": "business", "8": "language"}
    assert main.lineup.intro == TIMES["main"].intro / 1000
    assert [o.d for o in main.lineup.options][:5] == [ms / 1000 for ms in TIMES["main"].choices]
    assert [o.w for o in filled(tree).menus["main"].lineup.options] == [100, 0, 0, 0, 0, 0, 0]


def test_a_leaf_behind_two_lines_is_shared_by_presses() -> None:
    """`bill` is behind this month and another month: by presses, or evenly without any."""
    demand = {"bill": Wanted(100, 10)}
    even = built(demand).wanted
    assert even["bill_menu", "1"] == even["bill_menu", "2"]
    counted = Counted({("bill_menu", "1"): 89, ("bill_menu", "2"): 9})
    found = built(demand, counted=counted).wanted
    assert found["bill_menu", "1"].weight == pytest.approx(90)
    assert found["bill_menu", "2"].error == pytest.approx(10 * math.sqrt(0.1))
    assert found["main", "1"].weight == pytest.approx(100)


def test_lines_without_a_leaf_count_by_presses() -> None:
    """Another language and an agent have no leaf: their presses, in the leaves' unit."""
    counted = Counted({("charges", "1"): 50, ("main", "0"): 10, ("language", "2"): 5})
    found = built({"balance": Wanted(0.5, 0.1)}, counted=counted).wanted
    assert found["main", "0"] == Wanted(pytest.approx(0.1), pytest.approx(math.sqrt(10) / 100))  # type: ignore[comparison-overlap]
    assert found["main", "8"].weight == pytest.approx(0.05)
    assert found["main", "9"] == Wanted(0, 0)


def test_new_keys_are_those_that_the_menu_has() -> None:
    """Given out in the order of the keypad; reserved keys are not among them."""
    lineup = built({}).tree.menus["main"].lineup
    assert renumbered(lineup, 3).keys == ("1", "2", "3", "4", "8")
    assert renumbered(lineup, 3).relearn == 3


# -- the whole ------------------------------------------------------------------------------------


def test_the_waterfall_falls() -> None:
    """Each step costs no more than the one before; today lies between best and worst."""
    site_ = built(drawn(PLANTED, 5000))
    candidates = [Shortcut("x", "charges", "8", 2.0), Shortcut("y", "account", "1", 2.0)]
    found = waterfall(site_.tree, candidates, 2)
    values = [found.steps[step] for step in STEPS]
    assert values == sorted(values, reverse=True)
    assert found.worst > values[0]
    assert [s.id for s in found.shortcuts] == ["x"]
    assert 0 < found.score < 1
    assert found.gap == pytest.approx((values[0] - values[1]) / values[0])
    with pytest.raises(ValueError, match="no demand"):
        waterfall(built({}).tree, candidates, 2)


def test_a_hot_leaf_is_promoted() -> None:
    """Half of all callers spare a menu; with few calls that is not sure; a cold one never."""
    candidates = [Shortcut("x", "charges", "8", 2.0), Shortcut("y", "account", "1", 2.0)]
    surely = promotion(built(drawn(PLANTED, 5000)), candidates, 2, Rules())
    assert [s.id for s in surely.shortcuts] == ["x"]
    assert surely.verdict == CHANGE
    assert 0 < surely.saved.low < surely.saved.mean < surely.saved.high
    assert surely.top.index("x") < surely.top.index("0")
    few = promotion(built(drawn(PLANTED, 12)), candidates[:1], 1, Rules())
    assert few.saved.high - few.saved.low > 10 * (surely.saved.high - surely.saved.low)
    unsure = Rules(least_seconds=(few.saved.low + few.saved.mean) / 2)
    assert promotion(built(drawn(PLANTED, 12)), candidates[:1], 1, unsure).verdict == TOO_FEW
    dear = Rules(least_seconds=60)
    assert promotion(built(drawn(PLANTED, 5000)), candidates, 2, dear).verdict == TOO_SMALL
    cold = promotion(built(drawn(PLANTED, 5000)), candidates[1:], 1, Rules())
    assert (cold.shortcuts, cold.verdict) == ((), BEST)
    assert promotion(built({}), candidates, 1, Rules()).verdict == NO_DATA


def test_moving_a_leaf_costs_its_regulars() -> None:
    """A moved leaf has another key; a copied one keeps its old one beside it."""
    known = {("charges", "8"): {EARLY: 300, TOLD: 700}, ("main", "1"): {TOLD: 1000}}
    site_ = built(drawn(PLANTED, 50_000), habits=Habits(known, 1000))
    candidates = [Shortcut("x", "charges", "8", 2.0)]
    dear = Rules(relearn_seconds=60, relearn_days=90, moved=True)
    assert promotion(site_, candidates, 1, dear).verdict != CHANGE
    assert promotion(site_, candidates, 1, dear._replace(relearn_seconds=0.0)).verdict == CHANGE


# -- the posterior --------------------------------------------------------------------------------


def test_demand_with_its_error() -> None:
    """A count is as good as itself, half of it known twice as well as four times as many."""
    assert Wanted(100, 10).events == pytest.approx(100)
    assert Wanted(0.5, 0.025).events == pytest.approx(400)
    assert Wanted(0, 0).events == 0
    assert together([Wanted(3, 3), Wanted(4, 4)]) == Wanted(7, 5)


def test_many_events_leave_the_shares_as_counted() -> None:
    """With data enough the prior says nothing any more."""
    wanted = [Wanted(70_000, 265), Wanted(30_000, 173)]
    draws = shares(wanted, [1, 1], np.random.default_rng(1))
    assert draws.shape == (DRAWS, 2)
    assert draws.sum(axis=1) == pytest.approx(np.ones(DRAWS))
    assert interval(draws[:, 0]).mean == pytest.approx(0.7, abs=0.002)


def test_without_events_the_prior_speaks() -> None:
    """Nothing counted: demand in proportion to what no order could change."""
    draws = shares([Wanted(0, 0)] * 2, [3, 1], np.random.default_rng(1))
    assert interval(draws[:, 0]) == (0.75, 0.75, 0.75)


def test_an_option_that_nobody_asked_for_is_not_ruled_out() -> None:
    """No event in as many as the others had: seldom, but how seldom is not known."""
    found = interval(
        shares([Wanted(60, 7.7), Wanted(0, 0)], [1, 1], np.random.default_rng(1))[:, 1]
    )
    assert 0 < found.mean < 0.05 < found.high < 0.2


def test_rates_have_their_uncertainty() -> None:
    """Ten hang-ups in a thousand seconds; none in none."""
    found = interval(rate(10, 1000, np.random.default_rng(1)))
    assert found.mean == pytest.approx(0.0105, rel=0.03)
    assert found.low < 0.006 < 0.016 < found.high
    assert interval(rate(0, 0, np.random.default_rng(1))) == (0, 0, 0)
