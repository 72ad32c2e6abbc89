"""Texts that matched nothing, and agents' wrap-up codes."""

from __future__ import annotations

import pytest
from ledger_rows import AT, DAY, HOUR, closing, request

from ledger import records as r
from ledger.counts import Count, Texted, Wrapped
from ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    """An empty record."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def texted(key, subscriber, text, reason="unknown_command", **fields):
    """A text that matched nothing."""
    fields = {"leaf": "none", "node": "none", "kind": "none", "channel": "text"} | fields
    asked = request(key, subscriber=subscriber, keyword=text, **fields)
    return [asked, closing(key, "failed", reason)]


def test_texts_that_several_sent(ledger):
    """Texts of enough subscribers come with their span; a withheld number counts for nobody."""
    rows = [
        *texted("q1", "a", "查流量", at=AT),
        *texted("q2", "b", "查流量", at=AT + DAY),
        *texted("q3", "b", "查流量", at=AT + DAY),
        *texted("q4", "a", "退订", at=AT),
        *texted("q5", "b", "退订", at=AT),
        *texted("q6", "c", "退订", at=AT),
        *texted("q7", "a", "身份****", at=AT),
        *texted("q8", "", "身份****", at=AT),
        *texted("q9", "c", "查流量", traffic="demo"),
        *texted("q10", "a", "KTLDXS", reason="bad_parameter"),
        *texted("q11", "b", "KTLDXS", reason="bad_parameter"),
    ]
    ledger.append(rows).result()
    flow = Texted("查流量", 3, 2, "2026-01-01", "2026-01-02")
    stop = Texted("退订", 3, 3, "2026-01-01", "2026-01-01")
    assert ledger.texted("", "", "real", least=2) == [stop, flow]
    assert ledger.texted("", "", "real") == [stop]
    assert ledger.texted("2026-01-02", "", "real", least=1) == [
        Texted("查流量", 2, 1, "2026-01-02", "2026-01-02")
    ]
    assert ledger.texted("", "2025-12-31", "real", least=1) == []


def test_texts_are_not_counted_by(ledger):
    """What people text stands in no roll-up: its kinds would grow with every text."""
    ledger.append([*texted("q1", "a", "退订"), *texted("q2", "a", "查流量")]).result()
    kind = Count(leaf="none", keyword="", outcome="failed", n=2)
    assert ledger.counts(("leaf", "keyword", "outcome")) == [kind]
    assert ledger.compare_counts() == []
    assert "count_kinds.keyword" not in ledger.search("退订")


def test_unmatched_texts_are_read_by_an_index(ledger):
    """Finding them reads no other request."""
    sql = (
        "EXPLAIN QUERY PLAN SELECT keyword, subscriber FROM requests "
        "WHERE leaf = 'none' AND traffic = ? AND day >= ?"
    )
    (plan,) = ledger._read(sql, ("real", ""))
    assert "USING COVERING INDEX" in plan[-1]


def test_wrap_ups_by_day(ledger):
    """Codes are summed by local day, between bounds."""
    rows = [
        r.WrapUp(AT, "bill", 3, "a"),
        r.WrapUp(AT + HOUR, "bill", 4, "a"),
        r.WrapUp(AT + DAY, "roaming", 1, "a"),
    ]
    assert ledger.add_wrap_ups(rows).result() == 3
    bill, roaming = Wrapped("2026-01-01", "bill", 7), Wrapped("2026-01-02", "roaming", 1)
    assert ledger.wrap_ups() == [bill, roaming]
    assert ledger.wrap_ups("2026-01-02") == [roaming]
    assert ledger.wrap_ups("", "2026-01-01") == [bill]


def test_same_file_twice_changes_nothing(ledger):
    """A source that is known is not taken in again, even after a later one corrected it."""
    first = [r.WrapUp(AT, "bill", 3, "a"), r.WrapUp(AT, "roaming", 2, "a")]
    corrected = [r.WrapUp(AT, "bill", 5, "b")]
    assert ledger.add_wrap_ups(first).result() == 2
    assert ledger.add_wrap_ups(first).result() == 0
    assert ledger.add_wrap_ups(corrected).result() == 1
    assert ledger.add_wrap_ups(first).result() == 0
    assert ledger.wrap_ups() == [Wrapped("2026-01-01", "bill", 5)]
    assert len(ledger.rows(r.WrapUp)) == 3


def test_corrected_file_replaces_its_times_only(ledger):
    """All codes of the times that a new file has are replaced, other times stay."""
    early = [r.WrapUp(AT, code, 1, "a") for code in ("bill", "roaming")]
    ledger.add_wrap_ups([*early, r.WrapUp(AT + HOUR, "bill", 10, "a")]).result()
    ledger.add_wrap_ups([r.WrapUp(AT, "roaming", 4, "b"), r.WrapUp(AT, "bill", 0, "b")]).result()
    assert ledger.wrap_ups() == [
        Wrapped("2026-01-01", "bill", 10),
        Wrapped("2026-01-01", "roaming", 4),
    ]


def test_wrap_ups_are_taken_in_whole_or_not_at_all(ledger):
    """A code twice at one time is a bad row, and nothing of its file is in the record."""
    twice = [r.WrapUp(AT, "bill", 1, "a"), r.WrapUp(AT, "bill", 2, "a")]
    with pytest.raises(r.BadRow):
        ledger.add_wrap_ups(twice).result()
    assert ledger.wrap_ups() == []
    assert ledger.add_wrap_ups(twice[:1]).result() == 1


def test_wrap_ups_of_each_traffic_are_apart(ledger):
    """The demo's made-up codes neither count as real nor take the place of an imported file's."""
    ledger.add_wrap_ups([r.WrapUp(AT, "bill", 3, "a")]).result()
    ledger.add_wrap_ups([r.WrapUp(AT, "bill", 9, "demo", "demo")]).result()
    assert ledger.wrap_ups() == [Wrapped("2026-01-01", "bill", 3)]
    assert ledger.wrap_ups(traffic="demo") == [Wrapped("2026-01-01", "bill", 9)]
