"""Intervals in plain Python: the plain reports need nothing installed for them."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 %."""


def wilson(n: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of n out of `of`, as shares; (0, 1) when nothing was seen.

    Unlike the normal interval it stays within 0 and 1 and holds for few failures (Wilson 1927).

    >>> [round(bound, 8) for bound in wilson(256, 10_000)]
    [0.02268186, 0.02888247]
    """
    if not of:
        return 0.0, 1.0
    share, spread = n / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt((share * (1 - share) + spread / 4) / of) / (1 + spread)
    return (0.0 if n == 0 else middle - half), (1.0 if n == of else middle + half)


def poisson(n: int, z: float = Z95) -> tuple[float, float]:
    """Byar's interval of an expected count of which n were seen (Breslow and Day 1987).

    Within 1 % of the exact one from n = 5 on, and a little wide below.

    >>> [round(bound, 2) for bound in poisson(10)]
    [4.78, 18.39]
    """
    more = n + 1
    low = n * (1 - 1 / (9 * n) - z / (3 * math.sqrt(n))) ** 3 if n else 0.0
    return max(0.0, low), more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
