"""Orders that a rule finds without search: exact where the rule holds, at any number of options.

All of them order strings of options by an index. Without patience the index of a string is
sum w / sum d (Smith's rule); with patience of the rate r it is V / (1 - exp(-r D)), where V is
what the string's callers are worth when it begins at once and D its length: for one option
w / (exp(r d) - 1). Ties keep today's order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tuning.lineup import Option

Rate = float | None
"""Callers who hang up per second of listening; None: the aim is time, not survival."""


class _String(NamedTuple):
    """Options announced one after the other, in this order."""

    options: tuple[Option, ...]
    value: float
    length: float

    def ratio(self, rate: Rate) -> float:
        """What decides who goes first: the higher the earlier."""
        if rate is None:
            return self.value / self.length
        return self.value / -math.expm1(-rate * self.length)


def _string(options: Sequence[Option], rate: Rate) -> _String:
    value: float = 0
    length: float = 0
    for option in options:
        length += option.d
        if rate is None:
            value += option.listening
        else:
            value += option.w * option.listens * math.exp(-rate * length)
    return _String(tuple(options), value, length)


def _flat(strings: Sequence[_String]) -> list[Option]:
    return [option for string in strings for option in string.options]


def by_ratio(options: Sequence[Option], rate: Rate = None) -> list[Option]:
    """Each option for itself: by w/d, or with patience by w/(exp(r d) - 1), highest first."""
    strings = [_string((option,), rate) for option in options]
    strings.sort(key=lambda string: string.ratio(rate), reverse=True)  # stable, reversed too
    return _flat(strings)


def with_groups(
    options: Sequence[Option], groups: Sequence[Sequence[str]], rate: Rate = None
) -> list[Option]:
    """Groups stay together: by ratio inside each, then whole groups and the others by theirs."""
    of = {id_: n for n, group in enumerate(groups) for id_ in group}
    members: dict[str | int, list[Option]] = {}
    for option in options:
        members.setdefault(of.get(option.id, option.id), []).append(option)
    strings = [_string(by_ratio(group, rate), rate) for group in members.values()]
    strings.sort(key=lambda string: string.ratio(rate), reverse=True)
    return _flat(strings)


def chains_of(ids: Sequence[str], before: Sequence[tuple[str, str]]) -> list[list[str]] | None:
    """The chains that pairs form, options outside any as chains of one; None when they form none.

    Pairs form chains when no option has two before it or two after it, and none is before itself.
    """
    after = dict(before)
    ahead = {then: first for first, then in before}
    pairs = len(set(before))
    if len(after) < pairs or len(ahead) < pairs:
        return None
    chains: list[list[str]] = []
    for id_ in ids:
        if id_ in ahead:
            continue
        chain = [id_]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(chain)
    if sum(map(len, chains)) < len(ids):
        return None  # a circle has no first option
    return chains


def with_chains(
    options: Sequence[Option], chains: Sequence[Sequence[str]], rate: Rate = None
) -> list[Option]:
    """Required order: again and again the chain's beginning with the highest ratio is announced."""
    by_id = {option.id: option for option in options}
    left = [[by_id[id_] for id_ in chain] for chain in chains]
    order: list[Option] = []
    while any(left):
        heads = [
            (_string(chain[: n + 1], rate).ratio(rate), -place, -n, place)
            for place, chain in enumerate(left)
            for n in range(len(chain))
        ]
        _, _, least, place = max(heads)
        order += left[place][: 1 - least]
        left[place] = left[place][1 - least :]
    return order
