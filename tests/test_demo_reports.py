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
from hotline.demo.parameters import Demand, Faults, Parameters
from hotline.demo.traffic import Traffic
from hotline.reporting import REPORTS
from ledger.counts import LOST

OF = span(days=24, calls=150)
PLAN = Parameters(
    demand=Demand(trend={"data_usage": 12, "services": 0.05}),
    faults=Faults(outage_days=(15,), outage_hours=(6, 22)),
)
OUTAGE = (FIRST + datetime.timedelta(days=15)).isoformat()
ARGUMENTS = {
    "compare": ["2026-04-29..2026-05-05", "2026-05-06..2026-05-12"],
    "contact": ["--day", "2026-05-01"],
}
"""How a report that takes its days otherwise is asked."""


class Played(NamedTuple):
    """Demo traffic in a state folder, and its truth."""

    home: Path
    traffic: Traffic


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Twenty-four days with an outage on the sixteenth."""
    folder = tmp_path_factory.mktemp("played")
    with house_of(folder) as house:
        return Played(house.settings.home, play(house, OF, plan=PLAN))


def report(played: Played, *args: str) -> Any:
    """A report of the days played, as JSON."""
    place = ["--site", str(ROOT), "--home", str(played.home)]
    name, *rest = args
    span = ARGUMENTS.get(name, ["--from", str(FIRST), "--to", str(OF.last)])
    shown = ["report", name, *span, "--traffic", "demo", "--json", *rest]
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


def test_topics_find_the_trend_and_what_no_leaf_serves(played: Played) -> None:
    """The planted topics rise and fall, hardly any other does; codes without a leaf are named.

    Of sixty topics one may be found falsely: the report holds false findings to one in twenty.
    """
    made = report(played, "topics")
    moves = {row["topic"]: row["trend"] for row in made["rows"]}
    assert (moves["data_usage"], moves["services"]) == ("rising", "falling")
    moved = [topic for topic, trend in moves.items() if trend in ("rising", "falling")]
    assert len(moved) <= 3
    noted = {code for _, code in played.traffic.run.truth.wrap_ups}
    missing = {row["topic"]: row["agents"] for row in made["rows"] if not row["leaf"]}
    assert set(missing) >= noted & set(Demand().off_menu)
    assert sum(row["agents"] for row in made["rows"]) == played.traffic.run.truth.wrap_ups.total()


def test_contact_finds_what_nobody_wants(played: Played) -> None:
    """The leaves without any planted demand are among those that nobody reached."""
    rows = report(played, "contact")["rows"]
    unreached = {row["leaf"] for row in rows if row["reached"] == "no"}
    unwanted = {target for target, weight in Demand().weights.items() if not weight}
    assert unwanted
    assert unwanted <= unreached


def test_order_ranks_by_the_planted_demand(played: Played) -> None:
    """In the menus with much demand the hottest option is the one with the largest weight."""
    rows = report(played, "order")["rows"]
    weights = played.traffic.truth()["planted"]["orders"]
    for menu in ("charges", "business"):
        (hottest,) = (row["key"] for row in rows if row["menu"] == menu and row["hot_rank"] == 1)
        assert hottest == max(weights[menu]["weights"], key=weights[menu]["weights"].__getitem__)


def test_loss_counts_what_was_lost(played: Played) -> None:
    """Calls lost before any leaf, node by node, add up to the planted ones."""
    rows = report(played, "loss")["rows"]
    lost = sum(
        n for (outcome, _, _), n in played.traffic.run.truth.calls.items() if outcome == LOST
    )
    assert sum(row["lost"]["n"] for row in rows if row["lost"]) == lost
