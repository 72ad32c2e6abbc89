"""How long callers listen before they hang up, out of calls of which most never did."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Patience(NamedTuple):
    """The share that still listens from each of `times` (milliseconds, rising) on.

    `hang_ups` of so many `legs` were hang-ups; the others reached what they wanted first, which
    says only that they would have listened at least as long.
    """

    times: tuple[int, ...]
    shares: tuple[float, ...]
    hang_ups: int
    legs: int

    def listens(self, ms: int) -> float:
        """The share that listens for so long."""
        n = bisect_right(self.times, ms)
        return self.shares[n - 1] if n else 1.0

    def lost(self, then_ms: int, now_ms: int) -> float:
        """The chance that one who listened for `then_ms` hangs up before `now_ms`."""
        still = self.listens(then_ms)
        return 1 - self.listens(now_ms) / still if still else 0.0


def patience(legs: Iterable[tuple[int, bool]]) -> Patience:
    """Kaplan-Meier's estimate from legs: how long each listened, and whether it hung up then.

    Source: Kaplan and Meier, Nonparametric estimation from incomplete observations, 1958.
    """
    gone: Counter[int] = Counter()
    all_: Counter[int] = Counter()
    for ms, hung_up in legs:
        all_[ms] += 1
        gone[ms] += hung_up
    left = total = all_.total()
    share = 1.0
    times, shares = [], []
    for ms in sorted(all_):
        if gone[ms]:
            share *= 1 - gone[ms] / left
            times.append(ms)
            shares.append(share)
        left -= all_[ms]
    return Patience(tuple(times), tuple(shares), gone.total(), total)
