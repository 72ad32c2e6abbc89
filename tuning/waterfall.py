"""From today's menus to what no menus could be below, step by step, in seconds a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tuning.bound import lower_bound
from tuning.order import gap, score
from tuning.shortcut_limits import Shortcut
from tuning.shortcuts import best_shortcuts
from tuning.site import KEYS
from tuning.tree import Tree, best_orders, demand, filled, seconds, today, worst_orders

TODAY, PINNED, FREE, SHORT, BOUND = STEPS = ("today", "pinned", "free", "shortcuts", "bound")
"""The menus as they are, in the best order under all rules, under none, with shortcuts, any."""


class Waterfall(NamedTuple):
    """Seconds of menus that a call listens to, by step; `worst` is the worst order's.

    `shortcuts` are those of the step SHORT.
    """

    steps: dict[str, float]
    worst: float
    shortcuts: tuple[Shortcut, ...]

    @property
    def gap(self) -> float:
        """Which share of today's seconds the best orders under all rules would spare."""
        return gap(self.steps[TODAY], self.steps[PINNED])

    @property
    def score(self) -> float:
        """1 when every menu has its best order, 0 when each has its worst."""
        return score(self.steps[TODAY], self.steps[PINNED], self.worst)


def waterfall(tree: Tree, candidates: Sequence[Shortcut], most: int) -> Waterfall:
    """The steps for a tree with demand, and at most `most` of the candidates as shortcuts.

    Raises ValueError for a tree that nobody wants anything of.
    """
    tree = filled(tree)
    whole = demand(tree.menus[tree.root].lineup)
    if not whole:
        raise ValueError("no demand")
    free = unpinned(tree)
    found = best_shortcuts(free, candidates, most)
    costs = {
        TODAY: seconds(tree, today(tree)),
        PINNED: _cost(tree),
        FREE: _cost(free),
        SHORT: found.cost,
        BOUND: tree_bound(tree),
    }
    worst = sum(order.cost for order in worst_orders(tree).values())
    return Waterfall(
        {step: value / whole for step, value in costs.items()}, worst / whole, found.shortcuts
    )


def _cost(tree: Tree) -> float:
    return sum(order.cost for order in best_orders(tree).values())


def unpinned(tree: Tree) -> Tree:
    """The tree without any rule of order, its reserved keys free as well."""
    return tree._replace(
        menus={
            id_: menu._replace(lineup=menu.lineup._replace(pins={}, groups=(), before=()))
            for id_, menu in tree.menus.items()
        }
    )


def tree_bound(tree: Tree) -> float:
    """Seconds times demand that no menus for the leaves of a filled tree could be below."""
    leaves: list[tuple[float, float]] = []
    _collect(tree, tree.root, 1, 1, leaves)
    lineups = [tree.menus[id_].lineup for id_ in tree.ids]
    shortest = min(o.d for lineup in lineups for o in lineup.options)
    least = lower_bound(leaves, min(lineup.intro for lineup in lineups), shortest, len(KEYS))
    return least * sum(w for w, _ in leaves)


def _collect(
    tree: Tree, id_: str, share: float, listening: float, leaves: list[tuple[float, float]]
) -> None:
    """What listens all the way to each leaf; who knows a key on it can only add to that."""
    menu = tree.menus[id_]
    for option in menu.lineup.options:
        below = menu.to.get(option.id)
        if below is None:
            leaves.append((option.w * option.listens * share * listening, option.d))
        else:
            part = share * menu.share.get(option.id, 1)
            _collect(tree, below, part, listening * option.listens, leaves)
