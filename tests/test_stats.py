"""Statistics of the reports: the worked cases, and what holds whatever the figures are."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import stats
from reports.interval import wilson
from reports.layout import Ratio

CASES = json.loads(Path(__file__).with_name("tuning_cases.json").read_text("utf-8"))["cases"]
C14 = next(case for case in CASES if case["id"] == "C14")
GIVEN, EXPECTED = C14["input"], C14["expect"]
DAILY = [Ratio(n, of) for n, of in zip(GIVEN["daily"]["fail"], GIVEN["daily"]["n"], strict=True)]
RATIOS = st.integers(1, 5000).flatmap(lambda of: st.integers(0, of).map(lambda n: Ratio(n, of)))


@pytest.mark.parametrize(("n", "of"), GIVEN["intervals"])
def test_worked_intervals(n: int, of: int) -> None:
    """Wilson's and Jeffreys' bounds of the worked case, to its last digit."""
    assert [round(x, 8) for x in wilson(n, of)] == EXPECTED["wilson95"][f"{n}/{of}"]
    assert [round(x, 8) for x in stats.jeffreys(n, of)] == EXPECTED["jeffreys95"][f"{n}/{of}"]


@settings(deadline=None)  # the first example reads scipy
@given(RATIOS)
def test_wilson_is_statsmodels(found: Ratio) -> None:
    """The closed formula and the library agree for any count."""
    from statsmodels.stats.proportion import proportion_confint

    assert wilson(*found) == pytest.approx(proportion_confint(*found, method="wilson"), abs=1e-12)


@pytest.mark.parametrize(("power", "size"), EXPECTED["n_per_arm"].items())
def test_worked_sample_sizes(power: str, size: int) -> None:
    """912, 1,221 and 1,509 an arm to see 2.56 % -> 0.86 %."""
    given_ = GIVEN["samplesize"]
    assert stats.size_per_arm(given_["p1"], given_["p2"], float(power)) == size


def test_a_small_change_needs_many() -> None:
    """2.56 % -> 2.30 % needs 55,056 an arm, and no change at all has no size."""
    assert stats.size_per_arm(0.0256, 0.0230) == 55_056
    with pytest.raises(ValueError, match="no change"):
        stats.size_per_arm(0.1, 0.1)


def test_worked_limits() -> None:
    """The centre, sigma_z and both kinds of upper limit of the worked days."""
    base = stats.baseline(DAILY)
    assert base.centre == EXPECTED["pbar"]
    assert round(base.sigma_z, 8) == EXPECTED["sigma_z"]
    plain = base._replace(sigma_z=1.0)
    assert [round(plain.limits(day.of)[1], 9) for day in DAILY] == EXPECTED["ucl_p"]
    assert [round(base.limits(day.of)[1], 9) for day in DAILY] == EXPECTED["ucl_laney"]


@pytest.mark.parametrize("points", [[], [Ratio(1, 9)], [Ratio(0, 9)] * 5, [Ratio(9, 9)] * 5])
def test_no_baseline(points: list[Ratio]) -> None:
    """One point, none failed and all failed say nothing of the spread of days."""
    with pytest.raises(ValueError, match="no baseline"):
        stats.baseline(points)


def test_limits_follow_the_spread_of_days() -> None:
    """Where days differ more than chance makes them, limits are wider, and nothing signals."""
    chance = random.Random(7)
    days = []
    for _ in range(60):
        p = 0.02 + 0.01 * chance.random()  # each day has a rate of its own
        days.append(Ratio(sum(chance.random() < p for _ in range(4000)), 4000))
    base = stats.baseline(days[:30])
    assert base.sigma_z > 1.3
    narrow = base._replace(sigma_z=1.0)
    laney, plain = (
        sum(stats.ABOVE in found or stats.BELOW in found for found in stats.signals(days[30:], by))
        for by in (base, narrow)
    )
    assert laney == 0 < plain


def test_signals() -> None:
    """A point outside its limits, and the ninth in a row on one side, each by its own name."""
    base = stats.Baseline(0.1, 1.0)
    points = [Ratio(100, 1000), *[Ratio(105, 1000)] * 10, Ratio(95, 1000), Ratio(140, 1000)]
    found = stats.signals(points, base)
    assert [stats.ONE_SIDE in each for each in found] == [*[False] * 9, True, True, False, False]
    assert [i for i, each in enumerate(found) if stats.ABOVE in each] == [12]
    assert stats.signals([Ratio(60, 1000)], base) == [(stats.BELOW,)]
    on_the_line = [Ratio(105, 1000)] * 8 + [Ratio(100, 1000), Ratio(105, 1000)]
    assert not any(stats.signals(on_the_line, base))


def test_a_difference() -> None:
    """2.56 % -> 0.86 % of 10,000 each: apart beyond doubt, the interval around -1.70 points."""
    found = stats.difference(Ratio(256, 10_000), Ratio(86, 10_000))
    assert found.value == pytest.approx(-0.017)
    assert found.low < -0.017 < found.high < 0
    assert found.p < 1e-15
    assert not found.exact


def test_few_failures_are_judged_exactly() -> None:
    """Where the normal curve does not hold, Fisher's test speaks; none at all is no difference."""
    none = stats.difference(Ratio(0, 40), Ratio(0, 30))
    assert none == pytest.approx((0, -wilson(0, 40)[1], wilson(0, 30)[1], 1, True))
    assert stats.difference(Ratio(3, 40), Ratio(0, 30)).exact
    with pytest.raises(ValueError, match="nothing"):
        stats.difference(Ratio(0, 0), Ratio(1, 2))


@settings(deadline=None)  # the first example reads scipy
@given(RATIOS, RATIOS)
def test_a_difference_turned_round(a: Ratio, b: Ratio) -> None:
    """Rate b less a is minus a less b, with the same p."""
    there, back = stats.difference(a, b), stats.difference(b, a)
    assert there.value == pytest.approx(-back.value)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.p == pytest.approx(back.p, abs=1e-9)
    assert there.low <= there.value <= there.high


def test_many_tests_are_adjusted() -> None:
    """Of p-values over many nodes only those count that are small among so many."""
    assert stats.adjusted([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert stats.adjusted([]) == []


GROUPS = st.dictionaries(st.sampled_from("abcdef"), RATIOS, min_size=1)


@settings(deadline=None)  # the first example reads scipy
@given(GROUPS, GROUPS)
def test_effects_add_up_to_the_change(a: dict[str, Ratio], b: dict[str, Ratio]) -> None:
    """Whatever the groups, mix and rate are all of the change, also where only one side has one."""

    def rate(side: dict[str, Ratio]) -> float:
        return sum(g.n for g in side.values()) / sum(g.of for g in side.values())

    effects = stats.kitagawa(a, b)
    assert sum(map(sum, effects.values())) == pytest.approx(rate(b) - rate(a), abs=1e-12)
    assert all(effects[name].rate == 0 for name in {*a} ^ {*b})


def test_simpson() -> None:
    """Each node fails less and the whole fails more: the mix says why."""
    a = {"balance": Ratio(10, 1000), "enable": Ratio(20, 100)}
    b = {"balance": Ratio(4, 500), "enable": Ratio(90, 600)}
    effects = stats.kitagawa(a, b)
    assert all(effect.rate < 0 for effect in effects.values())
    assert sum(effect.mix for effect in effects.values()) > 0.05
    assert all(
        effect.mix > 0 for effect in effects.values()
    )  # fewer where few fail, more where many


def test_few_requests_neither_signal_nor_break_a_run() -> None:
    """A night of three requests is passed over: the run goes on after it."""
    base = stats.Baseline(0.1, 1.0)
    points = [*[Ratio(105, 1000)] * 8, Ratio(0, 3), Ratio(3, 3), Ratio(105, 1000)]
    assert stats.signals(points, base) == [*[()] * 10, (stats.ONE_SIDE,)]
