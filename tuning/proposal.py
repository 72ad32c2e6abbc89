"""What tuning proposes: menu by menu today's order against the best, what it saves and how surely.

A menu is changed only if the lower bound of what it saves (the posterior's 5 % quantile, times
calls, times horizon) exceeds the cost of relearning keys, and the mean exceeds what chance alone
would show (`chance`); else the reason is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tuning.bound import lower_bound
from tuning.chance import FALSE, by_chance, indifferent
from tuning.lineup import Exponential, Lineup, Order, cost, heard, keys_of
from tuning.order import best, gap, score
from tuning.posterior import Interval, interval, rate, shares
from tuning.rules import SUCCESS, Rules
from tuning.site import KEYS, Callers, Site, renumbered
from tuning.tree import Tree, best_orders, demand, filled, surviving, worst_orders

CHANGE = "change"
BEST, FIXED, NO_DATA, TOO_FEW, TOO_SMALL = "best", "fixed", "no_data", "too_few", "too_small"
"""Why a menu is not changed: it is at its best, pinned, or not enough is known or gained."""


class Variant(NamedTuple):
    """Another order of a menu, keys kept or given out anew.

    `order` are today's keys of the choices as they would be announced, `keys` the key that each
    would have. `seconds` is what a call through the menu would listen to on average; `saved` what
    it would save, `relearn` what regulars lose on the way, both in seconds a call. `worth` is
    `saved` when time is the aim; when it is to keep callers, those kept, in the seconds that would
    keep as many. `failures` is the change of failures a day, as far as they come from listening.
    `verdict`: CHANGE, or why not.
    """

    order: tuple[str, ...]
    keys: Mapping[str, str]
    seconds: float
    saved: Interval
    worth: Interval
    relearn: float
    failures: Interval
    verdict: str
    rule: str


class Line(NamedTuple):
    """A choice today: its key, share of the menu's callers, seconds, and who knows its key."""

    key: str
    share: float
    length: float
    early: float


class MenuTuning(NamedTuple):
    """One menu: `calls` through it a day, its figures in seconds a call, and both variants.

    `events`: how many counted requests its demand is as good as. `hang_ups` per second listened.
    `chance`: what the best order would seem to save, or to be worth, if today's were the best.
    """

    menu: str
    calls: float
    events: float
    lines: tuple[Line, ...]
    seconds: float
    best: float
    worst: float
    bound: float
    hang_ups: Interval
    chance: float
    kept: Variant
    renumbered: Variant

    @property
    def gap(self) -> float:
        """Which share of today's seconds the best order would spare."""
        return gap(self.seconds, self.best)

    @property
    def score(self) -> float:
        """1 for the best order, 0 for the worst."""
        return score(self.seconds, self.best, self.worst)


class Asked(NamedTuple):
    """What tuning works with beside the site: rules, calls a day, draws of chance.

    `rng` is numpy's Generator; the same state gives the same proposal.
    """

    rules: Rules
    calls: float
    rng: Any


def tuned(site: Site, callers: Callers, asked: Asked) -> tuple[MenuTuning, ...]:
    """Every menu with more than one choice, the start first, then in the order of the ways down."""
    tree = filled(site.tree)
    survivals = _patience(tree, callers) if asked.rules.aim == SUCCESS else None
    weighed = tree if survivals is None else surviving(tree, survivals)
    orders, worst = best_orders(tree, survivals), worst_orders(tree)
    whole = demand(tree.menus[tree.root].lineup)
    ids = [id_ for id_ in reversed(tree.ids) if len(site.choices[id_]) > 1]
    false = FALSE / max(sum(demand(tree.menus[id_].lineup) > 0 for id_ in ids), 1)
    found = []
    for id_ in ids:
        lineup = tree.menus[id_].lineup
        share = demand(lineup) / whole if whole else 0
        survival = survivals[id_] if survivals is not None else None
        menu = _Menu(id_, lineup, survival, site, callers, asked, asked.calls * share)
        anew = renumbered(weighed.menus[id_].lineup, _relearn(asked.rules, survival))
        found.append(menu.tuned(orders[id_], best(anew, survival), worst[id_], false))
    return tuple(found)


def _relearn(rules: Rules, survival: Exponential | None) -> float:
    """What relearning a key costs, in the aim's unit: seconds, or callers lost in that time."""
    return rules.relearn * (survival.rate if survival is not None else 1)


def _patience(tree: Tree, callers: Callers) -> dict[str, Exponential]:
    """The patience in each menu: hang-ups for each second listened."""
    counted = callers.counted
    return {
        id_: Exponential(
            (counted.hang_ups.get(id_, 0) + 0.5) / max(counted.listened.get(id_, 0), 1)
        )
        for id_ in tree.ids
    }


class _Menu:
    """Works out one menu."""

    def __init__(
        self,
        id_: str,
        lineup: Lineup,
        survival: Exponential | None,
        site: Site,
        callers: Callers,
        asked: Asked,
        calls: float,
    ) -> None:
        self._id, self._lineup, self._survival = id_, lineup, survival
        self._asked, self._calls = asked, calls
        keys = site.choices[id_]
        self._choices = [option for option in lineup.options if option.id in keys]
        self._wanted = [site.wanted[id_, option.id] for option in self._choices]
        self._weight = sum(w.weight for w in self._wanted)
        whole = demand(lineup)
        self._part = self._weight / whole if whole else 0
        self._shares = shares(self._wanted, indifferent(self._choices, survival), asked.rng)
        counted = callers.counted
        listened = counted.listened.get(id_, 0)
        self._hang_ups = rate(counted.hang_ups.get(id_, 0), listened, asked.rng)

    def tuned(self, kept: Order, anew: Order, worst: Order, false: float) -> MenuTuning:
        """`false`: how often chance may change it."""
        lineup, rules, rng = self._lineup, self._asked.rules, self._asked.rng
        wanted = list(zip(self._choices, self._wanted, strict=True))
        chance = self._part * by_chance(lineup, wanted, self._survival, false, rng)
        return MenuTuning(
            self._id,
            self._calls,
            sum(w.events for w in self._wanted),
            tuple(
                Line(o.key, o.w / self._weight if self._weight else 0, o.d, 1 - o.listens)
                for o in self._choices
            ),
            self._mean(lineup.ids),
            self._mean(best(lineup).ids),
            self._mean(worst.ids),
            self._bound(),
            interval(self._hang_ups),
            chance,
            self._variant(lineup, kept, chance),
            self._variant(renumbered(lineup, rules.relearn), anew, chance),
        )

    def _mean(self, ids: Sequence[str]) -> float:
        """Seconds of listening for each call through the menu."""
        whole = demand(self._lineup)
        return cost(self._lineup._replace(keys=()), ids) / whole if whole else 0

    def _bound(self) -> float:
        """What no menu of these options, however deep, could be below."""
        options = self._lineup.options
        least = lower_bound(
            [(o.listening, o.d) for o in options],
            self._lineup.intro,
            min(o.d for o in options),
            len(KEYS),
        )
        whole = demand(self._lineup)
        return least * sum(o.listening for o in options) / whole if whole else 0

    def _variant(self, lineup: Lineup, found: Order, chance: float) -> Variant:
        keys = keys_of(lineup, found.ids)
        saved = self._spared(found, None)
        worth = saved if self._survival is None else self._spared(found, self._survival)
        regulars = sum(o.regulars for o in self._choices if keys[o.id] != o.key)
        relearn = lineup.relearn * regulars / demand(lineup) if regulars else 0
        moved = found.ids != lineup.ids or any(keys[o.id] != o.key for o in self._choices)
        return Variant(
            tuple(id_ for id_ in found.ids if any(o.id == id_ for o in self._choices)),
            {o.id: keys[o.id] for o in self._choices},
            self._mean(found.ids),
            interval(saved),
            interval(worth),
            relearn,
            interval(-worth * self._hang_ups * self._calls),
            self._verdict(interval(worth), chance, relearn, moved),
            found.rule,
        )

    def _spared(self, found: Order, survival: Exponential | None) -> Any:
        """Draws of the seconds that an order spares each call, or of those that it is worth."""
        import numpy as np

        lineup = self._lineup
        new, now = heard(lineup, found.ids), heard(lineup, lineup.ids)
        if survival is None:
            spared = [o.hearings * (now[o.id] - new[o.id]) for o in self._choices]
        else:
            spared = [
                (survival(new[o.id]) - survival(now[o.id])) / survival.rate for o in self._choices
            ]
        listening = [lineup.barge_in * o.listens for o in self._choices]
        return self._part * (self._shares @ (np.array(listening) * np.array(spared)))

    def _verdict(self, worth: Interval, chance: float, relearn: float, moved: bool) -> str:
        """Compared for a call: calls and horizon are factors on both sides."""
        rules = self._asked.rules
        needed = relearn + rules.least_seconds
        if rules.of(self._id).fixed:
            return FIXED
        if not self._weight:
            return NO_DATA
        if not moved:
            return BEST
        if worth.low > needed and worth.mean > chance:
            return CHANGE
        return TOO_FEW if worth.mean > needed else TOO_SMALL
