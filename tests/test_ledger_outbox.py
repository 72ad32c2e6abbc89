"""The outbox: every text goes out once, by whoever claimed it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ledger_rows import AT, HOUR, NUMBER, text

from ledger import records as r
from ledger.ledger import Ledger

LEASE = 60_000


@pytest.fixture
def ledger(tmp_path):
    """An empty record."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def due(ledger, now=AT, owner="one", **more):
    """What a sender claims, as (id, attempt)."""
    claimed = ledger.outbox_due(now, 100, owner, LEASE, **more).result()
    return [(out.text.id, out.attempt) for out in claimed]


def sends(ledger, outbox):
    """What became of a text."""
    rows = sorted(ledger.rows(r.OutboxSend, outbox=outbox), key=lambda row: (row.at, row.attempt))
    return [(row.attempt, row.status) for row in rows]


def test_two_senders_never_claim_one_text(tmp_path):
    """Senders of two processes' kind share the texts out; with the HTTP answers each goes once."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as one, Ledger.open(path) as two, ThreadPoolExecutor(6) as pool:
        one.append([text(f"t{n}", f"in{n}") for n in range(300)]).result()

        def sender(ledger, owner):
            mine = []
            while claimed := ledger.outbox_due(AT, 7, owner, LEASE).result():
                mine += [out.text.inbound for out in claimed]
            return mine

        def answers(ledger):
            return [
                f"in{n}" for n in range(299, -1, -3) if ledger.outbox_carry(f"in{n}", AT).result()
            ]

        work = [pool.submit(sender, ledger, name) for ledger, name in ((one, "a"), (two, "b"))]
        work += [pool.submit(answers, ledger) for ledger in (one, two)]
        got = [inbound for future in work for inbound in future.result()]
        assert sorted(got) == sorted(f"in{n}" for n in range(300))
        assert len(one.rows(r.OutboxSend)) == 300


def test_reply_is_unique_for_its_inbound_message(ledger):
    """A second reply to one message is refused."""
    ledger.append([text("t1", "in")]).result()
    with pytest.raises(r.BadRow):
        ledger.append([text("t2", "in")]).result()
    ledger.append([text("t3"), text("t4")]).result()


def test_sent_text_keeps_no_number(ledger):
    """A text that went out is not due again and its number is cleared."""
    ledger.append([text("t1")]).result()
    assert due(ledger) == [("t1", 1)]
    ledger.outbox_sent("t1", 1, AT + 10, "SM1").result()
    assert due(ledger, AT + HOUR - 1) == []
    assert ledger.search(NUMBER) == []
    assert sends(ledger, "t1") == [(1, "taken"), (1, "sent")]


def test_carried_text_is_no_senders(ledger):
    """The HTTP answer claims a reply once; a sender that has it already keeps it."""
    ledger.append([text("t1", "in1", due_at=AT + 5000), text("t2", "in2")]).result()
    assert due(ledger) == [("t2", 1)]
    assert ledger.outbox_carry("in1", AT).result()
    assert not ledger.outbox_carry("in1", AT).result()
    assert not ledger.outbox_carry("in2", AT).result()
    assert not ledger.outbox_carry("in3", AT).result()
    assert [ledger.outbox_carried(f"in{n}") for n in (1, 2, 3)] == [True, False, False]
    assert due(ledger, AT + 5000) == []
    assert sends(ledger, "t1") == [(1, "carried")]


def test_text_of_a_lost_sender_is_not_sent_again(ledger):
    """When a lease runs out the text may have gone: it is finished as lost, its number cleared."""
    ledger.append([text("t1"), text("t2", expires_at=AT + LEASE)]).result()
    assert sorted(due(ledger)) == [("t1", 1), ("t2", 1)]
    assert due(ledger, AT + LEASE - 1, "two") == []
    assert due(ledger, AT + LEASE, "two", links=[]) == []
    for name in ("t1", "t2"):
        assert sends(ledger, name) == [(1, "taken"), (1, "failed")]
    assert {row.error for row in ledger.rows(r.OutboxSend, status="failed")} == {r.LOST}
    assert ledger.search(NUMBER) == []
    assert due(ledger, AT + HOUR - 1, "two") == []


@pytest.mark.parametrize("retry_at", [AT, None])
def test_late_news_of_a_lost_text(ledger, retry_at):
    """A sender that reports after its lease brings no text back; that it was sent is recorded."""
    ledger.append([text("t1")]).result()
    due(ledger)
    due(ledger, AT + LEASE, "two")
    ledger.outbox_failed("t1", 1, AT + LEASE + 1, "busy", retry_at).result()
    assert due(ledger, AT + LEASE + 2, "two") == []
    ledger.outbox_sent("t1", 1, AT + LEASE + 3, "SM1").result()
    assert sends(ledger, "t1") == [(1, "taken"), (1, "failed"), (1, "sent")]
    assert [row.error for row in ledger.rows(r.OutboxSend, status="failed")] == [r.LOST]


def test_failed_text_is_tried_again_or_given_up(ledger):
    """A temporary failure comes back when it is due; a permanent one is over, number cleared."""
    ledger.append([text("t1")]).result()
    due(ledger)
    ledger.outbox_failed("t1", 1, AT + 1, "busy", retry_at=AT + 1000).result()
    assert due(ledger, AT + 999) == []
    assert due(ledger, AT + 1000) == [("t1", 2)]
    ledger.outbox_failed("t1", 2, AT + 1001, "no such number").result()
    assert due(ledger, AT + HOUR - 1) == []
    assert ledger.search(NUMBER) == []
    assert sends(ledger, "t1") == [(1, "taken"), (1, "failed"), (2, "taken"), (2, "failed")]


def test_text_past_its_time_is_not_sent(ledger):
    """An expired text is finished as such, whatever link its sender serves."""
    ledger.append([text("t1", link="other")]).result()
    assert due(ledger, AT + HOUR, links=["sms"]) == []
    assert sends(ledger, "t1") == [(0, "expired")]
    assert ledger.search(NUMBER) == []


def test_sender_takes_its_links_only(ledger):
    """A sender is given the texts of the links it serves, oldest due first, up to its limit."""
    ledger.append([text("t1", due_at=AT - 1), text("t2", link="smpp"), text("t3")]).result()
    assert due(ledger, links=[]) == []
    assert due(ledger, links=["smpp"]) == [("t2", 1)]
    (first,) = ledger.outbox_due(AT, 1, "one", LEASE).result()
    assert first.text == text("t1", due_at=AT - 1)


def test_receipts_are_facts_beside_the_text(ledger):
    """What the provider says of a text is kept, once a state, with the text if it is known."""
    ledger.append([text("t1")]).result()
    due(ledger)
    ledger.outbox_sent("t1", 1, AT + 10, "SM1").result()
    ledger.note_receipt("SM1", AT + 20, "sent").result()
    ledger.note_receipt("SM1", AT + 30, "delivered").result()
    ledger.note_receipt("SM1", AT + 40, "delivered").result()
    ledger.note_receipt("SM2", AT + 50, "failed", "30003").result()
    assert ledger.rows(r.Receipt, outbox="t1") == [
        r.Receipt("SM1", AT + 20, "sent", "", "t1"),
        r.Receipt("SM1", AT + 30, "delivered", "", "t1"),
    ]
    assert ledger.rows(r.Receipt, outbox="") == [r.Receipt("SM2", AT + 50, "failed", "30003", "")]
