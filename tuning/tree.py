"""Menus that lead to menus: demand from the leaves up, the best order of each, the whole's cost.

The time objective separates menu by menu: a sub-menu's weight is the demand of its leaves, whatever
its own order. With patience it does not: a sub-menu is worth what survives in it, so that it is
ordered first and its surviving value is its weight above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuning.lineup import Lineup, Order, Survival, cost
from tuning.order import best, worst

Survivals = Mapping[str, Survival]
"""The patience in each menu."""
Orders = Mapping[str, Sequence[str]]
"""The order of each menu, as option ids."""


class Menu(NamedTuple):
    """A menu in its tree. `to`: the menus that some options lead to.

    `share`: of a menu to which several options lead, the part of its demand that comes by this
    one (1 where nothing is said).
    """

    lineup: Lineup
    to: Mapping[str, str] = {}
    share: Mapping[str, float] = {}


class Tree(NamedTuple):
    """Menus by id, without circles. Where an option leads to a menu, its own `w` says nothing."""

    root: str
    menus: Mapping[str, Menu]

    @property
    def ids(self) -> list[str]:
        """The menus that the root leads to, each after all that it leads to: the root is last."""
        found: dict[str, None] = {}
        _collect(self, self.root, found)
        return list(found)


def _collect(tree: Tree, menu: str, found: dict[str, None]) -> None:
    if menu not in found:
        for below in tree.menus[menu].to.values():
            _collect(tree, below, found)
        found[menu] = None


def demand(lineup: Lineup) -> float:
    """How many callers a menu has."""
    return sum(option.w for option in lineup.options)


def filled(tree: Tree) -> Tree:
    """The tree with every option's demand: that of an option to a menu is its leaves'."""
    return tree._replace(menus=_valued(tree, None, None))


def surviving(tree: Tree, survivals: Survivals) -> Tree:
    """The tree with the weights that patience gives: of a sub-menu what survives in it at best."""
    return tree._replace(menus=_valued(tree, survivals, {}))


def best_orders(tree: Tree, survivals: Survivals | None = None) -> dict[str, Order]:
    """The best order of each menu, bottom-up; errors are those of `order.best`."""
    orders: dict[str, Order] = {}
    _valued(tree, survivals, orders)
    return orders


def worst_orders(tree: Tree) -> dict[str, Order]:
    """The order of each menu that costs most time."""
    menus = filled(tree).menus
    return {id_: worst(menus[id_].lineup) for id_ in tree.ids}


def seconds(tree: Tree, orders: Orders) -> float:
    """What these orders cost: seconds of listening times demand, summed along every path."""
    menus = filled(tree).menus
    return sum(cost(menus[id_].lineup, orders[id_]) for id_ in tree.ids)


def kept(tree: Tree, orders: Orders, survivals: Survivals) -> float:
    """How much of the demand reaches its leaf: callers who run out of patience are lost."""
    values: dict[str, float] = {}
    for id_ in tree.ids:
        lineup = _weighed(tree.menus[id_], values)
        values[id_] = _surviving(lineup, orders[id_], survivals[id_])
    return values[tree.root]


def today(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Every menu's order as it is."""
    return {id_: tree.menus[id_].lineup.ids for id_ in tree.ids}


def _valued(
    tree: Tree, survivals: Survivals | None, orders: dict[str, Order] | None
) -> dict[str, Menu]:
    values: dict[str, float] = {}
    menus: dict[str, Menu] = {}
    for id_ in tree.ids:
        menu = tree.menus[id_]
        lineup = _weighed(menu, values)
        menus[id_] = menu._replace(lineup=lineup)
        survival = survivals[id_] if survivals is not None else None
        if orders is not None:
            orders[id_] = best(lineup, survival)
        if survival is not None and orders is not None:
            values[id_] = _surviving(lineup, orders[id_].ids, survival)
        else:
            values[id_] = demand(lineup)
    return menus


def _weighed(menu: Menu, values: Mapping[str, float]) -> Lineup:
    if not menu.to:
        return menu.lineup
    return menu.lineup._replace(
        options=tuple(
            option._replace(w=values[menu.to[option.id]] * menu.share.get(option.id, 1))
            if option.id in menu.to
            else option
            for option in menu.lineup.options
        )
    )


def _surviving(lineup: Lineup, ids: Sequence[str], survival: Survival) -> float:
    return demand(lineup) - cost(lineup._replace(keys=()), ids, survival)
