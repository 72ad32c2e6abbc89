"""Every report works on demo traffic, and says what was planted."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from demo_case import FIRST, house_of, play, span
from house_case import ROOT

from hotline.cli import cli
from hotline.demo.parameters import Faults, Parameters
from hotline.demo.traffic import Traffic
from hotline.reporting import REPORTS

OF = span(days=20, calls=80)
PLAN = Parameters(faults=Faults(outage_days=(15,)))
OUTAGE = (FIRST + datetime.timedelta(days=15)).isoformat()
ARGUMENTS = {"compare": ["2026-04-29..2026-05-05", "2026-05-06..2026-05-12"]}
"""What a report must be given."""


class Played(NamedTuple):
    """Demo traffic in a state folder, and its truth."""

    home: Path
    traffic: Traffic


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Twenty days with an outage on the sixteenth."""
    folder = tmp_path_factory.mktemp("played")
    with house_of(folder) as house:
        return Played(house.settings.home, play(house, OF, plan=PLAN))


def report(played: Played, *args: str) -> Any:
    """A report as JSON."""
    place = ["--site", str(ROOT), "--home", str(played.home)]
    name, *rest = args
    shown = ["report", name, *ARGUMENTS.get(name, ()), "--traffic", "demo", "--json", *rest]
    done = CliRunner().invoke(cli, [*place, *shown])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_something_to_say(played: Played, name: str) -> None:
    """On demo traffic no report is empty, and each says which traffic it counts."""
    made = report(played, name)
    assert made["rows"]
    assert made["traffic"] == "demo"


def test_rates_are_the_planted_ones(played: Played) -> None:
    """R1, R2 and R3 of the report are those of the truth."""
    rows = report(played, "failures")["rows"]
    rates = {row["rate"]: (row["failure_rate"]["n"], row["failure_rate"]["of"]) for row in rows}
    assert rates == played.traffic.run.truth.rates()


def test_the_control_chart_finds_the_outage(played: Played) -> None:
    """The day of the planted outage is above the limit, and no other day is."""
    rows = report(played, "control")["rows"]
    assert [row["day"] for row in rows if row["signal"]] == [OUTAGE]
