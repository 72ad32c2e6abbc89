"""What was planted is found: the best order by the tuner, its gain by a trial, nothing on noise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from demo_case import house_of, play, reordered, span
from house_case import ROOT
from planted_case import MENUS, doubling, even, hurried, propose, pure, site_with

from hotline.cli import cli
from hotline.demo.traffic import Traffic
from hotline.demo.truth import Order, orders
from hotline.durations import durations
from hotline.tuning import Checked, Proposed, checked_site
from ivr.manifest import load_manifest
from menus.model import Menu
from tuning.proposal import CHANGE, MenuTuning
from tuning.trial import BETTER

BAD = {"charges": "83627415", "account": "86154237", "business": "54123"}
"""The shipped menus' lines in a poor order, by key."""
MOST = 6
"""Options of the menus whose orders are all tried."""
WEEK = span(days=7, calls=400)


@pytest.fixture(scope="module")
def site() -> Checked:
    """The shipped site."""
    return checked_site(ROOT)


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Some demo traffic on the shipped menus in a poor order."""
    folder = tmp_path_factory.mktemp("poor")
    file = reordered(folder, **BAD)
    with house_of(folder) as house:
        return play(house, span(calls=20), menus=[file])


class Tuned(NamedTuple):
    """A week of demo traffic on the worst order, the truth about it, and what is proposed."""

    truth: Mapping[str, Order]
    proposed: Proposed


@pytest.fixture(scope="module")
def worst(site: Checked, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """The shipped menus are the worst for these callers, who can't wait long."""
    with house_of(tmp_path_factory.mktemp("worst")) as house:
        traffic = play(house, WEEK, plan=hurried(doubling(site)))
        wanted = traffic.population.demand(WEEK.days)
        return Tuned(orders(traffic.versions[0], "zh-CN", wanted), propose(house, WEEK, site))


def cost(keys: Iterable[str], lengths: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """What callers of each option listen to, but for the intro, weighted and summed."""
    at = total = 0.0
    for key in keys:
        at += lengths[key]
        total += weights[key] * at
    return total


def lengths_of(site: Checked, menu: str) -> dict[str, float]:
    """How long each option of a menu is announced for, by key."""
    node = site.model.nodes[menu]
    assert isinstance(node, Menu)
    times = durations(site.model, "zh-CN", load_manifest(ROOT / "prompts"))[menu].choices
    return {choice.key: ms for choice, ms in zip(node.choices, times, strict=True)}


def test_the_truth_names_the_best_orders(poor: Traffic, site: Checked) -> None:
    """Of all orders none is better than the one that the truth calls best, menu by menu."""
    found = orders(poor.versions[0], "zh-CN", poor.population.weights)
    assert found["business"].today == tuple(BAD["business"])
    assert found["business"].best != found["business"].today
    for menu, order in found.items():
        lengths = lengths_of(site, menu)
        if len(lengths) <= MOST:
            least = min(cost(keys, lengths, order.weights) for keys in permutations(lengths))
            assert cost(order.best, lengths, order.weights) == pytest.approx(least)
        assert order.seconds_best <= order.seconds_today


@pytest.mark.parametrize("menu", MENUS)
def test_the_tuner_finds_the_planted_order(worst: Tuned, site: Checked, menu: str) -> None:
    """Nearly all that the best order would spare, with the options most wanted first."""
    (found,) = (each for each in worst.proposed.menus if each.menu == menu)
    truth = worst.truth[menu]
    assert found.kept.verdict == CHANGE
    assert found.kept.order[:3] == truth.best[:3]
    assert spared(found.kept.order, truth._asdict(), lengths_of(site, menu)) > 0.98


class Hotline:
    """Runs commands on the shipped site, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.site = site_with(folder / "site", (ROOT / "menus.yaml").read_text("utf-8"))
        self._home = folder / "var"

    def __call__(self, *args: str) -> str:
        """What a command prints; it must succeed."""
        place = ("--site", str(self.site), "--home", str(self._home))
        done = CliRunner().invoke(cli, [*place, *args])
        assert done.exit_code == 0, done.output
        return done.stdout

    def week(self, first: str, *people: str) -> None:
        """A week of demo traffic of people who know no keys."""
        days = f"--from {first} --days 7 --calls-per-day 400 --regulars 0"
        self("demo-traffic", *days.split(), *people)


def test_from_planted_traffic_to_an_adopted_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By commands alone: traffic, its proposal, a trial of that very file, and then no change.

    Two in three want what the menu of charges names last; few can wait for it.
    """
    hotline = Hotline(tmp_path)
    proposed = tmp_path / "proposed.yaml"
    monkeypatch.setattr("secrets.token_hex", lambda n: "5a17" * n)  # who is drawn for which arm

    def week(first: str) -> None:
        hotline.week(first, "--want", "payments=300", "--patience", "25")

    week("2025-03-03")
    truth = json.loads((tmp_path / "var/demo-truth.json").read_text("utf-8"))
    planted = truth["planted"]["orders"]["charges"]
    figures = hotline("tune", "--traffic", "demo", "--json", "--write", str(proposed))
    (found,) = (each for each in json.loads(figures)["menus"] if each["menu"] == "charges")
    lengths = {line["key"]: line["length"] for line in found["lines"]}
    assert spared(found["kept"]["order"], planted, lengths) > 0.98

    hotline("trial", "start", str(proposed), "--traffic", "demo", "--share", "50")
    week("2025-03-10")
    failure = json.loads(hotline("trial", "status", "--json"))["rows"][0]
    assert (failure["guard"], failure["verdict"]) == ("failure", BETTER)
    assert failure["candidate"]["high"] < failure["control"]["low"]

    hotline("trial", "stop", "--adopt", "--early")
    assert (hotline.site / "menus.yaml").read_text("utf-8") == proposed.read_text("utf-8")
    week("2025-03-17")
    again = hotline("tune", "--traffic", "demo", "--from", "2025-03-17", "--diff")
    assert again == ""


def spared(order: Iterable[str], planted: Mapping[str, Any], lengths: Mapping[str, float]) -> float:
    """Which share of what the planted best order spares an order does."""
    weights = planted["weights"]
    today, best, new = (
        cost(keys, lengths, weights) for keys in (planted["today"], planted["best"], order)
    )
    return (today - new) / (today - best)


def proposes(menu: MenuTuning) -> bool:
    """Whether a menu is to be changed in either way."""
    return CHANGE in (menu.kept.verdict, menu.renumbered.verdict)


def test_on_noise_nothing_is_changed(site: Checked, tmp_path: Path) -> None:
    """By commands: all lines are wanted for their lengths, so that no order beats another."""
    hotline = Hotline(tmp_path)
    wants = (f"--want={target}={weight}" for target, weight in even(site).items())
    hotline.week("2025-03-03", *wants)
    assert hotline("tune", "--traffic", "demo", "--diff") == ""
    assert "目前没有理由改动。 No change is justified yet." in hotline("tune", "--traffic", "demo")


MANY, FEW = 0.3, 0.035
"""Which share of the callers ask an agent: some 800 wrap-up codes a week, or some 90."""


def on_noise(site: Checked, folder: Path, seed: int, seekers: float) -> Proposed:
    """What is proposed when no order is better than another."""
    of = WEEK._replace(seed=seed)
    with house_of(folder) as house:
        play(house, of, plan=pure(even(site), seekers))
        return propose(house, of, site)


def test_few_wrap_up_codes_are_no_reason(site: Checked, tmp_path: Path) -> None:
    """Here chance has three lines of the main menu look sure to be in the wrong order."""
    proposed = on_noise(site, tmp_path, 1, FEW)
    main = proposed.menus[0]
    assert main.kept.saved.low > 0.15
    assert main.kept.saved.mean < main.chance
    assert proposed.diff == ""
    assert not any(map(proposes, proposed.menus))


@pytest.mark.soak
@pytest.mark.parametrize("seekers", [MANY, FEW])
def test_noise_is_seldom_taken_for_a_reason(
    site: Checked, tmp_path: Path, seekers: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a hundred weeks of noise hardly any gives a proposal: under one menu in a hundred."""
    seeds = range(1, 101)
    proposals = [on_noise(site, tmp_path / str(seed), seed, seekers) for seed in seeds]
    wrong = sum(proposes(menu) for proposed in proposals for menu in proposed.menus)
    menus = sum(len(proposed.menus) for proposed in proposals)
    with capsys.disabled():
        print(f"\nchanged on noise: {wrong} of {menus} menus in {len(proposals)} weeks")
    assert wrong / menus < 0.01
