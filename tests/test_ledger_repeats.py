"""Repeat contacts: exact, kept once a day is over, counted anew when the day was added to."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_rows import AT, DAY, HOUR, request

from ledger.counts import Repeat
from ledger.ledger import Ledger

MIDNIGHT = AT - 8 * HOUR  # 2026-01-01 00:00 in Shanghai
ASKED = st.builds(
    dict,
    at=st.one_of(
        st.integers(MIDNIGHT - DAY, MIDNIGHT + 3 * DAY),
        st.sampled_from([MIDNIGHT - DAY, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY]),
    ),
    subscriber=st.sampled_from(["", "a", "b"]),
    leaf=st.sampled_from(["balance", "bill", "none"]),
    channel=st.sampled_from(["voice", "text"]),
    traffic=st.sampled_from(["real", "demo"]),
)


def expected(rows, traffic, day_of):
    """Repeats by brute force: every request against every other."""
    n, of = Counter(), Counter()
    rows = [row for row in rows if row.traffic == traffic and row.subscriber and row.leaf != "none"]
    order = {row.id: n for n, row in enumerate(sorted(rows, key=lambda r: (r.at, r.channel)))}
    for row in rows:
        key = (day_of(row.at), traffic, row.channel, row.leaf)
        of[key] += 1
        n[key] += any(
            other.subscriber == row.subscriber
            and other.leaf == row.leaf
            and order[other.id] < order[row.id]
            and row.at - other.at <= DAY
            for other in rows
        )
    return [Repeat(*key, n[key], of[key]) for key in sorted(of)]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(early=st.lists(ASKED, max_size=15), late=st.lists(ASKED, max_size=5))
def test_repeats_are_those_of_brute_force(tmp_path_factory, early, late):
    """Kept days equal every pair compared, at the edges of days and of 24 hours, and added to."""
    numbers = itertools.count()
    with Ledger.open(tmp_path_factory.mktemp("repeats") / "ledger.sqlite") as ledger:
        rows = []
        for more in (early, late):
            rows += [request(f"q{next(numbers)}", **fields) for fields in more]
            ledger.append(rows[len(rows) - len(more) :]).result()
            for traffic in ("real", "demo"):
                whole = expected(rows, traffic, lambda at: ledger.zone.local(at)[0])
                assert ledger.repeats("", "", traffic, today="2027-01-01") == whole


@pytest.fixture
def ledger(tmp_path):
    """A record in which one subscriber asks for the balance at noon of three days."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        noon = MIDNIGHT + 12 * HOUR
        opened.append([request(f"q{n}", at=noon + n * DAY) for n in range(3)]).result()
        yield opened


def days(repeats):
    """The days, with how many of how many."""
    return [(repeat.day, repeat.n, repeat.of) for repeat in repeats]


def test_days_that_are_not_over_are_left_out(ledger):
    """Without a word on today, the record's last day is not over; days bound as everywhere."""
    over = [("2026-01-01", 0, 1), ("2026-01-02", 1, 1)]
    assert days(ledger.repeats("", "", "real")) == over
    assert days(ledger.repeats("", "", "real", "2026-01-02")) == over[:1]
    assert days(ledger.repeats("2026-01-02", "2026-01-09", "real", "2026-01-09")) == [
        ("2026-01-02", 1, 1),
        ("2026-01-03", 1, 1),
    ]
    assert ledger.repeats("", "", "demo") == []


def test_kept_days_outlive_their_rows(ledger):
    """A day that was counted stays when its rows are purged; one that was not can't be told."""
    ledger.repeats("", "", "real", "2026-01-02")
    ledger.purge(AT + 2 * DAY, "me", {"requests": 0})
    assert days(ledger.repeats("", "", "real", "2026-01-09")) == [("2026-01-01", 0, 1)]


def test_empty_record_has_no_repeats(tmp_path):
    """Nothing was asked, nothing is repeated."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.repeats("2026-01-01", "2026-01-31", "real") == []
