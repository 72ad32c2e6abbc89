"""The sequential test: against direct integration, in both directions, and what it is asked."""

from __future__ import annotations

import datetime
import math

import pytest
from scipy.integrate import quad

from ledger.counts import Exposed
from ledger.trial_records import CANDIDATE, CONTROL
from tuning.trial import (
    BETTER,
    ENOUGH,
    HARM,
    OPEN,
    bill_day_passed,
    harmed,
    judge,
    ln_evidence,
    needed,
)


def integrated(entered_a: int, entered_b: int, failed_a: int, failed_b: int) -> float:
    """E as the mean of the likelihood ratio over a share that is uniform between 0 and 1."""
    null = entered_b / (entered_a + entered_b)

    def ratio(share: float) -> float:
        return (share / null) ** failed_b * ((1 - share) / (1 - null)) ** failed_a

    return float(quad(ratio, 0, 1, epsabs=0, epsrel=1e-11, limit=400)[0])


@pytest.mark.parametrize(
    "counts",
    [
        (10, 10, 0, 0), (10, 10, 1, 0), (9, 1, 0, 1), (900, 100, 9, 6), (900, 100, 40, 1),
        (500, 500, 30, 12), (5000, 1000, 128, 50), (1, 99, 1, 3),
    ],
)  # fmt: skip
def test_it_is_the_integral_that_it_stands_for(counts: tuple[int, int, int, int]) -> None:
    """Equal to the mean likelihood ratio, integrated numerically, to nine digits."""
    assert math.exp(ln_evidence(*counts)) == pytest.approx(integrated(*counts), rel=1e-9)


def test_alike_is_no_evidence() -> None:
    """Nobody in an arm, no failure, and failures as the subscribers are split: below 1."""
    assert ln_evidence(0, 10, 0, 3) == ln_evidence(10, 0, 3, 0) == 0
    assert ln_evidence(900, 100, 0, 0) == 0
    for scale in (1, 10, 1000):
        assert ln_evidence(9000, 1000, 9 * scale, scale) < 0


def test_unequal_shares_are_in_the_null() -> None:
    """A fifth of the subscribers with a fifth of the failures is alike, with half of them not."""
    assert ln_evidence(8000, 2000, 400, 100) < 0
    assert ln_evidence(5000, 5000, 400, 100) > math.log(ENOUGH)


def test_very_many_do_not_overflow() -> None:
    """Counts of a whole country give a finite logarithm and a finite E."""
    figures = {CONTROL: Exposed(10**8, 10**7, 0, 0), CANDIDATE: Exposed(10**8, 10**6, 0, 0)}
    failure = judge(figures)[0]
    assert math.isfinite(failure.ln_e)
    assert math.isfinite(failure.evidence)
    assert failure.verdict == BETTER


def test_each_guard_is_judged_by_itself() -> None:
    """Worse with enough evidence is harm, better is not; the strongest harm is named."""
    figures = {
        CONTROL: Exposed(900, failure=9, opt_out=400, repeat=20),
        CANDIDATE: Exposed(100, failure=8, opt_out=4, repeat=2),
    }
    failure, opt_out, repeat = guards = judge(figures)
    assert (failure.verdict, opt_out.verdict, repeat.verdict) == (HARM, BETTER, OPEN)
    assert harmed(guards) == failure
    assert failure.evidence == pytest.approx(integrated(900, 100, 9, 8), rel=1e-9)
    worse = {**figures, CANDIDATE: figures[CANDIDATE]._replace(opt_out=90, repeat=50)}
    strongest = harmed(judge(worse))
    assert strongest is not None
    assert strongest.guard == "repeat"
    assert harmed(judge({CONTROL: Exposed(), CANDIDATE: Exposed()})) is None


@pytest.mark.parametrize(("share", "expect"), [(0.0256, -66), (0.0256, 95), (0.1, -10), (0.5, 40)])
@pytest.mark.parametrize("candidate", [0.1, 0.5, 0.9])
def test_the_number_needed_is_the_first_that_shows_it(
    share: float, expect: int, candidate: float
) -> None:
    """With it E reaches its threshold if all goes as expected, with one less it does not."""
    n = needed(share, expect, candidate)
    assert n is not None
    for size, shown in ((n, True), (n - 1, False)):
        arms = size * (1 - candidate), size * candidate
        failed = arms[0] * share, arms[1] * share * (1 + expect / 100)
        assert (ln_evidence(*arms, *failed) >= math.log(ENOUGH)) == shown


def test_where_no_number_can_be_said() -> None:
    """No failure to go by, no change expected, more failures than subscribers, no candidate."""
    assert needed(0, -66, 0.1) is None
    assert needed(0.1, 0, 0.1) is None
    assert needed(0.6, 100, 0.1) is None
    assert needed(0.1, -66, 0) is None


@pytest.mark.parametrize(
    ("begun", "today", "bill_day", "passed"),
    [
        ("2026-03-15", "2026-04-01", 1, False),  # it is the bill day: not over
        ("2026-03-15", "2026-04-02", 1, True),
        ("2026-04-01", "2026-04-30", 1, False),  # begun on it: not a whole one
        ("2026-04-01", "2026-05-02", 1, True),
        ("2026-02-10", "2026-02-28", 31, False),
        ("2026-02-10", "2026-03-01", 31, True),  # a short month has it on its last day
        ("2028-02-10", "2028-02-29", 30, False),  # a leap year
        ("2026-12-30", "2027-01-02", 1, True),
        ("2026-03-15", "2026-03-15", 15, False),
        ("2026-03-15", "2026-03-14", 14, False),  # the clock was set back
    ],
)
def test_a_bill_day_counts_when_all_of_it_was_in_the_trial(
    begun: str, today: str, bill_day: int, passed: bool
) -> None:
    """Neither the first nor the current day is whole."""
    days = (datetime.date.fromisoformat(day) for day in (begun, today))
    assert bill_day_passed(*days, bill_day) == passed
