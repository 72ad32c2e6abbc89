"""The runner: nothing lost, nothing twice, whoever comes late or leaves early."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bss_case import number
from house_case import NUMBER, PASSWORD, Answers, Rig, make_home, text_of

import engine
from actions.faults import Fault
from dialog.events import CallEnded, NoInput
from dialog.host import Busy
from dialog.session import LEFT
from dialog.turn import Collect, Perform
from ledger import records
from ledger.reads import Delivered

ENABLE = "3 1 1"  # main menu to the price of caller_id
NEW = "802914"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """One process on a fresh state folder."""
    rig = Rig(make_home(tmp_path))
    yield rig
    rig.close()


@pytest.fixture
def other(rig: Rig) -> Iterator[Rig]:
    """A second process on the same folder."""
    other = Rig(rig.home)
    yield other
    other.close()


def at_the_price(rig: Rig, **how: Any) -> Any:
    """A caller who has just heard what caller_id costs."""
    call = rig.call(**how)
    for key in ENABLE.split():
        call.press(key)
    rig.answer()
    assert call.heard[-1].said == ["confirm_enable"]
    return call


# -- the caller hangs up while an order runs -------------------------------------------------------


@pytest.mark.parametrize("held", [False, True], ids=["by requests", "held line"])
def test_an_order_outlives_its_caller(rig: Rig, held: bool) -> None:
    """It is carried out once, recorded, told by text; request closed, session ended."""
    call = at_the_price(rig, held=held)
    asked = call.press("1")
    ended = call.hang_up()
    assert isinstance(ended.last.then, Perform)  # the dialogue goes on without the caller
    session = rig.session(call.session)
    assert session is not None
    assert session.state == LEFT
    rig.answer()
    (order, states) = next(iter(rig.order_states().items()))
    assert states == ["confirmed", "submitted", "succeeded"]
    assert rig.bss.changes(order) == 1
    assert rig.outcomes() == [("enable/caller_id", "succeeded")]
    assert rig.session(call.session) is None
    (receipt,) = rig.ledger.rows(records.Outbox)
    assert (receipt.kind, receipt.number) == ("notify", NUMBER)
    assert "来电显示" in receipt.text
    (end,) = rig.ledger.rows(records.CallEnd)
    assert end.by == "caller"
    assert isinstance(asked[-1], engine.Illegal)  # who still listened is told that it is over
    assert rig.runner._open == {}


def test_a_question_to_the_bss_ends_with_its_caller(rig: Rig) -> None:
    """A query whose caller is gone is abandoned; its answer changes nothing any more."""
    call = rig.call()
    call.press("1")
    call.press("1")
    call.hang_up()
    rig.answer()
    assert rig.outcomes() == [("balance", "abandoned")]
    assert rig.runner._open == {}
    assert rig.ledger.compare_counts() == []


def test_a_lost_answer_behind_a_hang_up_is_asked_for_later(rig: Rig) -> None:
    """The BSS did it and lost the answer: unknown, then reconciled with what it really did."""
    call = at_the_price(rig)
    call.press("1")
    call.hang_up()
    rig.answer(Fault("lose", "submit", times=0), Fault("no_answer", "find", times=0))
    assert rig.outcomes() == [("enable/caller_id", "unknown")]
    rig.reconcile()
    (order, states) = next(iter(rig.order_states().items()))
    assert states == ["confirmed", "submitted", "unknown", "reconciled"]
    assert rig.bss.changes(order) == 1
    assert rig.ledger.compare_counts() == []


def test_a_wrong_password_counts_though_its_caller_is_gone(rig: Rig) -> None:
    """Guessing and hanging up at once is no way round the lock."""
    for _ in range(3):
        call = rig.call()
        for keys in ("4", number(1), "999999"):
            call.press(keys)
        call.hang_up()
        rig.answer()
    call = rig.call()
    for keys in ("4", number(1), PASSWORD):
        call.press(keys)
    assert rig.performer.held == []
    assert "password_locked" in call.heard[-1].said


# -- a duplicate during a confirmation -------------------------------------------------------------


def test_a_texts_duplicate_gets_the_stored_reply(rig: Rig) -> None:
    """The same confirmation twice: the same reply, one order, one text in the outbox."""
    rig.text("KTLDXS")
    rig.answer()
    first = rig.text("是", key="yes")
    rig.answer()
    again = rig.text("是", key="yes")
    assert again.last.replayed
    assert (again.last.text, again.last.n) == (first.last.text, first.last.n)
    (order,) = rig.order_states()
    assert rig.bss.changes(order) == 1
    assert len([row for row in rig.ledger.rows(records.Outbox) if row.inbound == "yes"]) == 1


def test_a_duplicate_of_an_open_text_waits_for_its_reply(rig: Rig, other: Rig) -> None:
    """While the BSS works, a duplicate is told what the first one is, here and next door."""
    rig.text("KTLDXS")
    rig.answer()
    first = rig.text("是", key="yes")
    here, there = rig.text("是", key="yes"), other.text("是", key="yes")
    assert here == there == []
    rig.answer()
    other.tick()
    assert first.last.text == here.last.text == there.last.text
    assert len(rig.ledger.rows(records.Delivery)) == 2


def test_a_second_text_of_the_same_command_is_answered_by_itself(rig: Rig) -> None:
    """Two different texts that mean yes: the second finds no question, and nothing runs twice."""
    rig.text("KTLDXS")
    rig.answer()
    first, second = rig.text("是", key="a"), rig.text("是", key="b")
    assert second == []  # the line is busy with the first
    rig.answer()
    rig.tick()
    assert first.said[-1] == "enabled"
    assert second.said == ["expired"]
    (order,) = rig.order_states()
    assert rig.bss.changes(order) == 1
    assert rig.outcomes() == [("enable/caller_id", "succeeded"), ("none", "expired")]


def test_the_same_code_twice_is_one_order_and_one_refusal(rig: Rig) -> None:
    """The code again instead of an answer: the first request ends, the new one is quoted anew."""
    rig.text("KTLDXS")
    rig.answer()
    rig.text("KTLDXS")
    rig.answer()
    rig.text("1")
    rig.answer()
    assert rig.outcomes() == [
        ("enable/caller_id", "abandoned"),
        ("enable/caller_id", "succeeded"),
    ]
    assert [states[-1] for states in rig.order_states().values()] == ["void", "succeeded"]


def test_a_repeated_key_is_no_second_key(rig: Rig) -> None:
    """A webhook that comes again gets its reply again, wherever the call is by then."""
    call = rig.call()
    first = call.press("3")
    repeated = call.delivery(call.keys("3"))
    call.press("1")
    again = rig.deliver(repeated)
    assert again.last.replayed
    assert again.said == first.said
    assert rig.ledger.turn(call.session) == 3


def test_polling_while_the_bss_works_joins_the_open_turn(rig: Rig) -> None:
    """A poll carries another event under the turn's key; it waits instead of failing."""
    call = rig.call()
    call.press("1")
    call.press("1")
    poll = rig.deliver(call.delivery(NoInput(rig.now())))
    assert poll == []
    rig.answer()
    assert poll.said == call.heard[-1].said == ["balance_is", *poll.said[1:]]
    late = rig.deliver(call.delivery(NoInput(rig.now())))
    assert late.last.replayed


# -- who comes late --------------------------------------------------------------------------------


def test_patience_that_runs_out_behind_the_answer_says_nothing(rig: Rig) -> None:
    """ActionSlow after ActionDone is dropped: no channel hears an error of it."""
    call = rig.call()
    call.press("1")
    told = call.press("1")
    rig.answer()
    before = list(told)
    rig.tick()
    assert told == before
    assert [step.event for step in rig.ledger.rows(records.Step)].count("ActionSlow") == 0


def test_a_slow_bss_is_told_of_and_then_answers(rig: Rig) -> None:
    """First the patience runs out, then the answer comes on the same delivery."""
    call = rig.call()
    call.press("1")
    told = call.press("1")
    rig.tick()
    assert told.said == ["slow"]
    rig.answer()
    assert "balance_is" in told.said
    assert isinstance(told.last.then, Collect)


def test_an_answer_that_comes_twice_counts_once(rig: Rig) -> None:
    """A job asked for again by recovery: the second answer finds nobody waiting."""
    told = rig.text("CXYE")
    (job, done) = rig.performer.held[0]
    rig.answer()
    assert done is not None
    done(rig.bss.query("balance", job.subscriber, {})._replace(result="backend_error"))  # type: ignore[arg-type]
    rig.settle()
    assert len(told) == 2
    assert rig.outcomes() == [("balance", "succeeded")]


def test_a_late_answer_does_not_disturb_the_next_delivery(rig: Rig) -> None:
    """An old job's second answer is not taken for the new job's."""
    rig.text("CXYE")
    (_, done) = rig.performer.held[0]
    rig.answer()
    told = rig.text("CXJF")
    assert done is not None
    done(rig.bss.query("points", "", {}))  # type: ignore[arg-type]
    rig.settle()
    assert len(told) == 1
    rig.answer()
    assert told.last.text


def test_another_process_may_go_on_with_a_dialogue(rig: Rig, other: Rig) -> None:
    """A text answered next door is told here too, and nothing stays behind."""
    told = rig.text("CXYE")
    other.sweep()
    other.answer()
    rig.answer()
    assert told.last.text
    assert rig.runner._open == other.runner._open == {}
    assert len(rig.ledger.rows(records.Outbox)) == 1


def test_an_end_next_door_between_two_looks_is_no_failure(
    rig: Rig, other: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialogue ends next door just after its delivery was seen open: its reply is told here."""
    told = rig.text("CXYE")
    other.sweep()
    look = rig.ledger.delivery

    def delivery(key: str) -> Delivered | None:
        found = look(key)
        other.answer_all()
        return found

    monkeypatch.setattr(rig.ledger, "delivery", delivery)
    (carriage,) = rig.runner._open.values()
    rig.runner._guarded(rig.runner._elsewhere, carriage)
    assert told.last.text
    rig.answer()
    assert len(told) == 2
    assert rig.runner._open == {}


def test_a_delivery_is_carried_on_where_an_older_one_still_waits(rig: Rig, other: Rig) -> None:
    """A dialogue that went on next door comes back here: both of its texts are answered."""
    first = rig.text("KTLDXS", key="code")
    other.sweep()
    other.answer()
    other.text("是", key="yes")
    other.lose()
    rig.sweep()
    rig.answer_all()
    assert first.last.text
    inbound = sorted(str(row.inbound) for row in rig.ledger.rows(records.Outbox))
    assert inbound == ["code", "yes"]
    assert rig.outcomes() == [("enable/caller_id", "succeeded")]
    assert rig.runner._open == {}


def test_a_call_that_ends_next_door_ends_here(rig: Rig, other: Rig) -> None:
    """The hang-up reaches another process: the open turn is closed and its channel told."""
    call = rig.call()
    call.press("1")
    told = call.press("1")
    call.n += 1
    other.deliver(call.delivery(CallEnded(rig.now(), "caller", 0)))
    rig.answer()
    assert isinstance(told[-1], engine.Illegal)
    deliveries, closings = (
        rig.ledger.rows(records.Delivery), rig.ledger.rows(records.DeliveryClosing),
    )  # fmt: skip
    assert {row.key for row in deliveries} == {row.delivery for row in closings}
    assert rig.runner._open == {}


def test_events_of_no_call_are_refused(rig: Rig) -> None:
    """Keys and hang-ups of a call that never arrived are the channel's mistake."""
    call = rig.call()
    call.dialogue = "unheard-of"
    assert isinstance(call.press("1")[-1], engine.Illegal)
    assert isinstance(call.hang_up()[-1], engine.Illegal)


def test_a_call_is_over_once(rig: Rig) -> None:
    """A second hang-up with another key is refused and changes nothing."""
    call = rig.call()
    call.hang_up()
    assert isinstance(call.hang_up()[-1], engine.Illegal)
    assert len(rig.ledger.rows(records.CallEnd)) == 1


def test_nobody_waits_for_ever_for_a_busy_line(tmp_path: Path) -> None:
    """A text behind one that never ends is told that the house is busy."""
    at = [1_790_000_000_000]
    rig = Rig(make_home(tmp_path), now=lambda: at[0])
    rig.text("CXYE")
    behind = rig.text("CXJF")
    rig.tick()
    assert behind == []
    at[0] += 61_000
    rig.tick()
    assert isinstance(behind[-1], Busy)
    assert rig.tick() == 0
    rig.close()


def test_two_first_texts_at_once_share_a_dialogue(rig: Rig, other: Rig) -> None:
    """Two processes open the line at the same moment: both texts are answered, one by one."""
    told: list[Answers] = [Answers(), Answers()]
    barrier = threading.Barrier(2)

    def send(n: int, to: Rig) -> None:
        barrier.wait()
        to.runner.deliver(text_of("CXYE", NUMBER, f"first-{n}"), told[n].append)
        to.settle()

    threads = [threading.Thread(target=send, args=(n, to)) for n, to in enumerate((rig, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(3):
        for each in (rig, other):
            each.answer_all()
            each.tick()
    assert [answers.last.text for answers in told] == [told[0].last.text] * 2
    assert len(rig.ledger.rows(records.Outbox)) == 2


# -- one order in flight ---------------------------------------------------------------------------


def test_a_second_order_of_the_same_service_waits_its_turn(rig: Rig) -> None:
    """While one is under way, another one that is confirmed later is refused."""
    at_the_price(rig).press("1")
    rig.text("KTLDXS")
    rig.answer(n=1)
    told = rig.text("是")
    assert told.said == ["order_in_progress"]


def test_what_was_sent_first_counts_whatever_its_number(rig: Rig) -> None:
    """An order that was quoted earlier but confirmed later is the one to be refused."""
    call = at_the_price(rig)
    rig.text("KTLDXS")
    rig.answer()
    rig.text("是")
    told = call.press("1")
    assert "order_in_progress" in told.said
