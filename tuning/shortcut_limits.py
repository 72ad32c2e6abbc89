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


def _plain(lineup: Lineup) -> bool:
    """Whether nothing rules the order but pins to the end."""
    first, last = lineup.ends
    return not (
        first or len(last) < len(lineup.pins) or lineup.groups or lineup.before or lineup.keys
    )


def top_hearings(tree: Tree) -> float:
    """How often callers hear the top: what holds for its first option holds for a new one."""
    options = tree.menus[tree.root].lineup.options
    return options[0].hearings if options else 1


def savings_at_most(tree: Tree, flows: Flows, most: int, moved: bool) -> dict[Shortcut, float]:
    """The most that each shortcut can save. The tree is a filled one."""
    limits = _Limits(tree, flows, most, moved)
    return {shortcut: limits.saving(shortcut, parts) for shortcut, parts in flows.items()}


class _Limits:
    def __init__(self, tree: Tree, flows: Flows, most: int, moved: bool) -> None:
        self._root, self._moved, self._others = tree.root, moved, most - 1
        self._menus = {id_: _at(tree.menus[id_].lineup) for id_ in tree.ids}
        self._ruled = {id_ for id_, at in self._menus.items() if not _plain(at.lineup)}
        by_option: dict[tuple[str, str], list[float]] = {}
        for parts in flows.values():
            for flow in parts:
                by_option.setdefault((flow.menu, flow.option), []).append(flow.listening)
        self._takers = {key: sorted(parts, reverse=True) for key, parts in by_option.items()}
        self._longest = sum(sorted((s.d for s in flows), reverse=True)[: self._others])
        self._hearings = top_hearings(tree)
        self._rivals = [
            (parts[0].demand * self._hearings, shortcut.d) for shortcut, parts in flows.items()
        ]

    def _low(self, menu: str, option: Option) -> float:
        """The least that may listen to an option beside other shortcuts."""
        takers = self._takers.get((menu, option.id), [])
        return max(option.listening - option.hearings * sum(takers[: self._others]), 0)

    def saving(self, shortcut: Shortcut, parts: Sequence[Flow]) -> float:
        own = parts[0]
        saved: float = 0
        for flow in parts:
            if flow.listening or flow is own:
                saved += self._spared(flow, flow is own)
        return saved - self._added(shortcut.d, own.demand * self._hearings)

    def _spared(self, flow: Flow, own: bool) -> float:
        """What the menu of a flow costs less at most, once the flow is gone."""
        at = self._menus[flow.menu]
        lineup = at.lineup
        option = next(o for o in lineup.options if o.id == flow.option)
        x = flow.listening * option.hearings
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
                pairs += min(option.listening * other.d, other.listening * option.d)
            else:
                pairs += min(max(other.listening * option.d - rest * other.d, 0), x * other.d)
        if gone:
            pairs += option.d * sum(o.listening for o in at.last)
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

        def low(other: Option) -> float:
            own = demand / self._hearings * other.hearings
            return max(self._low(self._root, other) - own, 0)

        pairs = sum(min(demand * other.d, low(other) * d) for other in at.free)
        pairs += d * sum(map(low, at.last))
        added = lineup.barge_in * (demand * (lineup.intro + d) + pairs)
        return added + (1 - lineup.barge_in) * d * at.listening


def _at(lineup: Lineup) -> _At:
    _, last = lineup.ends
    free = tuple(o for o in lineup.options if o.id not in last)
    ending = tuple(o for o in lineup.options if o.id in last)
    whole = lineup.intro + sum(o.d for o in lineup.options)
    return _At(lineup, free, ending, whole, sum(o.listening for o in lineup.options))
