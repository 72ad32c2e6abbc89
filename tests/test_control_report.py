"""The control chart: points, baseline and signals, and when it says nothing rather than a guess."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from report_case import AS_OF, BASE, cells, failed

from ledger.counts import Count
from reports.basis import Basis
from reports.control import LEAST, control
from reports.layout import Report, Unanswerable
from reports.spans import Span, clock_changes, parse_span
from reports.stats import ABOVE, baseline

BASIS = Basis("dialtest", AS_OF)


def days(counts: list[tuple[int, int]], month: str = "2008-02") -> list[Count]:
    """Days of so many failed of so many requests each."""
    found = []
    for day, (bad, of) in enumerate(counts, 1):
        here: dict[str, Any] = {"day": f"{month}-{day:02d}"}
        found += [BASE._replace(n=of - bad, **here), failed(bad, "no_input", **here)]
    return found


STEADY = [(25, 1000), (28, 1000), (23, 1000), (27, 1000), (24, 1000), (26, 1000)] * 4


def chart(counts: list[Count], **more: Any) -> Report:
    """The chart of R1."""
    return control(counts, BASIS, rate="R1", **more)


def test_a_day_beyond_the_limits_is_a_signal() -> None:
    """Named in its row, in the notes with its figures, and marked in the chart."""
    found = chart(days([*STEADY, (60, 1000)]))
    last = cells(found)[-1]
    assert last["signal"] == str(ABOVE)
    assert last["phase"].id == "watched"
    assert [row["signal"] for row in cells(found)[:-1]] == [None] * 24
    assert any(note.startswith("信号 signal: 2008-02-25 60/1000") for note in found.notes)
    (mark,) = found.charts[0].marks
    assert (mark.at, mark.why) == (24, ABOVE)


def test_limits_are_those_of_the_frozen_days() -> None:
    """The first half, or the days that were named; what comes later does not move them."""
    counts = days([*STEADY, (60, 1000)])
    rates = [row["failure_rate"] for row in cells(chart(counts))]
    halves, named = (
        baseline(rates[:12]).limits(1000),
        baseline(rates[4:20]).limits(1000),
    )
    assert str(cells(chart(counts))[0]["high"]) == f"{100 * halves[1]:.2f} %"
    found = chart(counts, frozen=Span("2008-02-05", "2008-02-20"))
    assert {str(row["high"]) for row in cells(found)} == {f"{100 * named[1]:.2f} %"}
    assert found.facts["baseline"] == "2008-02-05 – 2008-02-20"


def test_hours_are_points_in_their_order() -> None:
    """By hour a point is an hour of a day, and its filter opens just that hour."""
    counts = [
        count._replace(day="2008-03-01", hour=int(count.day[8:]) - 1) for count in days(STEADY)
    ]
    found = chart(counts, by="hour")
    assert [row[0] for row in found.rows] == [f"2008-03-01 {hour:02d}" for hour in range(24)]
    assert found.behind[3] == {"traffic": "dialtest", "rate": "R1", "day": "2008-03-01", "hour": 3}


def test_what_is_not_over_is_left_out() -> None:
    """Today's requests are still open: today is no point, and the report says so."""
    counts = [*days(STEADY), failed(9, "no_input", day="2008-04-01")]
    found = chart(counts)
    assert found.rows[-1][0] == "2008-02-24"
    assert any("2008-04-01 is not over" in note for note in found.notes)


def test_few_points_of_baseline_are_told() -> None:
    """Limits from few days are not steady: said beside them."""
    assert any(f"Only {LEAST} points" in note for note in chart(days(STEADY[: 2 * LEAST])).notes)
    assert not any("Only" in note for note in chart(days(STEADY, "2008-01")).notes[:1])


@pytest.mark.parametrize(
    ("counts", "more", "told"),
    [
        (days([(2, 100)]), {}, "there are 0 of 1: take more days"),
        (days(STEADY[:10]), {}, "A baseline needs 8 points; in the first half there are 5 of 10"),
        (days(STEADY), {"frozen": Span("2007-01-01", "2007-01-31")}, "in 2007-01-01..2007-01-31"),
        (days([(0, 100)] * 20), {}, "nothing failed"),
        (days([(1, 10), *[(0, 10)] * 19]), {}, "only 0 points let expect 2 failures"),
        (days([(100, 100)] * 20), {}, "all failed"),
    ],
)
def test_no_limits_rather_than_wrong_ones(
    counts: list[Count], more: dict[str, Any], told: str
) -> None:
    """One day, few days, a baseline elsewhere, none or all failed: a sentence says what to do."""
    with pytest.raises(Unanswerable, match=told):
        chart(counts, **more)


def test_points_of_few_requests_are_not_judged() -> None:
    """Two failures of three by night are no alarm: no limits, no signal, and the report says so."""
    found = chart(days([*STEADY, (2, 3)]))
    last = cells(found)[-1]
    assert (last["low"], last["high"], last["signal"]) == (None, None, None)
    assert any("1 points have too few requests" in note for note in found.notes)


def test_an_unsteady_baseline_is_told() -> None:
    """A signal among the frozen days widens the limits: said beside them."""
    found = chart(days([(90, 1000), *STEADY[1:]]))
    assert any("The baseline has signals of its own" in note for note in found.notes)


def test_no_data() -> None:
    """Nothing to draw is one sentence."""
    found = chart([])
    assert (found.rows, found.charts) == ((), ())
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2008-02", Span("2008-02-01", "2008-02-29")),
        ("2008-02-03", Span("2008-02-03", "2008-02-03")),
        ("2008-02-03..2008-03-01", Span("2008-02-03", "2008-03-01")),
    ],
)
def test_spans(text: str, span: Span) -> None:
    """A month, a day, or from one to another."""
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "2008", "2008-13", "2008-02-30", "..", "2008-02-03..", "2008-03-01..2008-02-01",
     "2008-2-3", "20080203", "2008-02-01..2008-02-03..2008-02-05"],
)  # fmt: skip
def test_bad_spans(text: str) -> None:
    """Anything else is refused in both languages."""
    with pytest.raises(Unanswerable, match=r"Not a span|ends before"):
        parse_span(text)


def test_days_of_a_clock_change() -> None:
    """In a zone with summer time the two days of the year are named; in Shanghai there is none."""
    year = Span("2026-01-01", "2026-12-31")
    told = clock_changes(ZoneInfo("Europe/Berlin"), year)
    assert [note.split()[0] for note in told] == ["2026-03-29", "2026-10-25"]
    assert "has 23 hours" in told[0]
    assert "has 25 hours" in told[1]
    assert clock_changes(ZoneInfo("Asia/Shanghai"), year) == []
    assert clock_changes(datetime.UTC, year) == []
