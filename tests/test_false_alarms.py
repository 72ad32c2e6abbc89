"""The simulations behind docs/statistics.md: they judge as the house does, and bound its errors."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from bench import simulated
from bench.false_alarms import DOCUMENT, SHARES, harmless, naive, power, put, table
from bench.simulated import DAYS, GUARDS, Population
from tuning import trial
from tuning.trial import ENOUGH

SMALL = Population(subscribers=2_000, looks=24)


def test_a_course_is_possible() -> None:
    """Nobody meets a guard before the first call, or twice; the shares are those asked for."""
    rng = np.random.default_rng(1)
    run = simulated.course(rng, SMALL, 0.2)
    for arm in (0, 1):
        entered = run.entered[arm]
        assert len(entered) == DAYS * SMALL.looks
        for met in run.met:
            assert (met[arm] <= entered).all()
            assert (np.diff(met[arm]) >= 0).all()
    a, b = (arm[-1] for arm in run.entered)
    assert 0.5 * SMALL.subscribers < a + b <= SMALL.subscribers
    assert abs(b / (a + b) - 0.2) < 0.05
    assert len(run.met) == len(GUARDS)


def test_evidence_is_the_houses() -> None:
    """Look by look the same as tuning.trial's, which serves; so is who is worse."""
    rng = np.random.default_rng(2)
    run = simulated.course(rng, SMALL, 0.5, worse=3.0)
    found = simulated.ln_evidence(run.entered, run.met[0])
    for look in range(0, len(found), 37):
        counts = [int(each[look]) for each in (*run.entered, *run.met[0])]
        assert found[look] == pytest.approx(trial.ln_evidence(*counts), abs=1e-9)
    first = simulated.first_look(run.entered, run.met[0], harm=True)
    assert first is not None
    assert found[first] >= math.log(ENOUGH) > found[first - 1]
    assert simulated.first_look(run.entered, run.met[0], harm=False) is None


def test_a_day_is_its_hours() -> None:
    """However finely the days are cut, as many calls fall on them."""
    days = [simulated.shape(looks).reshape(DAYS, -1).sum(1) for looks in (1, 24, 24 * 60)]
    assert np.allclose(days[0], days[1])
    assert np.allclose(days[0], days[2])


@pytest.mark.parametrize(("part", "rows"), [("trial", 16), ("control", 12), ("tune", 25)])
def test_the_document_has_its_figures(part: str, rows: int) -> None:
    """Each part has all its rows, and names the commit that they were taken at."""
    text = DOCUMENT.read_text("utf-8")
    taken = text.partition(f"<!-- taken: {part} -->")[2].partition("<!-- end -->")[0]
    assert re.search(r"Taken at commit `[0-9a-f]{7,}`", taken)
    assert len(re.findall(r"^\|.* %", taken, re.MULTILINE)) == rows


def test_a_part_is_put_between_its_marks() -> None:
    """And those of trials are for every share."""
    text = DOCUMENT.read_text("utf-8")
    taken = text.partition("<!-- taken: trial -->")[2].partition("<!-- end -->")[0]
    assert taken.count("| 10 % |") == 5  # two ways to look, what else, two differences
    assert "\nx\n" in put(text, "trial", ["x"])
    with pytest.raises(ValueError, match="no part"):
        put(text, "nothing", [])
    assert table(("a", "b"), [("1", "2")]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


def test_looking_less_often_stops_no_more() -> None:
    """Every trial that is stopped at midnight is stopped by one who looks every hour as well."""
    hourly, daily = harmless(0.5, 40, SMALL, 4)
    assert all(rare <= often for rare, often in zip(daily.by_guard, hourly.by_guard, strict=True))
    assert daily.any <= hourly.any <= 40
    assert harmless(0.5, 40, SMALL, 4) == (hourly, daily)


@pytest.mark.soak
@pytest.mark.parametrize("share", SHARES)
def test_harmless_candidates_are_seldom_stopped(share: float) -> None:
    """Looked at every minute for 40 days, by any of three guards: about one in twenty at most.

    Looked at once a day: fewer than one in a hundred. What one might do instead does far worse.
    """
    runs, who = 1000, Population()
    minutely, daily = harmless(share, runs, who, 1)
    assert minutely.any < 0.08 * runs
    assert daily.any < 0.015 * runs
    other = naive(share, runs, who._replace(looks=24), 3)
    assert other.z_test > 0.3 * runs
    assert other.every_failure > 0.05 * runs
    if share < 0.5:
        assert other.equal_shares > 0.99 * runs


@pytest.mark.soak
@pytest.mark.parametrize("worse", [0.05 / 0.0256, 0.0086 / 0.0256])
def test_real_differences_are_shown(worse: float) -> None:
    """Twice and a third of the failures are shown to nine in ten trials within two weeks."""
    for share in SHARES:
        found = power(share, worse, 300, Population(looks=24), 5)
        assert sum(days < 14 for days in found.days) > 270
