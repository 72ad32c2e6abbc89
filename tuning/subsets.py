"""The general exact method: dynamic programming over the subsets of at most MOST options.

What has been announced, as a set, decides how long it lasted and what may come next, so that the
best continuation of each of the 2^n sets is found once. Pins, groups, required order, the cost of
new keys and any patience curve are all rules or costs of one step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from tuning.lineup import ImpossibleError, Lineup, Survival

MOST = 12
"""Options: the keys of a telephone."""
_TIE = 1e-12
"""Relative: sums of floats that differ by less are the same sum, taken in another order."""


def by_subsets(
    lineup: Lineup, survival: Survival | None = None, *, worst: bool = False
) -> tuple[str, ...]:
    """The cheapest order that keeps to the lineup's rules; `worst`: the dearest.

    Of several it is the one that is nearest to today's, option by option. Raises ImpossibleError
    when there is none, ValueError for more than MOST options.
    """
    options = lineup.options
    n = len(options)
    if n > MOST:
        raise ValueError(f"{n} options; a telephone has {MOST} keys")
    follow = _follow(_rules(lineup))
    step = _Steps(lineup, survival, -1 if worst else 1)
    full = (1 << n) - 1
    ahead: list[float] = [math.inf] * (full + 1)
    ahead[full] = 0
    for done, open_ in reversed(list(follow.items())):
        best: float = math.inf
        for j in open_:
            cost = step(done, j) + ahead[done | 1 << j]
            if cost < best:
                best = cost
        ahead[done] = best
    if ahead[0] == math.inf:
        raise ImpossibleError
    order, done = [], 0
    while done != full:
        bound = ahead[done] + (abs(ahead[done]) * _TIE if isinstance(ahead[done], float) else 0)
        j = next(j for j in follow[done] if step(done, j) + ahead[done | 1 << j] <= bound)
        order.append(options[j].id)
        done |= 1 << j
    return tuple(order)


class _Rules(NamedTuple):
    """What may be announced when, of options that are told by their place in today's order.

    Sets of options are bits. `pinned` maps places to options, `before` has for each option those
    that come before it; `first` and `last` are pinned to the ends.
    """

    n: int
    pinned: tuple[tuple[int, int], ...]
    groups: tuple[int, ...]
    before: tuple[int, ...]
    uncounted: int
    first: int
    last: int


def _rules(lineup: Lineup) -> _Rules:
    """A lineup's rules. Raises ImpossibleError for two options pinned to one place."""
    at = {id_: j for j, id_ in enumerate(lineup.ids)}

    def bits(ids: Iterable[str]) -> int:
        return sum(1 << at[id_] for id_ in ids)

    pinned = {place: at[id_] for id_, place in lineup.places.items()}
    if len(pinned) < len(lineup.pins):
        raise ImpossibleError
    return _Rules(
        len(at),
        tuple(sorted(pinned.items())),
        tuple(map(bits, lineup.groups)),
        tuple(bits({a for a, b in lineup.before if b == id_}) for id_ in lineup.ids),
        bits(lineup.uncounted),
        *map(bits, lineup.ends),
    )


@lru_cache(maxsize=64)
def _follow(rules: _Rules) -> Mapping[int, Sequence[int]]:
    """What may follow each set that the rules let come about, in today's order; smaller sets first.

    Pins, groups and required order leave a small part of all sets, the same for menus of a kind.
    """
    n, pinned, groups, before, uncounted, first, last = rules
    places = dict(pinned)
    free = ((1 << n) - 1) & ~uncounted & ~sum(1 << j for j in places.values())
    follow: dict[int, Sequence[int]] = {}
    reached = bytearray(1 << n)
    reached[0] = True
    for done in range((1 << n) - 1):  # a set with more in it is a larger number
        if not reached[done]:
            continue
        j = places.get((done & ~uncounted).bit_count())
        open_ = free if j is None else 1 << j
        if not first & ~done and not last & done:
            open_ |= uncounted
        open_ &= ~done
        for group in groups:
            if 0 < done & group < group:
                open_ &= group
        follow[done] = [j for j in range(n) if open_ >> j & 1 and not before[j] & ~done]
        for j in follow[done]:
            reached[done | 1 << j] = True
    return follow


class _Steps:
    """What announcing an option next costs, by the set of what has been announced."""

    def __init__(self, lineup: Lineup, survival: Survival | None, sign: int) -> None:
        options = lineup.options
        self._lineup, self._options = lineup, options
        listening = [o.listening if survival is None else o.w * o.listens for o in options]
        self._weights = [sign * lineup.barge_in * weight for weight in listening]
        self._relearn = [sign * lineup.relearn * o.regulars for o in options]
        self._kept = sum(1 << j for j, o in enumerate(options) if o.id in lineup.kept)
        times: list[float] = [lineup.intro]
        for option in options:  # sets without it, then the same with it
            times += [time + option.d for time in times]
        self._costs = times if survival is None else [1 - survival(time) for time in times]

    def __call__(self, done: int, j: int) -> float:
        cost = self._weights[j] * self._costs[done | 1 << j]
        if self._lineup.keys and not self._kept >> j & 1:
            nth = (done & ~self._kept).bit_count()
            if self._lineup.keys[nth] != self._options[j].key:
                cost += self._relearn[j]
        return cost
