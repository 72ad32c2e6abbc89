"""The general exact method: dynamic programming over the subsets of at most MOST options.

What has been announced, as a set, decides how long it lasted and what may come next, so that the
best continuation of each of the 2^n sets is found once. Pins, groups, required order, the cost of
new keys and any patience curve are all rules or costs of one step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    rules = _Rules(lineup)
    step = _steps(lineup, survival, -1 if worst else 1)
    full = (1 << n) - 1
    ahead: list[float] = [math.inf] * (full + 1)
    ahead[full] = 0
    for done in range(full - 1, -1, -1):
        best: float = math.inf
        for j in rules.next(done):
            cost = step(done, j) + ahead[done | 1 << j]
            if cost < best:
                best = cost
        ahead[done] = best
    if ahead[0] == math.inf:
        raise ImpossibleError
    order, done = [], 0
    while done != full:
        bound = ahead[done] + (abs(ahead[done]) * _TIE if isinstance(ahead[done], float) else 0)
        j = next(j for j in rules.next(done) if step(done, j) + ahead[done | 1 << j] <= bound)
        order.append(options[j].id)
        done |= 1 << j
    return tuple(order)


class _Rules:
    """What may be announced next, by the set of what has been."""

    def __init__(self, lineup: Lineup) -> None:
        at = {id_: j for j, id_ in enumerate(lineup.ids)}
        self._n = len(at)
        self._groups = [sum(1 << at[id_] for id_ in group) for group in lineup.groups]
        self._pinned = {place: at[id_] for id_, place in lineup.places.items()}
        self._uncounted = sum(1 << at[id_] for id_ in lineup.uncounted)
        pinned = sum(1 << j for j in self._pinned.values())
        self._free = ((1 << self._n) - 1) & ~pinned & ~self._uncounted
        first, last = lineup.ends
        self._first = sum(1 << at[id_] for id_ in first)
        self._last = sum(1 << at[id_] for id_ in last)
        self._before = [0] * self._n
        for ahead, behind in lineup.before:
            self._before[at[behind]] |= 1 << at[ahead]
        self._impossible = len(self._pinned) < len(lineup.pins)

    def next(self, done: int) -> Sequence[int]:
        """The options that may follow, in today's order."""
        pinned = self._pinned.get((done & ~self._uncounted).bit_count())
        open_ = self._free if pinned is None else 1 << pinned
        if not self._first & ~done and not self._last & done:
            open_ |= self._uncounted
        open_ &= ~done
        for group in self._groups:
            if 0 < done & group < group:
                open_ &= group
        if self._impossible:
            return ()
        before = self._before
        return [j for j in range(self._n) if open_ >> j & 1 and not before[j] & ~done]


class _Steps:
    """What announcing an option next costs, by the set of what has been announced."""

    def __init__(self, lineup: Lineup, survival: Survival | None, sign: int) -> None:
        options = lineup.options
        self._lineup, self._options = lineup, options
        listening = [o.listening if survival is None else o.w * o.listens for o in options]
        self._weights = [sign * lineup.barge_in * weight for weight in listening]
        self._relearn = [sign * lineup.relearn * o.regulars for o in options]
        self._kept = sum(1 << j for j, o in enumerate(options) if o.id in lineup.kept)
        times: list[float] = [lineup.intro] * (1 << len(options))
        for done in range(1, len(times)):
            last = done & -done
            times[done] = times[done ^ last] + options[last.bit_length() - 1].d
        self._costs = times if survival is None else [1 - survival(time) for time in times]

    def __call__(self, done: int, j: int) -> float:
        cost = self._weights[j] * self._costs[done | 1 << j]
        if self._lineup.keys and not self._kept >> j & 1:
            nth = (done & ~self._kept).bit_count()
            if self._lineup.keys[nth] != self._options[j].key:
                cost += self._relearn[j]
        return cost


_steps = _Steps
