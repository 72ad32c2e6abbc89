"""Counts: the tallies equal what the facts give, whatever happened."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_rows import AT, DAY, HOUR, call_end, closing, request, start, step

from ledger import rebuild
from ledger import records as r
from ledger.counts import DIMENSIONS, Count
from ledger.ledger import Ledger
from ledger.rollups import COUNTS, keyed

TIMES = st.integers(AT - 3 * DAY, AT + 3 * DAY)
OUTCOMES = st.sampled_from(
    [
        ("succeeded", ""),
        ("accepted", ""),
        ("failed", "no_input"),
        ("refused", "roaming"),
        ("unknown", ""),
    ]
)
SETTLED = {
    "succeeded": ("succeeded", ""),
    "accepted": ("accepted", ""),
    "backend_error": ("failed", "backend_error"),
    "already_active": ("refused", "already_active"),
}
REQUESTS = st.builds(
    dict,
    at=TIMES,
    channel=st.sampled_from(["voice", "text"]),
    traffic=st.sampled_from(["real", "rehearsal"]),
    leaf=st.sampled_from(["balance", "enable/caller_id"]),
    kind=st.sampled_from(["query", "change"]),
    keyword=st.sampled_from(["", "CXYE"]),
)
CALL_ENDS = st.builds(
    dict,
    at=TIMES,
    by=st.sampled_from(["caller", "network"]),
    leaves=st.integers(0, 2),
    errors=st.integers(0, 2),
    agent=st.booleans(),
)
CALLS = st.tuples(
    REQUESTS,
    st.lists(st.tuples(OUTCOMES, st.integers(0, 1), st.integers(0, 1)), max_size=2),
    st.none() | CALL_ENDS,
    st.booleans(),  # is its commit a bad one?
    st.booleans(),  # does the closing come in the same commit?
    st.lists(st.sampled_from(sorted(SETTLED)), max_size=2),  # what the BSS says of it later
    st.booleans(),  # does it say so before the closing?
)


def test_tallies_equal_the_facts(tmp_path, monkeypatch):
    """After any commits, bad ones, second closings and reconciled orders too, both ways agree."""
    monkeypatch.setattr(rebuild, "_SLICE", 7)  # rows enough for several slices and both threads
    numbers = itertools.count()
    expected: Counter[tuple[str, str]] = Counter()
    path = tmp_path / "ledger.sqlite"

    with Ledger.open(path) as one, Ledger.open(path) as two:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(CALLS, min_size=1, max_size=12))
        def run(calls):
            later, futures = [], []
            for fields, closings, ended, bad, at_once, words, early in calls:
                key = f"s{next(numbers)}"
                rows: list[r.Row] = [request(key, key, **fields)]
                ends = [
                    closing(key, outcome, reason, errors=errors, repeats=repeats)
                    for (outcome, reason), errors, repeats in closings
                ]
                moves = [r.OrderMove(key, AT, r.RECONCILED, word) for word in words]
                ends = [*moves, *ends] if early else [*ends, *moves]
                if ended:
                    rows.append(call_end(key, **ended))
                if at_once:
                    rows += ends
                if bad:
                    rows += [step(key), step(key)]
                futures.append((one.write(start(key, *rows)), bad))
                if not bad:
                    final = closings[0][0] if closings else ("open", "")
                    if final[0] == "unknown" and words:
                        final = SETTLED[words[0]]
                    expected[final] += 1
                    later += [] if at_once else ends
            for future, bad in futures:
                assert (future.exception() is not None) == bad
            for row in later:
                (one if len(row[0]) % 2 else two).append([row]).result()
            assert one.compare_counts() == []
            assert two.counts() == one.rebuild_counts()

        run()
        by = ["outcome", "reason"]
        found = {(c.outcome, c.reason): c.n for c in one.counts(by, of="request")}
        assert found == dict(expected)
        whole = one.counts()
        one.merge_writers("2026-12-31")
        assert one.counts() == whole
        one.replace_counts()
        assert one.counts() == whole
        (sums,) = one._read("SELECT COUNT(*) FROM count_sums")[0]
        assert sums == len(whole)


@pytest.fixture
def ledger(tmp_path):
    """A record of three requests and two calls."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        opened.append(
            [
                request("q1"),
                closing("q1", at=AT + 2 * DAY),
                request("q2", leaf="bill", at=AT + DAY),
                closing("q2", "failed", "no_input", errors=3),
                request("q3", at=AT + DAY, traffic="rehearsal"),
                call_end("s1", leaves=0, agent=True, errors=1, node="charges"),
                call_end("s2", at=AT + HOUR),
            ]
        ).result()
        yield opened


def test_counts_by_any_dimension(ledger):
    """Counts are grouped, filtered and bounded by local days, both included."""
    assert ledger.counts([]) == [Count(n=5)]
    assert ledger.counts(["leaf", "outcome"], of="request", traffic="real") == [
        Count(leaf="balance", outcome="succeeded", n=1),
        Count(leaf="bill", outcome="failed", n=1),
    ]
    assert ledger.counts(["day"], last="2026-01-01") == [Count(day="2026-01-01", n=3)]
    assert ledger.counts(["hour"], first="2026-01-02") == [Count(hour=8, n=2)]
    assert ledger.counts(["reason", "guided"], reason="no_input") == [
        Count(reason="no_input", guided=True, n=1)
    ]
    for name in DIMENSIONS:
        assert ledger.counts([name]) == ledger.rebuild_counts([name])


def test_calls_are_lost_or_served(ledger):
    """A call without a leaf is lost; who hung up or that an agent was asked for is its reason."""
    calls = ledger.counts(["node", "outcome", "reason", "guided"], of="call")
    assert calls == [
        Count(node="charges", outcome="lost", reason="agent", guided=True, n=1),
        Count(node="main", outcome="served", reason="caller", n=1),
    ]


def test_reconciled_order_counts_with_its_outcome(ledger):
    """A change closed as unknown moves to what the BSS said first; its closing stays as it was."""
    rows = [request("q4", kind="change"), closing("q4", "unknown", raw="E9", repeats=1)]
    ledger.append(rows).result()
    ledger.append([r.OrderMove("q4", AT + DAY, r.RECONCILED, "already_active")]).result()
    ledger.append([r.OrderMove("q4", AT + 2 * DAY, r.RECONCILED, "succeeded")]).result()
    ledger.append([r.OrderMove("q2", AT + DAY, r.RECONCILED, "succeeded")]).result()
    counts = ledger.counts(["day", "outcome", "reason", "guided"], kind="change")
    refused = Count(day="2026-01-01", outcome="refused", reason="already_active", guided=True, n=1)
    assert counts == [refused]
    assert [row.outcome for row in ledger.rows(r.Closing, request="q4")] == ["unknown"]
    assert ledger.counts(["outcome"], reason="no_input") == [Count(outcome="failed", n=1)]
    assert ledger.compare_counts() == []


def test_unknown_dimension_is_refused(ledger):
    """A name that is no dimension is one clear error, never SQL."""
    with pytest.raises(ValueError, match="colour"):
        ledger.counts(["colour"])
    with pytest.raises(ValueError, match="1=1; --"):
        ledger.rebuild_counts(**{"1=1; --": "x"})


def test_differences_are_found_and_replaced(ledger):
    """A tally that is wrong is named, and replacing puts it right."""
    wrong = Count(of="request", day="2026-01-01", hour=8, leaf="balance", outcome="open")
    ledger._submit(lambda batch: batch.count(keyed(COUNTS, wrong), 2)).result()
    assert ledger.compare_counts() == [wrong._replace(n=2)]
    ledger.replace_counts()
    assert ledger.compare_counts() == []
