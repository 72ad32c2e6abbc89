"""The test that guards a trial: it may be looked at as often as one likes.

Each subscriber counts once for each guard, with the first failure, however heavy a caller. If the
versions are alike, a first failure is the candidate's with the probability that a subscriber is.
The evidence against that is an e-process, a bet on a share not known before:

    E = B(fA + 1, fB + 1) / (theta0 ** fB * (1 - theta0) ** fA),  theta0 = nB / (nA + nB)

with A the control, B the candidate, n the subscribers that entered, f those that failed, B() the
beta function. While the versions are alike E reaches 20 with a probability of 1/20 at most, at any
time (Ville's inequality); docs/statistics.md has what was measured.
"""

from __future__ import annotations

import calendar
import datetime
import math
from collections.abc import Mapping
from typing import NamedTuple

from ledger.counts import GUARDS, Exposed
from ledger.trial_records import CANDIDATE, CONTROL

ENOUGH = 20.0
"""The evidence at which a guard speaks. Each of the three has its own (docs/adr/0014)."""
_ENOUGH_LN = math.log(ENOUGH)
_MOST_LN = math.log(1e9)
_MOST = 1 << 40
"""More subscribers than this are said to be more than there are."""

HARM = "harm"
BETTER = "better"
OPEN = "open"


def ln_evidence(entered_a: float, entered_b: float, failed_a: float, failed_b: float) -> float:
    """The natural logarithm of E; 0 (no evidence) while an arm is empty.

    >>> round(math.exp(ln_evidence(900, 100, 9, 6)), 2)
    32.23
    """
    if entered_a <= 0 or entered_b <= 0:
        return 0.0
    share = entered_b / (entered_a + entered_b)
    beta = (
        math.lgamma(failed_a + 1) + math.lgamma(failed_b + 1) - math.lgamma(failed_a + failed_b + 2)
    )
    return beta - failed_b * math.log(share) - failed_a * math.log1p(-share)


class Guarded(NamedTuple):
    """A guard of a trial. `verdict` is HARM | BETTER | OPEN (nothing is shown yet)."""

    guard: str
    control: int  # subscribers that met it
    candidate: int
    ln_e: float
    verdict: str

    @property
    def evidence(self) -> float:
        """E itself, up to a thousand million: more says nothing more."""
        return math.exp(min(self.ln_e, _MOST_LN))


def judge(figures: Mapping[str, Exposed]) -> tuple[Guarded, ...]:
    """Each guard's evidence and what it shows, of both arms' figures (by arm)."""
    control, candidate = figures[CONTROL], figures[CANDIDATE]
    found = []
    for guard in GUARDS:
        a, b = getattr(control, guard), getattr(candidate, guard)
        ln_e = ln_evidence(control.entered, candidate.entered, a, b)
        worse = b * control.entered > a * candidate.entered
        verdict = OPEN if ln_e < _ENOUGH_LN else HARM if worse else BETTER
        found.append(Guarded(guard, a, b, ln_e, verdict))
    return tuple(found)


def harmed(guards: tuple[Guarded, ...]) -> Guarded | None:
    """The guard with the most evidence of harm; None when none shows any."""
    harm = [guard for guard in guards if guard.verdict == HARM]
    return max(harm, key=lambda guard: guard.ln_e, default=None)


def needed(share: float, expect: int, candidate_share: float) -> int | None:
    """How many subscribers have to enter until the expected change is likely to be shown.

    `share` of the control's subscribers fail (0 to 1), `expect` is the hoped-for change in percent
    of it (-66: a third is left), `candidate_share` the candidate's share of the subscribers. At
    that number E reaches ENOUGH if all goes as expected: about as many trials are shorter as
    longer. None when nobody has failed yet, nothing is expected, or nobody gets the candidate.
    """
    changed = share * (1 + expect / 100)
    if not 0 < share <= 1 or not expect or not 0 < candidate_share < 1 or not 0 <= changed <= 1:
        return None

    def enough(n: int) -> bool:
        a, b = n * (1 - candidate_share), n * candidate_share
        return ln_evidence(a, b, a * share, b * changed) >= _ENOUGH_LN

    high = 1
    while not enough(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def bill_day_passed(begun: datetime.date, today: datetime.date, bill_day: int) -> bool:
    """Whether a whole bill day lies between the day a trial began and today, both left out.

    `bill_day` is a day of the month; a month that is too short has it on its last day.
    """
    between = range(1, (today - begun).days)
    days = (begun + datetime.timedelta(days=n) for n in between)
    return any(
        day.day == min(bill_day, calendar.monthrange(day.year, day.month)[1]) for day in days
    )
