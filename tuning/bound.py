"""A lower bound for any menu: no order, grouping or depth can make callers listen less.

A leaf that is reached by the choices number j_1, j_2, ... takes at least a + j t seconds for each.
Such times are the word lengths of a code, and a code's mean length is at least the entropy over
theta (Shannon), where theta solves sum_{j=1..b} exp(-theta (a + j t)) = 1. Loose by 20 to 40 %:
never quote a gap against it alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def lower_bound(
    leaves: Sequence[tuple[float, float]], intro: float, shortest: float, most: int
) -> float:
    """The least mean seconds of listening for these leaves, each (demand, length of its label).

    `intro`: the shortest intro, `shortest`: the shortest label, `most`: choices in one menu. 0
    without demand. Raises ValueError when `shortest` is not positive or one choice is all there
    is for several leaves.
    """
    whole = sum(w for w, _ in leaves)
    if not whole:
        return 0
    shares = [(w / whole, d) for w, d in leaves if w]
    own = sum(p * d for p, d in shares)
    entropy = -sum(p * math.log(p) for p, _ in shares)
    if len(shares) == 1:
        return intro + own
    if shortest <= 0 or most < 2:
        raise ValueError("labels must last some time, and a menu must have a choice")
    rate = _rate(intro, shortest, most)
    return max(entropy / rate + own - shortest, intro + own)


def _rate(intro: float, shortest: float, most: int) -> float:
    """theta, by halving: the sum falls in theta, from `most` at 0."""

    def over(theta: float) -> bool:
        return sum(math.exp(-theta * (intro + j * shortest)) for j in range(1, most + 1)) > 1

    low, high = 0.0, math.log(most) / (intro + shortest)  # there each term is at most 1/most
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if over(middle) else (low, middle)
    return high
