"""False alarms of the control chart, simulated; the figures are in docs/statistics.md."""

from __future__ import annotations

import pytest

from bench.charted import WORLDS, World, alarms

BY_NAME = {world.name: world for world in WORLDS}


def test_days_that_differ_are_no_alarm() -> None:
    """Where a plain p-chart cries wolf on every tenth day, p' rarely does."""
    found = alarms(BY_NAME["days differ by 15 % more"], 60, runs=40)
    assert found.plain > 0.05 * found.days
    assert found.beyond < 0.02 * found.days


def test_a_day_of_few_failures_is_none() -> None:
    """Below two expected failures nothing is judged: there is no chart."""
    assert alarms(World("few", 20, 0.025), 60, runs=10).charts == 0


@pytest.mark.soak
@pytest.mark.parametrize("baseline_days", [20, 60])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_alarms_over_a_thousand_charts(world: World, baseline_days: int) -> None:
    """Heavy callers, days that differ, looked at daily: p' stays under 2 % of days."""
    found = alarms(world, baseline_days, runs=1000)
    assert found.beyond < 0.02 * found.days
    assert found.one_side < 0.025 * found.days
