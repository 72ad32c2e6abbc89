"""A BSS at hand: what changes nothing is answered in the step that asks it, and is one commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bss_case import embedded, who
from house_case import NUMBER, Rig, make_home, text_of

from actions.faults import Fault, FaultyPort
from actions.perform import Performer
from actions.port import Port
from dialog.turn import Collect, End, Perform
from hotline.carrying import HttpAnswer
from ledger import records


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One process whose BSS is at hand; what is to be asked waits until the test lets it."""
    rig = Rig(make_home(tmp_path))
    rig.performer.at_hand = True
    yield rig
    rig.close()


def performer(port: Port) -> Performer:
    """One that opens no secrets."""
    return Performer(port, open_secret=lambda sealed: sealed)


# -- who answers at once ---------------------------------------------------------------------------


def test_a_bss_at_hand_answers_what_changes_nothing(tmp_path: Path) -> None:
    """Queries and quotes; an order and a password's check go on their lanes, whatever the BSS."""
    bss = embedded(tmp_path)
    house = performer(bss)
    service = {"service": "caller_id"}
    balance = house.at_once(Perform("k", "query", "balance", who(bss), {}))
    assert balance == bss.query("balance", who(bss), {})
    quoted = house.at_once(Perform("k", "quote", "subscribe", who(bss), service))
    assert quoted == bss.quote("subscribe", who(bss), service)
    assert house.at_once(Perform("k", "submit", "subscribe", who(bss), service)) is None
    assert house.at_once(Perform("k", "verify", "subscriber", who(bss), {})) is None
    assert bss.find("k") is None
    house.close()


def test_a_bss_that_may_be_slow_is_not_at_hand(tmp_path: Path) -> None:
    """Nobody waits for it but its lane."""
    bss = embedded(tmp_path)
    slow = FaultyPort(bss, [Fault("hang")])
    house = performer(slow)
    assert house.at_once(Perform("k", "query", "balance", who(bss), {})) is None
    assert not slow.reached.is_set()
    house.close()


def test_a_bss_at_hand_that_fails_is_asked_on_its_lane(tmp_path: Path) -> None:
    """The lane says what is wrong, in the words that everybody knows."""
    house = performer(embedded(tmp_path))
    job = Perform("k", "query", "no_such_query", who(house.port), {})
    assert house.at_once(job) is None
    assert house.perform(job).result().result == "internal_error"
    house.close()


# -- one commit ------------------------------------------------------------------------------------


def test_a_texted_query_is_one_commit(rig: Rig) -> None:
    """Both turns are in the record, and the delivery, closed, and its reply; written together."""
    before = rig.ledger.writes
    told = rig.text("CXYE", key="one")
    assert rig.ledger.writes == before + 1
    assert [type(reply.then) for reply in told] == [End]
    steps = rig.ledger.rows(records.Step)
    assert [(step.n, step.event) for step in sorted(steps, key=lambda step: step.n)] == [
        (1, "TextReceived"),
        (2, "ActionDone"),
    ]
    assert rig.outcomes() == [("balance", "succeeded")]
    stored = rig.ledger.delivery("one")
    assert stored is not None
    assert stored.closed
    assert len(stored.replies) == 1
    assert rig.ledger.rows(records.DeliveryPart) == []
    again = rig.text("CXYE", key="one")
    assert again.last.replayed
    assert again.last.text == told.last.text


@pytest.mark.parametrize("after", [False, True], ids=["before the disk", "behind it"])
def test_a_crash_leaves_all_of_it_or_nothing(rig: Rig, after: bool) -> None:
    """A text that comes again after a crash gets one answer, and is one request."""
    rig.crash_at(0, after=after)
    assert rig.text("CXYE", key="one") == []
    other = Rig(rig.home)
    other.performer.at_hand = True
    other.recover()
    assert len(other.ledger.rows(records.Request)) == after
    told = other.text("CXYE", key="one")
    assert told.last.replayed == after
    assert "58.60" in told.last.text
    assert other.outcomes() == [("balance", "succeeded")]
    other.close()


def test_an_order_is_written_before_it_is_sent(rig: Rig) -> None:
    """Its quote is answered at once; the order itself is not, whatever is at hand."""
    assert isinstance(rig.text("KTLDXS").last.then, Collect)
    sent = rig.text("是")
    (order,) = rig.order_states()
    assert rig.order_states()[order] == ["confirmed", "submitted"]
    assert rig.bss.changes(order) == 0
    rig.answer()
    assert rig.bss.changes(order) == 1
    assert sent.last.text


def test_an_order_that_gives_way_is_told_with_the_answer(rig: Rig) -> None:
    """What the first of the two turns says is in the reply, and in its record."""
    rig.text("KTLDXS")
    told = rig.text("CXYE", key="one")
    assert told.said == ["order_void", "balance_is"]
    assert rig.text("CXYE", key="one").said == told.said


def test_a_caller_who_hears_nothing_in_between_gets_one_reply(rig: Rig) -> None:
    """A query's answer comes with the key's own step; a line's other turns go their way."""
    for held in (False, True):
        call = rig.call(held=held)
        call.press("1")
        told = call.press("1")
        assert [type(reply.then) for reply in told] == [Collect]
        assert told.said[0] == "balance_is"
        assert rig.ledger.turn(call.session) == 4
        call.hang_up()


def test_whoever_lost_the_race_asks_again(rig: Rig) -> None:
    """Of two processes with one dialogue's texts the slower one takes its turn anew."""
    other = Rig(rig.home)
    other.performer.at_hand = True
    rig.text("KTLDXS")
    line = rig.ledger.open_text("10086", rig.vault.pseudonym(NUMBER))
    assert line is not None
    stale, real = [rig.ledger.session(line)], rig.ledger.session
    rig.ledger.session = lambda session: stale.pop() if stale else real(session)  # type: ignore[method-assign]
    other.text("KTFX", key="theirs")
    request = HttpAnswer()
    told = rig.deliver(text_of("CXYE", NUMBER, "ours")._replace(carrier=request))
    assert not stale
    assert told.said == ["order_void", "balance_is"]
    assert rig.outcomes() == [
        ("enable/caller_id", "abandoned"),
        ("enable/fetion", "abandoned"),
        ("balance", "succeeded"),
    ]
    assert request.claimed
    assert carried(rig) == [("carried", 1)]
    other.close()


# -- the reply's claim -----------------------------------------------------------------------------


def carried(rig: Rig) -> list[tuple[str, int]]:
    """What became of the texts, and how often each was claimed."""
    claims = {row.id: row.attempts for row in rig.ledger.rows(records.Outbox)}
    return [(row.status, claims[row.outbox]) for row in rig.ledger.rows(records.OutboxSend)]


def test_who_waits_carries_the_reply(rig: Rig) -> None:
    """It is claimed as it is made: no sender finds it, and its number is not kept."""
    request = HttpAnswer("our-id")
    rig.deliver(text_of("CXYE", NUMBER, "one")._replace(carrier=request))
    assert request.claimed
    assert not request.leave()
    assert carried(rig) == [("carried", 1)]
    (send,) = rig.ledger.rows(records.OutboxSend)
    assert send.provider_id == "our-id"
    assert rig.ledger.rows(records.Outbox)[0].number == ""
    assert rig.ledger.outbox_due(rig.now() + 60_000, 9, "x", 1000).result() == []


def test_who_has_left_carries_nothing(rig: Rig) -> None:
    """The reply waits in the outbox for its sender."""
    request = HttpAnswer()
    assert request.leave()
    rig.deliver(text_of("CXYE", NUMBER, "one")._replace(carrier=request))
    assert not request.claimed
    assert carried(rig) == []
    (due,) = rig.ledger.outbox_due(rig.now() + 60_000, 9, "x", 1000).result()
    assert due.text.inbound == "one"


def test_two_requests_with_one_text_send_one_reply(rig: Rig) -> None:
    """The one whose delivery it is carries it; the one that joined it does not."""
    rig.performer.at_hand = False
    first, second = HttpAnswer(), HttpAnswer()
    rig.deliver(text_of("CXYE", NUMBER, "one")._replace(carrier=first))
    joined = rig.deliver(text_of("CXYE", NUMBER, "one")._replace(carrier=second))
    rig.answer()
    assert "58.60" in joined.last.text
    assert (first.claimed, second.claimed) == (True, False)
    assert carried(rig) == [("carried", 1)]


def test_a_commit_that_failed_claims_nothing(rig: Rig) -> None:
    """Another process was faster with the same text: its reply is its own requests' to carry."""
    other = Rig(rig.home)
    other.performer.at_hand = True
    real = rig.ledger.delivery
    unseen = [None]  # this process looked just before the other one wrote
    rig.ledger.delivery = lambda key: unseen.pop() if unseen else real(key)  # type: ignore[method-assign]
    request = HttpAnswer()
    other.text("CXYE", key="one")
    other.sweep()  # its dialogue is over: here a new one begins
    told = rig.deliver(text_of("CXYE", NUMBER, "one")._replace(carrier=request))
    assert not unseen
    assert told.last.replayed
    assert not request.claimed
    assert carried(rig) == []
    other.close()
