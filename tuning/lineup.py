"""One menu as tuning sees it: options with demand and length, the rules of their order, its cost.

A caller of option i who listens hears the intro and every announcement up to and including the
option's own: C_i = a + d_1 + ... + d_i. The cost of an order is the sum of w_i C_i, in seconds
times demand. Whole numbers and fractions stay exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Survival = Callable[[float], float]
"""Which share of callers still listens after so long: any falling curve from 1."""


class Exponential(NamedTuple):
    """Patience without memory: in each second the share `rate` of those who listen hangs up."""

    rate: float

    def __call__(self, seconds: float) -> float:
        """The share that still listens."""
        return math.exp(-self.rate * seconds)


class Option(NamedTuple):
    """A choice: who wants it, and how long its announcement is.

    `listens` is the share of its callers who press when they have heard it; the others know its
    key. `regulars` is how much demand a change of its key disturbs (rho w), `key` the key today.
    """

    id: str
    w: float
    d: float
    listens: float = 1
    regulars: float = 0
    key: str = ""


class Lineup(NamedTuple):
    """A menu's options in today's order, and what its order must keep to.

    `pins`: option -> position, counted from 0, or from the end: -1 is the last. `groups`: options
    that stay together. `before`: pairs of which the first is announced before the second.
    `barge_in`: the share of callers who press as soon as they know their key; the others hear all
    of it whatever the order.

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

    @property
    def ids(self) -> tuple[str, ...]:
        """The options' ids in today's order."""
        return tuple(option.id for option in self.options)

    @property
    def places(self) -> dict[str, int]:
        """The pins, all counted from 0."""
        n = len(self.options)
        return {id_: place + n if place < 0 else place for id_, place in self.pins.items()}


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
        listening = option.w * option.listens
        heard_, all_ = times[option.id], whole
        if survival is not None:
            heard_, all_ = 1 - survival(heard_), 1 - survival(all_)
        total += listening * (lineup.barge_in * heard_ + (1 - lineup.barge_in) * all_)
        if given[option.id] != option.key:
            total += lineup.relearn * option.regulars
    return total


def keeps_to(lineup: Lineup, ids: Sequence[str]) -> bool:
    """Whether an order keeps to the lineup's pins, groups and pairs."""
    at = {id_: n for n, id_ in enumerate(ids)}
    return (
        all(at[id_] == place for id_, place in lineup.places.items())
        and all(at[first] < at[then] for first, then in lineup.before)
        and all(
            max(at[id_] for id_ in group) - min(at[id_] for id_ in group) < len(group)
            for group in lineup.groups
        )
    )
