"""What was planted is found: the best order by the tuner, its gain by a trial, nothing on noise."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import pytest
from demo_case import FIRST, NOW, house_of, play, reordered, span
from house_case import ROOT, make_home
from planted_case import MENUS, doubling, even, hurried, propose, pure, site_with

from hotline import trials
from hotline.demo.traffic import Traffic
from hotline.demo.truth import Order, orders
from hotline.durations import durations
from hotline.house import House
from hotline.settings import Settings
from hotline.tuning import Checked, Proposed, checked_site
from ivr.manifest import load_manifest
from menus.model import Menu
from tuning.proposal import CHANGE, MenuTuning
from tuning.trial import BETTER, judge

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
    truth, lengths = worst.truth[menu], lengths_of(site, menu)
    assert found.kept.verdict == CHANGE
    assert found.kept.order[:3] == truth.best[:3]
    today, proposed, best = (
        cost(keys, lengths, truth.weights) for keys in (truth.today, found.kept.order, truth.best)
    )
    assert (today - proposed) / (today - best) > 0.98


def test_a_trial_confirms_what_the_tuner_proposes(
    worst: Tuned, site: Checked, tmp_path: Path
) -> None:
    """On the weeks that follow fewer subscribers fail with the proposed menus, and surely so."""
    file = site_with(tmp_path / "site", worst.proposed.after) / "menus.yaml"
    of = span(2, first=FIRST + datetime.timedelta(days=14), days=8, calls=400)
    with House(Settings(ROOT, make_home(tmp_path)), now=lambda: NOW) as house:
        meant = trials.Plan(50, 31, -30, "demo", "ops", "")
        candidate = trials.candidate_of(file, ROOT)
        trials.start(house.ledger, house.versions, candidate, meant, at=NOW, trial="t", salt="s")
        play(house, of, plan=hurried(doubling(site)))
        failure = judge(house.ledger.exposed("t"))[0]
    assert failure.guard == "failure"
    assert failure.verdict == BETTER, failure


def test_at_the_best_order_nothing_is_left_to_change(
    worst: Tuned, site: Checked, tmp_path: Path
) -> None:
    """With the proposed menus in use, the same callers give no reason for another change."""
    folder = site_with(tmp_path / "site", worst.proposed.after)
    with house_of(tmp_path, folder) as house:
        play(house, WEEK, plan=hurried(doubling(site)))
        again = propose(house, WEEK, checked_site(folder))
    assert [each.menu for each in again.menus if each.menu in MENUS and proposes(each)] == []


def proposes(menu: MenuTuning) -> bool:
    """Whether a menu is to be changed in either way."""
    return CHANGE in (menu.kept.verdict, menu.renumbered.verdict)


MANY, FEW = 0.3, 0.035
"""Which share of the callers ask an agent: some 800 wrap-up codes a week, or some 90."""


def on_noise(site: Checked, folder: Path, seed: int, seekers: float) -> Proposed:
    """What is proposed when no order is better than another."""
    of = WEEK._replace(seed=seed)
    with house_of(folder) as house:
        play(house, of, plan=pure(even(site), seekers))
        return propose(house, of, site)


@pytest.mark.parametrize("seekers", [MANY, FEW])
def test_on_noise_nothing_is_proposed(site: Checked, tmp_path: Path, seekers: float) -> None:
    """Where each order costs the same, chance in the counts is not taken for a reason."""
    proposed = on_noise(site, tmp_path, 1, seekers)
    assert proposed.known.calls > 2000
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
