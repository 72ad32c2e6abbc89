"""Whether a topic is asked about more in the later half of a span than in the former.

What is compared is the topic's share of each source, so that more calls of everything are no
trend, nor is a source that began in between. Days are the units: a topic that jumps from day to day
anyway has to move further before it counts (quasi-binomial: the variance is scaled by the spread
of the days within each half, and the difference judged by Student's t).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

LEAST_DAYS = 4
"""Days with data that each half needs."""
LEAST_EXPECTED = 5.0
"""What each half must be expected to hold of the topic for its count to say anything."""

Days = Mapping[str, int]
"""How many by local day."""


class Trend(NamedTuple):
    """`change`: by what share the later half lies over the former (0.5 = half as much again).

    `p` is two-sided, None without scipy.
    """

    change: float
    p: float | None


class _Stratum(NamedTuple):
    """One source: the topic's days and all days, of the former and the later half."""

    topic: tuple[list[int], list[int]]
    whole: tuple[list[int], list[int]]

    @property
    def rows(self) -> Iterator[tuple[int, int, float]]:
        """Each day's topic and whole, and the share of its half."""
        for topic, whole in zip(self.topic, self.whole, strict=True):
            share = sum(topic) / sum(whole)
            yield from ((n, of, share) for n, of in zip(topic, whole, strict=True))


def halves(first: str, last: str) -> tuple[Sequence[str], Sequence[str]]:
    """The days of the former and the later half; of an odd number the first day is left out."""
    begin, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    count = (end - begin).days + 1
    days = [(end - datetime.timedelta(days=back)).isoformat() for back in reversed(range(count))]
    half = count // 2
    return days[count - 2 * half : count - half], days[count - half :]


def trend(sources: Sequence[tuple[Days, Days]], first: str, last: str) -> Trend | None:
    """The trend of a topic; None when there is too little to say anything.

    Each source gives the topic's days and those of all topics together.
    """
    former, later = halves(first, last)
    strata = [found for topic, whole in sources if (found := _stratum(topic, whole, former, later))]
    n = sum(sum(map(sum, s.topic)) for s in strata)
    seen = sum(sum(s.topic[1]) for s in strata)
    expected = variance = 0.0
    for s in strata:
        mine, whole = sum(map(sum, s.topic)), sum(map(sum, s.whole))
        late = sum(s.whole[1]) / whole
        expected += mine * late
        if whole > 1:  # the hypergeometric variance: the margins are given
            variance += mine * late * (1 - late) * (whole - mine) / (whole - 1)
    if min(expected, n - expected) < LEAST_EXPECTED or variance <= 0:
        return None
    change = (seen / expected) / max((n - seen) / (n - expected), 1 / (n - expected)) - 1
    spread, freedom = _spread(strata)
    return Trend(change, _two_sided((seen - expected) / math.sqrt(variance * spread), freedom))


def _stratum(
    topic: Days, whole: Days, former: Sequence[str], later: Sequence[str]
) -> _Stratum | None:
    """A source, if both halves have days enough of it."""
    days = [[day for day in half if whole.get(day)] for half in (former, later)]
    if min(map(len, days)) < LEAST_DAYS:
        return None
    mine, all_ = (
        ([of.get(day, 0) for day in days[0]], [of.get(day, 0) for day in days[1]])
        for of in (topic, whole)
    )
    return _Stratum(mine, all_) if any(map(any, mine)) else None


def _spread(strata: Sequence[_Stratum]) -> tuple[float, int]:
    """How much more the days vary than by chance alone (at least 1), and degrees of freedom."""
    squares, freedom = 0.0, 0
    for s in strata:
        for n, of, share in s.rows:
            if 0 < share < 1:
                squares += (n - of * share) ** 2 / (of * share * (1 - share))
        freedom += sum(map(len, s.whole)) - 2
    return max(1.0, squares / freedom), freedom


def _two_sided(t: float, freedom: int) -> float | None:
    try:
        from scipy.special import stdtr  # scipy.stats would take a second to import
    except ImportError:
        return None
    return float(2 * stdtr(freedom, -abs(t)))
