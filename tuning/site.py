"""A version's menus as a tree for tuning: what its callers want, and how long each line is.

An option is called by its key. Where a line leads to no leaf (another language, a menu further up)
nothing but its presses tells how much it is wanted; they are scaled to the leaves' demand. A leaf
or a menu that several lines lead to is shared among them by their presses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from menus.model import Choice, Menu, Model
from menus.paths import leaf_of
from tuning.counted import Counted
from tuning.habits import Habits
from tuning.heard import Times
from tuning.lineup import Lineup, Option, hearings
from tuning.posterior import Wanted, together
from tuning.rules import Rules, constrained
from tuning.tree import Menu as TreeMenu
from tuning.tree import Tree

AGENT = "agent"
KEYS = "1234567890*#"
"""In the order in which they are given out."""


class Callers(NamedTuple):
    """All that is known of callers: what they want by leaf, how menus are used, their habits."""

    demand: Mapping[str, Wanted]
    counted: Counted = Counted()
    habits: Habits = Habits()


class Site(NamedTuple):
    """The tree with all rules, and the demand of each option with its error, by (menu, key).

    `choices` has the keys of each menu's lines; its other options are reserved keys.
    """

    tree: Tree
    wanted: Mapping[tuple[str, str], Wanted]
    choices: Mapping[str, tuple[str, ...]]


def site_tree(model: Model, times: Mapping[str, Times], callers: Callers, rules: Rules) -> Site:
    """The menus below the start, in seconds. Raises KeyError for a menu without times."""
    menus = dict(_reached(model))
    wants = _Wants(model, menus, callers)
    wanted = wants.all()
    built = {
        id_: TreeMenu(
            _lineup(menu, times[id_], callers, rules, wanted),
            below,
            {key: wants.share(to, (id_, key)) for key, to in below.items()},
        )
        for id_, (menu, below) in menus.items()
    }
    choices = {id_: tuple(c.key for c in menu.choices) for id_, (menu, _) in menus.items()}
    return Site(Tree(model.start["voice"], built), wanted, choices)


Below = Mapping[str, str]
"""By key: the menu that a line leads down to."""


def _reached(model: Model) -> Iterator[tuple[str, tuple[Menu, Below]]]:
    """The menus below the start, each with the lines that lead further down."""
    found: dict[str, tuple[Menu, dict[str, str]]] = {}

    def visit(id_: str, above: frozenset[str]) -> None:
        menu = model.nodes[id_]
        assert isinstance(menu, Menu)
        if id_ in found:
            return
        found[id_] = menu, {}
        for choice in menu.choices:
            if isinstance(model.nodes[choice.to], Menu) and choice.to not in above | {id_}:
                found[id_][1][choice.key] = choice.to
                visit(choice.to, above | {id_})

    if isinstance(model.nodes[model.start["voice"]], Menu):
        visit(model.start["voice"], frozenset())
    yield from found.items()


class _Wants:
    """Works out the demand of each option."""

    def __init__(
        self, model: Model, menus: Mapping[str, tuple[Menu, Below]], callers: Callers
    ) -> None:
        self._model, self._menus = model, menus
        self._demand, self._pressed = callers.demand, callers.counted.pressed
        self._ways: dict[str, list[tuple[str, str]]] = {}
        self._lines: dict[tuple[str, str], Choice] = {}
        for id_, (menu, below) in menus.items():
            for choice in menu.choices:
                self._lines[id_, choice.key] = choice
                target = below.get(choice.key) or leaf_of(model, choice)
                if target:
                    self._ways.setdefault(target, []).append((id_, choice.key))
        leaves = [
            (id_, choice.key) for (id_, _), choice in self._lines.items() if leaf_of(model, choice)
        ]
        presses = sum(self._pressed.get(line, 0) for line in leaves)
        known = {leaf_of(model, self._lines[line]) for line in leaves}
        whole = sum(w.weight for leaf, w in self._demand.items() if leaf in known)
        self._scale = whole / presses if presses else 0

    def all(self) -> dict[tuple[str, str], Wanted]:
        """By menu and key, reserved keys too."""
        found: dict[tuple[str, str], Wanted] = {}
        of_menu: dict[str, Wanted] = {}
        for id_ in self._downmost_first():
            menu, below = self._menus[id_]
            for choice in menu.choices:
                line = id_, choice.key
                if choice.key in below:
                    whole = of_menu[below[choice.key]]
                    found[line] = _part(whole, self.share(below[choice.key], line))
                elif leaf := leaf_of(self._model, choice):
                    whole = self._demand.get(leaf, Wanted(0, 0))
                    found[line] = _part(whole, self.share(leaf, line))
                else:
                    found[line] = self._by_presses(line)
            for key, function in menu.reserved.items():
                asked = function == AGENT
                found[id_, key] = self._by_presses((id_, key)) if asked else Wanted(0, 0)
            of_menu[id_] = together([w for (at, _), w in found.items() if at == id_])
        return found

    def _downmost_first(self) -> list[str]:
        order: dict[str, None] = {}

        def visit(id_: str) -> None:
            if id_ not in order:
                for below in self._menus[id_][1].values():
                    visit(below)
                order[id_] = None

        for id_ in self._menus:
            visit(id_)
        return list(order)

    def share(self, target: str, line: tuple[str, str]) -> float:
        """A line's part of what is wanted of a leaf or menu: by presses, each begun with one."""
        ways = self._ways[target]
        presses = [self._pressed.get(way, 0) + 1 for way in ways]
        return (self._pressed.get(line, 0) + 1) / sum(presses)

    def _by_presses(self, line: tuple[str, str]) -> Wanted:
        n = self._pressed.get(line, 0)
        return Wanted(n * self._scale, math.sqrt(n) * self._scale)


def _part(whole: Wanted, share: float) -> Wanted:
    return Wanted(whole.weight * share, whole.error * math.sqrt(share))


def _lineup(
    menu: Menu,
    times: Times,
    callers: Callers,
    rules: Rules,
    wanted: Mapping[tuple[str, str], Wanted],
) -> Lineup:
    """A menu's lines, then its reserved keys, which the engine announces last whatever comes."""
    counted, habits = callers.counted, callers.habits
    often = hearings(counted.error_share(menu.id), menu.tries.most)

    def option(key: str, ms: int) -> Option:
        early = habits.early(menu.id, key)
        weight = wanted[menu.id, key].weight
        return Option(key, weight, ms / 1000, 1 - early, often, weight * early, key)

    choices = [option(c.key, ms) for c, ms in zip(menu.choices, times.choices, strict=True)]
    reserved = [option(key, ms) for key, ms in times.reserved.items()]
    lineup = Lineup(
        (*choices, *reserved),
        times.intro / 1000,
        {o.id: n - len(reserved) for n, o in enumerate(reserved)},
        barge_in=habits.barge_in(menu.id),
        kept=frozenset(o.id for o in reserved),
    )
    ids = {choice.label: choice.key for choice in menu.choices}
    return constrained(lineup, rules.of(menu.id), ids)


def renumbered(lineup: Lineup, relearn: float) -> Lineup:
    """The lineup with its keys given out anew, in rising order, at that cost for each regular."""
    free = sorted((o.key for o in lineup.options if o.id not in lineup.kept), key=KEYS.index)
    return lineup._replace(keys=tuple(free), relearn=relearn)
