"""Weeks of callers who give no reason to change a menu, tuned: how often one is changed for chance.

What callers ask for is drawn as numbers, by source, and goes the way of the record's figures
through `reports.topics` and `tuning.proposal`. `python -m bench.false_alarms` prints the figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hotline.durations import durations
from ivr.manifest import load_manifest
from ledger.counts import Count, Wrapped
from menus.loader import load
from menus.model import Choice, Menu, Model
from menus.paths import leaf_of
from reports.layout import Word
from reports.topics import Code, Evidence, demand
from tuning.counted import Counted
from tuning.heard import Times
from tuning.lineup import cost
from tuning.posterior import Wanted
from tuning.proposal import CHANGE, Asked, MenuTuning, tuned
from tuning.rules import Rules
from tuning.site import Callers, Site, site_tree
from tuning.tree import filled

ROOT = Path(__file__).parent.parent
RULES = Rules()
CALLS = 1000
"""Calls a day: what is saved on each does not depend on it."""
_DAY = "2026-05-01"

Line = tuple[str, str]
"""A menu and a key."""


class Wish(NamedTuple):
    """What callers want: how much the first lines of each menu for their lengths, and those behind.

    Each further line is wanted `then` times as much as the one before. Where that never rises no
    order is better than the shipped one.
    """

    name: str
    first: tuple[float, ...] = (1,)
    then: float = 1

    def weight(self, n: int) -> float:
        """How much the n-th line, from 0, is wanted for each second of its length."""
        behind = max(n - len(self.first) + 1, 0)
        return self.first[n - behind] * self.then**behind


EVEN = Wish("all lines alike")
TIED = Wish("three lines alike, the others a tenth", (1, 1, 1, 0.1))
BEST = (EVEN, TIED, Wish("each line a fifth less than the one before", then=0.8))
WORSE = (
    Wish("each line half as much again as the one before", then=1.5),
    Wish("each line twice as much as the one before", then=2),
)


class Asking(NamedTuple):
    """How much is counted: wrap-up codes, requests by text and by key; who asks twice."""

    agents: int
    texts: int = 0
    keys: int = 0
    twice: float = 0

    def __str__(self) -> str:
        twice = f", {100 * self.twice:.0f} % of them twice" if self.twice else ""
        return f"{self.agents} / {self.texts} / {self.keys}{twice}"


FEW, REPEATED = Asking(90, 300, 1_000), Asking(90, 300, 1_000, 0.3)
ASKING = (Asking(90), FEW, REPEATED, Asking(400, 1_000, 5_000), Asking(4_000, 10_000, 50_000))


class Shipped(NamedTuple):
    """The shipped menus with the lengths of their lines."""

    model: Model
    times: Mapping[str, Times]


@cache
def shipped() -> Shipped:
    """The shipped menus; read once."""
    model, _ = load(ROOT)
    assert model is not None
    return Shipped(model, durations(model, "zh-CN", load_manifest(ROOT / "prompts")))


def shares(wish: Wish) -> dict[Line, float]:
    """How much each line that leads to no menu is wanted, of all that is."""
    return dict(_shares(wish, shipped().model.start["voice"], 1.0, frozenset()))


def _shares(
    wish: Wish, id_: str, whole: float, above: frozenset[str]
) -> Iterator[tuple[Line, float]]:
    model, times = shipped()
    lengths = times[id_].choices
    parts = [ms * wish.weight(n) for n, ms in enumerate(lengths)]
    for choice, part in zip(_menu(id_).choices, parts, strict=True):
        share = whole * part / sum(parts)
        if isinstance(model.nodes[choice.to], Menu) and choice.to not in above:
            yield from _shares(wish, choice.to, share, above | {id_})
        else:
            yield (id_, choice.key), share


def _menu(id_: str) -> Menu:
    menu = shipped().model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu


def _choice(line: Line) -> Choice:
    return next(choice for choice in _menu(line[0]).choices if choice.key == line[1])


def counted(wish: Wish, asking: Asking, rng: np.random.Generator) -> Callers:
    """What a record of such callers tells."""
    lines = shares(wish)
    leaves = {line: leaf_of(shipped().model, _choice(line)) for line in lines}
    words = {leaf: Word(leaf, "", "") for leaf in leaves.values() if leaf}

    def drawn(n: int) -> dict[Line, int]:
        first = rng.multinomial(round(n / (1 + asking.twice)), list(lines.values()))
        return dict(zip(lines, (first + rng.binomial(first, asking.twice)).tolist(), strict=True))

    agents, texts, keys = drawn(asking.agents), drawn(asking.texts), drawn(asking.keys)
    evidence = Evidence(
        words,
        [
            Count(day=_DAY, channel=channel, leaf=leaves[line], n=n)
            for channel, asked in (("text", texts), ("voice", keys))
            for line, n in asked.items()
            if leaves[line]
        ],
        [Wrapped(_DAY, leaves[line], n) for line, n in agents.items() if leaves[line]],
        codes={leaf: Code(word, leaf) for leaf, word in words.items()},
    )
    found = {leaf: Wanted(row.weight, row.error) for leaf, row in demand(evidence).items()}
    return Callers(found, Counted(pressed=keys))


def site_of(callers: Callers) -> Site:
    """The shipped menus as these callers want them."""
    return site_tree(*shipped(), callers, RULES)


def tunings(callers: Callers) -> tuple[MenuTuning, ...]:
    """What is proposed for them, keys kept."""
    return tuned(site_of(callers), callers, Asked(RULES, CALLS, np.random.default_rng(1)))


class Changed(NamedTuple):
    """In how many weeks and menus something was changed; and would be if chance were left out."""

    weeks: int
    menus: int
    unguarded: int  # weeks
    of: int  # menus that were looked at


def changed(wish: Wish, asking: Asking, weeks: int, seed: int) -> Changed:
    """Weeks of the same callers, each tuned for itself."""
    rng = np.random.default_rng(seed)
    sums = Changed(0, 0, 0, 0)
    for _ in range(weeks):
        found = tunings(counted(wish, asking, rng))
        n = sum(menu.kept.verdict == CHANGE for menu in found)
        sure = any(
            menu.kept.worth.low > RULES.least_seconds and menu.kept.order != _today(menu)
            for menu in found
        )
        seen = (n > 0, n, sure, len(found))
        sums = Changed(*map(sum, zip(sums, seen, strict=True)))
    return sums


def _today(menu: MenuTuning) -> tuple[str, ...]:
    return tuple(line.key for line in menu.lines)


def spared(wish: Wish, asking: Asking, weeks: int, seed: int) -> list[float]:
    """Of all the seconds that the best orders would spare, which share the proposed ones do."""
    lines = shares(wish)
    leaves: dict[str, Wanted] = {}
    for line, share in lines.items():
        if leaf := leaf_of(shipped().model, _choice(line)):
            before = leaves.get(leaf, Wanted(0, 0)).weight
            leaves[leaf] = Wanted(before + share, 0)
    pressed = {line: round(share * 1e9) for line, share in lines.items()}
    truth = filled(site_of(Callers(leaves, Counted(pressed=pressed))).tree)
    rng, found = np.random.default_rng(seed), []
    for _ in range(weeks):
        could = does = 0.0
        for menu in tunings(counted(wish, asking, rng)):
            lineup = truth.menus[menu.menu].lineup
            last = tuple(option.id for option in lineup.options[len(menu.lines) :])
            ratio = {option.id: -option.w / option.d for option in lineup.options}
            best = sorted(_today(menu), key=ratio.__getitem__)
            now = cost(lineup, lineup.ids)
            could += now - cost(lineup, (*best, *last))
            if menu.kept.verdict == CHANGE:
                does += now - cost(lineup, (*menu.kept.order, *last))
        found.append(does / could if could else math.nan)
    return found
