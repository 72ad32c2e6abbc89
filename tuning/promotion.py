"""Shortcuts worth promoting: which leaves, what that saves, and how surely."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuning.lineup import Order, cost
from tuning.posterior import Interval
from tuning.proposal import BEST, CHANGE, NO_DATA, TOO_FEW, TOO_SMALL
from tuning.rules import Rules
from tuning.shortcut_limits import Shortcut
from tuning.shortcuts import best_shortcuts, with_shortcuts
from tuning.site import Site
from tuning.tree import Tree, best_orders, demand, filled

_Z = 1.6449
"""The normal distribution's 95 % quantile."""


class Promotion(NamedTuple):
    """Shortcuts at the top beside the best orders without them.

    `saved` is seconds a call, against the best orders without shortcuts; `top` the order of the
    top with them, as option ids; `verdict` CHANGE or why not.
    """

    shortcuts: tuple[Shortcut, ...]
    top: tuple[str, ...]
    saved: Interval
    verdict: str


def promotion(site: Site, candidates: Sequence[Shortcut], most: int, rules: Rules) -> Promotion:
    """At most `most` of the candidates as shortcuts, all rules of order kept.

    The bounds take each leaf's demand as normal with its standard error.
    """
    tree = filled(site.tree)
    whole = demand(tree.menus[tree.root].lineup)
    chosen = best_shortcuts(tree, candidates, most, moved=rules.moved).shortcuts if whole else ()
    if not chosen:
        return Promotion((), (), Interval(0, 0, 0), BEST if whole else NO_DATA)

    def with_them(tree: Tree) -> Tree:
        return with_shortcuts(tree, chosen, moved=rules.moved)

    new = filled(with_them(tree))
    now, orders = _ids(best_orders(tree)), _ids(best_orders(new))
    changed = [id_ for id_ in tree.ids if new.menus[id_].lineup != tree.menus[id_].lineup]

    def spares(tree: Tree) -> float:
        before, after = filled(tree).menus, filled(with_them(tree)).menus
        return sum(
            cost(before[id_].lineup, now[id_]) - cost(after[id_].lineup, orders[id_])
            for id_ in changed
        )

    mean = spares(tree) / whole
    parts = [
        (spares(_doubled(tree, line)) - mean * whole - mean * wanted.weight, wanted)
        for line, wanted in site.wanted.items()
        if wanted.weight and line[1] not in tree.menus[line[0]].to
    ]
    error = math.hypot(*(part * w.error / w.weight for part, w in parts)) / whole
    saved = Interval(mean, mean - _Z * error, mean + _Z * error)
    needed = rules.least_seconds
    if rules.moved:
        needed += rules.relearn * sum(_regulars(tree, shortcut) for shortcut in chosen) / whole
    verdict = TOO_FEW if mean > needed else TOO_SMALL
    return Promotion(chosen, orders[tree.root], saved, CHANGE if saved.low > needed else verdict)


def _ids(orders: Mapping[str, Order]) -> dict[str, tuple[str, ...]]:
    return {id_: order.ids for id_, order in orders.items()}


def _doubled(tree: Tree, line: tuple[str, str]) -> Tree:
    """The tree with one leaf wanted twice as much: costs are linear in what is wanted."""
    id_, key = line
    menu = tree.menus[id_]
    options = tuple(o._replace(w=2 * o.w) if o.id == key else o for o in menu.lineup.options)
    lineup = menu.lineup._replace(options=options)
    return tree._replace(menus={**tree.menus, id_: menu._replace(lineup=lineup)})


def _regulars(tree: Tree, shortcut: Shortcut) -> float:
    options = tree.menus[shortcut.menu].lineup.options
    return next(option.regulars for option in options if option.id == shortcut.option)
