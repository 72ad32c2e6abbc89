"""Retention: what is old goes, by declared days, and that it went is recorded."""

from __future__ import annotations

import pytest
from ledger_rows import (
    AT,
    DAY,
    HOUR,
    call_end,
    closing,
    ended_state,
    go_on,
    order,
    request,
    start,
    step,
    text,
)

from ledger import complaint_records as c
from ledger import records as r
from ledger import trial_records as t
from ledger.ledger import Ledger
from ledger.retention import RETENTION
from ledger.schema import TABLES

OLD = AT - 500 * DAY
SUMS = {"count_kinds", "count_sums", "visit_kinds", "visit_sums", "repeats", "repeat_days"}
KEPT = {"versions", "serving", "trials", "trial_ends", "opt_outs", "purges"} | SUMS


@pytest.fixture
def ledger(tmp_path):
    """A record with one call long ago and one today."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        for name, at in (("old", OLD), ("new", AT)):
            rows = [
                step(name, at=at),
                request(name, name, at=at),
                closing(name, at=at + HOUR),
                r.Attempt(name, 1, at, "", "main", "no_input"),
                r.Told(name, at, "yes", 10),
                call_end(name, at=at),
                order(name, at=at),
                r.OrderMove(name, at, "succeeded"),
                r.Delivery(name, name, "pbx", at),
                r.DeliveryPart(name, 1, at, "{}"),
                r.DeliveryClosing(name, 2, at, "{}"),
                text(name, at=at, due_at=at),
                r.PasswordTry(name, name, at, True),
                r.OptOut(name, name, at, "stop"),
                c.Complaint(name, name, at, name, "", "10086900", "sms", "real", "sealed"),
                c.ComplaintMove(name, at, "closed"),
                r.Version(name, at, "{}", "", ""),
                r.Serving(name, at, "", ""),
                t.Trial(name, at, "d1", "d2", 10, "", "real", 31, -66, "", ""),
                t.TrialEnd(name, at, "stopped", "", "", "{}"),
                t.TrialEntry(name, name, "control", at, name),
                t.TrialMark(name, name, "failure", "control", at, name),
                t.TrialTopic(name, name, "balance", at, name),
            ]
            opened.write(start(name, *rows, opened_at=at)).result()
            opened.write(go_on(name, 1, state=ended_state())).result()
            opened.outbox_due(at, 1, "sender", 1).result()
            opened.outbox_sent(name, 1, at, name).result()
            opened.note_receipt(name, at, "delivered").result()
            kept = r.Inbox(name, at, "smpp", "bind", name, "", 1, 1, "sealed")
            opened.inbox_take(kept).result()
            opened.inbox_done([name]).result()
            opened.add_wrap_ups([r.WrapUp(at, "bill", 3, name)]).result()
        yield opened


def test_purge_deletes_what_is_old(ledger):
    """Old rows of every table with a term are gone, orders and what is kept for good are there."""
    whole = ledger.counts()
    purges = ledger.purge(AT, "nightly")
    for table in TABLES:
        if table.name not in KEPT:
            (left,) = ledger._read(f"SELECT COUNT(*) FROM {table.name}")[0]
            each = 2 if table.name == "outbox_sends" else 1
            assert left == each * (2 if RETENTION.get(table.name, 0) > 500 else 1), table.name
    assert ledger.turn("old") is None
    assert [row.request for row in ledger.rows(r.Closing)] == ["new"]
    assert len(ledger.rows(r.Version)) == 2
    assert ledger.opted_out("old", "old")
    assert ledger.counts() == whole
    assert sorted(ledger.rows(r.Purge)) == sorted(purges)
    assert {(act.actor, act.gone) for act in purges} == {("nightly", 1), ("nightly", 2)}
    assert ledger.purge(AT, "nightly") == []


def test_tallies_outlive_their_facts(ledger):
    """After a purge the purged days are neither compared nor replaced; their counts stay."""
    whole = ledger.counts()
    ledger.purge(AT, "nightly")
    assert ledger.compare_counts() == []
    ledger.replace_counts()
    assert ledger.counts() == whole


def test_purge_spares_what_is_not_over(ledger):
    """Sessions that still wait and texts that are still to go stay, however old."""
    ledger.write(start("waits", opened_at=OLD)).result()
    ledger.append([text("to go", at=OLD)]).result()
    ledger.purge(AT, "nightly")
    assert ledger.session("waits") is not None
    assert {row.id for row in ledger.rows(r.Outbox)} == {"new", "to go"}


def test_purge_spares_complaints_that_are_open(ledger):
    """What nobody has answered stays with all that was done about it, however old."""
    open_ = c.Complaint("open", "s", OLD, "sub", "1", "10086900", "sms", "real", "sealed")
    old = OLD - 400 * DAY
    moves = [c.ComplaintMove("open", old, "raised", "province")]
    ledger.append([open_._replace(at=old), open_._replace(id="shut", at=old), *moves]).result()
    ledger.append([c.ComplaintMove("shut", old + HOUR, "closed")]).result()
    ledger.purge(AT, "nightly")
    assert {row.id for row in ledger.rows(c.Complaint)} == {"old", "new", "open"}
    assert {row.complaint for row in ledger.rows(c.ComplaintMove)} == {"old", "new", "open"}


def test_terms_are_whole_local_days(ledger):
    """A term of no days keeps today, from local midnight."""
    ledger.append([step("x", at=AT - 8 * HOUR), step("y", at=AT - 8 * HOUR - 1)]).result()
    ledger.purge(AT, "me", {"steps": 0})
    assert {row.session for row in ledger.rows(r.Step)} == {"new", "x"}


def test_every_table_has_a_term_or_a_reason():
    """A table is in the terms, kept for good, or goes with its parent."""
    named = {table.name for table in TABLES}
    assert named == set(RETENTION) | KEPT | {"closings"}
