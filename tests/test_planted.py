"""What was planted is found: the best order by the tuner, its gain by a trial, nothing on noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations

import pytest
from demo_case import house_of, play, reordered, span
from house_case import ROOT

from hotline.demo.traffic import Traffic
from hotline.demo.truth import orders
from hotline.durations import durations
from ivr.manifest import load_manifest
from menus.model import Menu

BAD = {"charges": "83627415", "account": "86154237", "business": "54123"}
"""The shipped menus' lines in a poor order, by key."""
MOST = 6
"""Options of the menus whose orders are all tried."""


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Some demo traffic on the shipped menus in a poor order."""
    folder = tmp_path_factory.mktemp("poor")
    file = reordered(folder, **BAD)
    with house_of(folder) as house:
        return play(house, span(calls=20), menus=[file])


def cost(keys: Iterable[str], lengths: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """What callers of each option listen to, but for the intro, weighted and summed."""
    at = total = 0.0
    for key in keys:
        at += lengths[key]
        total += weights[key] * at
    return total


def test_the_truth_names_the_best_orders(poor: Traffic) -> None:
    """Of all orders none is better than the one that the truth calls best, menu by menu."""
    version, weights = poor.versions[0], poor.population.weights
    times = durations(version.model, "zh-CN", load_manifest(ROOT / "prompts"))
    found = orders(version, "zh-CN", weights)
    assert found["business"].today == tuple(BAD["business"])
    assert found["business"].best != found["business"].today
    for menu, order in found.items():
        node = version.model.nodes[menu]
        assert isinstance(node, Menu)
        lengths = dict(zip((c.key for c in node.choices), times[menu].choices, strict=True))
        if len(lengths) <= MOST:
            least = min(cost(keys, lengths, order.weights) for keys in permutations(lengths))
            assert cost(order.best, lengths, order.weights) == pytest.approx(least)
        assert order.seconds_best <= order.seconds_today
