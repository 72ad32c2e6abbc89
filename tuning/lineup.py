"""One menu as tuning sees it: options with demand and length, the rules of their order, its cost.

A caller of option i who listens hears the intro and every announcement up to and including the
option's own: C_i = a + d_1 + ... + d_i. The cost of an order is the sum of w_i C_i, in seconds
times demand. Whole numbers and fractions stay exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Survival = Callable[[float], float]
"""Which share of callers still listens after so long: any falling curve from 1."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """Patience without memory: in each second the share `rate` of those who listen hangs up."""

    rate: float

    def __call__(self, seconds: float) -> float:
        """The share that still listens."""
        return math.exp(-self.rate * seconds)


class Option(NamedTuple):
    """A choice: who wants it, and how long its announcement is.

    `listens` is the share of its callers who press when they have heard it; the others know its
    key. `hearings` is how often they hear the menu, errors included (see `hearings`). `regulars`
    is how much demand a change of its key disturbs (rho w), `key` the key today.
    """

    id: str
    w: float
    d: float
    listens: float = 1
    hearings: float = 1
    regulars: float = 0
    key: str = ""

    @property
    def listening(self) -> float:
        """What a second before it costs: the demand that listens, as often as it does."""
        return self.w * self.listens * self.hearings


def hearings(errors: float, tries: int) -> float:
    """How often a menu is heard when each hearing fails with this chance, `tries` times at most.

    (1 - e^K) / (1 - e). Raises ValueError for a chance that is none.

    >>> hearings(0.5, 2)
    1.5
    """
    if not 0 <= errors <= 1:
        raise ValueError(f"a share of hearings, not {errors}")
    return (1 - errors**tries) / (1 - errors) if errors < 1 else tries


class Lineup(NamedTuple):
    """A menu's options in today's order, and what its order must keep to.

    `pins`: option -> position, counted from 0, or from the end: -1 is the last. `groups`: options
    that stay together. `before`: pairs of which the first is announced before the second.
    `barge_in`: the share of callers who press as soon as they know their key; the others hear all
    of it whatever the order.

    `uncounted` options (shortcuts) are announced between those pinned to the beginning and those
    pinned to the end; the places of pins are counted without them.

    `keys` are the keys in the order in which they are given out anew, but for the options in
    `kept`; each key that changes costs `relearn` for each of its regulars. () = keys stay.
    """

    options: tuple[Option, ...]
    intro: float = 0
    pins: Mapping[str, int] = {}
    groups: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, str], ...] = ()
    barge_in: float = 1
    keys: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    relearn: float = 0
    uncounted: frozenset[str] = frozenset()

    @property
    def ids(self) -> tuple[str, ...]:
        """The options' ids in today's order."""
        return tuple(option.id for option in self.options)

    @property
    def places(self) -> dict[str, int]:
        """The pins, all counted from 0."""
        n = len(self.options) - len(self.uncounted)
        return {id_: place + n if place < 0 else place for id_, place in self.pins.items()}

    @property
    def ends(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The options pinned to the beginning without a gap, and those to the end, in order."""
        at = {place: id_ for id_, place in self.places.items()}
        begin, end = 0, len(self.options) - len(self.uncounted)
        while begin in at:
            begin += 1
        while end - 1 in at and end > begin:
            end -= 1
        last = range(end, len(self.options) - len(self.uncounted))
        return tuple(at[n] for n in range(begin)), tuple(at[n] for n in last)


class Order(NamedTuple):
    """An order of a lineup: the options' ids as announced, its cost, the rule that found it."""

    ids: tuple[str, ...]
    cost: float
    rule: str = ""


class ImpossibleError(ValueError):
    """No order keeps to the lineup's rules."""


def heard(lineup: Lineup, ids: Sequence[str]) -> dict[str, float]:
    """C_i: how long each option's callers listen until they know their key."""
    lengths = {option.id: option.d for option in lineup.options}
    times: dict[str, float] = {}
    at = lineup.intro
    for id_ in ids:
        at += lengths[id_]
        times[id_] = at
    return times


def keys_of(lineup: Lineup, ids: Sequence[str]) -> dict[str, str]:
    """Each option's key in that order: today's, or as they are given out anew."""
    given = {option.id: option.key for option in lineup.options}
    fresh = iter(lineup.keys)
    if lineup.keys:
        for id_ in ids:
            if id_ not in lineup.kept:
                given[id_] = next(fresh)
    return given


def cost(lineup: Lineup, ids: Sequence[str], survival: Survival | None = None) -> float:
    """What an order costs: seconds times demand, or with `survival` the demand that is lost.

    To both the relearning of changed keys is added, `relearn` being in the same unit.
    """
    times, given = heard(lineup, ids), keys_of(lineup, ids)
    whole = times[ids[-1]] if ids else lineup.intro
    total: float = 0
    for option in lineup.options:
        listening, heard_, all_ = option.listening, times[option.id], whole
        if survival is not None:
            listening = option.w * option.listens
            heard_, all_ = 1 - survival(heard_), 1 - survival(all_)
        total += listening * (lineup.barge_in * heard_ + (1 - lineup.barge_in) * all_)
        if given[option.id] != option.key:
            total += lineup.relearn * option.regulars
    return total


def keeps_to(lineup: Lineup, ids: Sequence[str]) -> bool:
    """Whether an order keeps to the lineup's pins, groups and pairs."""
    at = {id_: n for n, id_ in enumerate(ids)}
    counted = [id_ for id_ in ids if id_ not in lineup.uncounted]
    return (
        all(0 <= n < len(counted) and counted[n] == id_ for id_, n in lineup.places.items())
        and (not lineup.uncounted or _between(ids, *lineup.ends))
        and all(at[first] < at[then] for first, then in lineup.before)
        and all(
            max(at[id_] for id_ in group) - min(at[id_] for id_ in group) < len(group)
            for group in lineup.groups
        )
    )


def _between(ids: Sequence[str], first: Sequence[str], last: Sequence[str]) -> bool:
    """Whether an order begins and ends with these."""
    n = len(ids) - len(last)
    return [*ids[: len(first)]] == [*first] and [*ids[n:]] == [*last]
