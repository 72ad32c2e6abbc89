"""How much a shortcut can save at most, whatever other shortcuts there are beside it.

The pruning rule of `shortcuts`. Without rules of order the cost of a menu in its best order is
sum L_i (a + d_i) + sum over pairs of min(L_i d_j, L_j d_i), L being who listens. That makes the
change that one more shortcut brings a sum over pairs, and each term has its bounds when up to
`most - 1` other shortcuts may have taken demand away. A sub-menu with rules of order saves at most
what its longest way takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuning.lineup import Lineup, Option
from tuning.tree import Tree


class Shortcut(NamedTuple):
    """A leaf that may be announced at the top: where it stands, how long it would be there."""

    id: str
    menu: str
    option: str
    d: float


class Flow(NamedTuple):
    """A part of an option's demand that goes by the top instead."""

    menu: str
    option: str
    demand: float
    listening: float


Flows = Mapping[Shortcut, Sequence[Flow]]
"""What each shortcut would take from the options on its way, its own first."""


class _At(NamedTuple):
    """A menu's figures: options that may move, those pinned to its end, and its whole length."""

    lineup: Lineup
    free: tuple[Option, ...]
    last: tuple[Option, ...]
    whole: float
    listening: float


def relaxed_lineup(lineup: Lineup) -> Lineup:
    """A lineup that keeps only what is pinned to its end (from -1 on): its best costs no more."""
    at = {place: id_ for id_, place in lineup.pins.items()}
    pins = {}
    place = -1
    while place in at:
        pins[at[place]] = place
        place -= 1
    return lineup._replace(pins=pins, groups=(), before=(), keys=())


def counts_places(lineup: Lineup) -> bool:
    """Whether a pin counts from the beginning: a shortcut before it moves it by one place."""
    return any(place >= 0 for place in lineup.pins.values())


def savings_at_most(tree: Tree, flows: Flows, most: int, moved: bool) -> dict[Shortcut, float]:
    """The most that each shortcut can save.

    The tree is a filled one. A top whose pins count places must be costed as relaxed.
    """
    limits = _Limits(tree, flows, most, moved)
    return {shortcut: limits.saving(shortcut, parts) for shortcut, parts in flows.items()}


def _l(option: Option) -> float:
    return option.w * option.listens


class _Limits:
    def __init__(self, tree: Tree, flows: Flows, most: int, moved: bool) -> None:
        self._root, self._moved, self._others = tree.root, moved, most - 1
        self._menus = {id_: _at(tree.menus[id_].lineup) for id_ in tree.ids}
        self._ruled = {
            id_
            for id_, at in self._menus.items()
            if at.lineup != relaxed_lineup(at.lineup)
            and not (id_ == tree.root and counts_places(at.lineup))
        }
        by_option: dict[tuple[str, str], list[float]] = {}
        for parts in flows.values():
            for flow in parts:
                by_option.setdefault((flow.menu, flow.option), []).append(flow.listening)
        self._takers = {key: sorted(parts, reverse=True) for key, parts in by_option.items()}
        self._longest = sum(sorted((s.d for s in flows), reverse=True)[: self._others])
        self._rivals = [(parts[0].demand, shortcut.d) for shortcut, parts in flows.items()]

    def _low(self, menu: str, option: Option) -> float:
        """The least that may listen to an option beside other shortcuts."""
        takers = self._takers.get((menu, option.id), [])
        return max(_l(option) - sum(takers[: self._others]), 0)

    def saving(self, shortcut: Shortcut, parts: Sequence[Flow]) -> float:
        own = parts[0]
        saved: float = 0
        for flow in parts:
            if flow.listening or flow is own:
                saved += self._spared(flow, flow is own)
        return saved - self._added(shortcut.d, own.demand)

    def _spared(self, flow: Flow, own: bool) -> float:
        """What the menu of a flow costs less at most, once the flow is gone."""
        at = self._menus[flow.menu]
        lineup, x = at.lineup, flow.listening
        option = next(o for o in lineup.options if o.id == flow.option)
        gone = own and self._moved
        if flow.menu in self._ruled or option in at.last:
            longest = at.whole + (self._longest if flow.menu == self._root else 0)
            return x * longest + (option.d * at.listening if gone else 0)
        pairs: float = 0
        rest = max(self._low(flow.menu, option) - x, 0)
        for other in at.free:
            if other is option:
                continue
            if gone:
                pairs += min(_l(option) * other.d, _l(other) * option.d)
            else:
                pairs += min(max(_l(other) * option.d - rest * other.d, 0), x * other.d)
        if gone:
            pairs += option.d * sum(map(_l, at.last))
        if flow.menu == self._root:
            pairs += self._passed(option, rest, x)
        saved = lineup.barge_in * (x * (lineup.intro + option.d) + pairs)
        if flow.menu != self._root:  # at the top they still hear all of it
            saved += (1 - lineup.barge_in) * x * at.whole
        if gone:
            saved += (1 - lineup.barge_in) * option.d * at.listening
        return saved

    def _passed(self, option: Option, rest: float, x: float) -> float:
        """What other shortcuts at the top, put before the option now, save in pairs with it."""
        saved = sorted(
            (min(max(demand * option.d - rest * d, 0), x * d) for demand, d in self._rivals),
            reverse=True,
        )
        return sum(saved[: self._others])

    def _added(self, d: float, demand: float) -> float:
        """What the top costs more at least, with the shortcut in it."""
        at = self._menus[self._root]
        lineup = at.lineup
        pairs: float = 0
        for other in at.free:
            low = max(self._low(self._root, other) - demand, 0)
            pairs += min(demand * other.d, low * d)
        pairs += d * sum(map(_l, at.last))
        added = lineup.barge_in * (demand * (lineup.intro + d) + pairs)
        return added + (1 - lineup.barge_in) * d * at.listening


def _at(lineup: Lineup) -> _At:
    last = relaxed_lineup(lineup).pins
    free = tuple(o for o in lineup.options if o.id not in last)
    ending = tuple(o for o in lineup.options if o.id in last)
    whole = lineup.intro + sum(o.d for o in lineup.options)
    return _At(lineup, free, ending, whole, sum(map(_l, lineup.options)))
