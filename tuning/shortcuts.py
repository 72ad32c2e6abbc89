"""Shortcuts: at most k hot leaves announced at the top as well, found by branch and bound.

Not greedily: the best pair is not always the best one and the next best beside it. A shortcut takes
the callers who listen all the way; those who know a key press it as before (a *copied* leaf), or
the leaf leaves its menu and all its callers go by the top (a *moved* one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuning.lineup import Lineup, Option
from tuning.order import best
from tuning.shortcut_limits import Flow, Shortcut, savings_at_most, top_hearings
from tuning.tree import Menu, Tree, filled


class Found(NamedTuple):
    """The best set of shortcuts, what the tree costs with them, and how many sets were costed."""

    shortcuts: tuple[Shortcut, ...]
    cost: float
    tried: int


def with_shortcuts(tree: Tree, chosen: Sequence[Shortcut], *, moved: bool = False) -> Tree:
    """The filled tree with these shortcuts behind the other options of the top.

    A shortcut takes a key that is free: when keys are given out anew it is not among them.

    Raises KeyError for a leaf that the tree does not have.
    """
    tree = filled(tree)
    parents = _parents(tree)
    menus = dict(tree.menus)
    for shortcut in chosen:
        flows = list(_flows(tree, parents, shortcut, moved))
        for flow in flows:
            menu = menus[flow.menu]
            menus[flow.menu] = menu._replace(lineup=_less(menu.lineup, flow))
        if moved:
            menu = menus[shortcut.menu]
            rest = tuple(o for o in menu.lineup.options if o.id != shortcut.option)
            menus[shortcut.menu] = menu._replace(lineup=menu.lineup._replace(options=rest))
        root = menus[tree.root]
        option = Option(shortcut.id, flows[0].demand, shortcut.d, hearings=top_hearings(tree))
        if moved:
            known = _option(tree.menus[shortcut.menu].lineup, shortcut.option)
            option = option._replace(regulars=known.regulars)
        top = root.lineup._replace(
            options=_placed(root.lineup, option),
            kept=root.lineup.kept | {shortcut.id},
            uncounted=root.lineup.uncounted | {shortcut.id},
        )
        menus[tree.root] = root._replace(lineup=top)
    return tree._replace(menus={id_: _shared(menus, menu) for id_, menu in menus.items()})


def _shared(menus: Mapping[str, Menu], menu: Menu) -> Menu:
    """The menu with the shares of demand that are left on each way to a menu below."""
    if not menu.share:
        return menu
    left = {below: sum(o.w for o in menus[below].lineup.options) for below in menu.to.values()}
    share = {
        o.id: o.w / left[menu.to[o.id]]
        for o in menu.lineup.options
        if o.id in menu.share and left[menu.to[o.id]]
    }
    return menu._replace(share={**menu.share, **share})


def _placed(lineup: Lineup, option: Option) -> tuple[Option, ...]:
    """The options with a new one behind those that are not pinned to the end."""
    n = len(lineup.options)
    while n and lineup.pins.get(lineup.options[n - 1].id, 0) < 0:
        n -= 1
    return (*lineup.options[:n], option, *lineup.options[n:])


def _option(lineup: Lineup, id_: str) -> Option:
    return next(option for option in lineup.options if option.id == id_)


def _less(lineup: Lineup, flow: Flow) -> Lineup:
    """The lineup without a part of an option's demand, of which some listened."""

    def less(option: Option) -> Option:
        w = max(option.w - flow.demand, 0)
        listening = max(option.w * option.listens - flow.listening, 0)
        return option._replace(w=w, listens=min(listening / w, 1) if w else 0)

    return lineup._replace(
        options=tuple(less(o) if o.id == flow.option else o for o in lineup.options)
    )


Parents = Mapping[str, Sequence[tuple[str, Option, float]]]
"""For each menu the options that lead to it: their menu, themselves, the share that comes by."""


def _parents(tree: Tree) -> Parents:
    found: dict[str, list[tuple[str, Option, float]]] = {}
    for id_ in tree.ids:
        menu = tree.menus[id_]
        for option in menu.lineup.options:
            below = menu.to.get(option.id)
            if below is not None:
                found.setdefault(below, []).append((id_, option, menu.share.get(option.id, 1)))
    return found


def _reach(parents: Parents, menu: str) -> float:
    """Which share of a menu's callers listened all the way to it."""
    above = parents.get(menu)
    if above is None:
        return 1
    return sum(share * option.listens * _reach(parents, up) for up, option, share in above)


def _flows(tree: Tree, parents: Parents, shortcut: Shortcut, moved: bool) -> Iterator[Flow]:
    """What leaves the leaf's own option, then what leaves each option above it."""
    option = _option(tree.menus[shortcut.menu].lineup, shortcut.option)
    listening = option.w * option.listens
    demand = option.w if moved else listening * _reach(parents, shortcut.menu)
    yield Flow(shortcut.menu, shortcut.option, demand, listening if moved else demand)
    yield from _above(parents, shortcut.menu, demand, moved)


def _above(parents: Parents, menu: str, demand: float, moved: bool) -> Iterator[Flow]:
    reach = _reach(parents, menu)
    for up, option, share in parents.get(menu, ()):
        by = share
        if not moved and reach:  # of those who listen, by where they listen
            by = share * option.listens * _reach(parents, up) / reach
        part = demand * by
        yield Flow(up, option.id, part, part * option.listens if moved else part)
        yield from _above(parents, up, part, moved)


# -- branch and bound ------------------------------------------------------------------------------


def best_shortcuts(
    tree: Tree, candidates: Sequence[Shortcut], most: int, *, moved: bool = False
) -> Found:
    """The at most `most` candidates whose shortcuts make the tree cheapest, all menus reordered.

    None of them when none pays. Exact: a branch is left only when the most that further shortcuts
    could save, each for itself (`shortcut_limits`), does not reach the best set found so far.
    """
    search = _Search(filled(tree), candidates, most, moved)
    search.go(0, ())
    return Found(search.best, search.cost, search.tried)


class _Search:
    def __init__(self, tree: Tree, candidates: Sequence[Shortcut], most: int, moved: bool) -> None:
        self._tree, self._most, self._moved = tree, most, moved
        parents = _parents(tree)
        flows = {c: tuple(_flows(tree, parents, c, moved)) for c in candidates}
        limits = savings_at_most(tree, flows, most, moved)
        self._candidates = sorted(candidates, key=limits.__getitem__, reverse=True)
        self._limits = [max(limits[c], 0) for c in self._candidates]
        self._on_way = {c: frozenset(flow.menu for flow in flows[c]) for c in candidates}
        self._known: dict[tuple[str, frozenset[Shortcut]], float] = {}
        self.best: tuple[Shortcut, ...] = ()
        self.cost = self._whole(())
        self.tried = 1

    def go(self, begin: int, chosen: tuple[Shortcut, ...]) -> None:
        """All sets that begin with `chosen` and go on with candidates from `begin` on."""
        left = self._most - len(chosen)
        at = self._whole(chosen)
        for n in range(begin, len(self._candidates) if left else begin):
            if at - sum(self._limits[n : n + left]) >= self.cost:
                return  # sorted: what follows saves no more
            more = (*chosen, self._candidates[n])
            self.tried += 1
            cost = self._whole(more)
            if cost < self.cost:
                self.best, self.cost = more, cost
            self.go(n + 1, more)

    def _whole(self, chosen: tuple[Shortcut, ...]) -> float:
        """What the tree costs; only menus on the way of a shortcut are looked at anew."""
        root = self._tree.root
        menus: Mapping[str, Menu] | None = None
        total: float = 0
        for id_ in self._tree.ids:
            here = frozenset(c for c in chosen if id_ == root or id_ in self._on_way[c])
            known = self._known.get((id_, here))
            if known is None:
                if menus is None:
                    menus = with_shortcuts(self._tree, chosen, moved=self._moved).menus
                known = self._known[id_, here] = best(menus[id_].lineup).cost
            total += known
        return total
