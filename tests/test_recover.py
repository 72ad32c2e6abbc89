"""A process is lost at any commit; the next one finishes what it left, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bss_case import number
from house_case import Answers, Caller, Rig, make_home

from actions.faults import Fault
from actions.perform import Performer
from dialog.session import load
from hotline.sweep import RECONCILED_AT_ONCE, Sweeper
from ledger import records


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh state folder."""
    return make_home(tmp_path)


@pytest.fixture
def start(home: Path) -> Iterator[object]:
    """Starts processes on the folder; all of them end with the test."""
    rigs: list[Rig] = []

    def one(drops: str = "by_key") -> Rig:
        rigs.append(Rig(home, drops=drops))  # type: ignore[arg-type]
        return rigs[-1]

    yield one
    for rig in rigs:
        rig.close()


def ordered(rig: Rig) -> tuple[str, list[str]]:
    """The one order there is, and its states."""
    (found,) = rig.order_states().items()
    return found


def confirmed_by_text(rig: Rig, key: str = "yes") -> Answers:
    """A texter orders caller_id and says yes."""
    rig.text("KTLDXS")
    rig.answer()
    return rig.text("是", key=key)


def confirmed_by_voice(rig: Rig) -> Caller:
    """A caller orders caller_id and presses 1."""
    call = rig.call()
    for key in ("3", "1", "1"):
        call.press(key)
    rig.answer()
    call.press("1")
    return call


@pytest.mark.parametrize("after", [False, True], ids=["before it is written", "once it is written"])
@pytest.mark.parametrize("nth", range(4))
def test_a_text_survives_a_crash_at_every_commit(start, nth: int, after: bool) -> None:
    """Whatever was on the disk is finished; the link's repeated text gets one reply."""
    rig = start()
    rig.crash_at(nth, after=after)
    for body, key in (("KTLDXS", "code"), ("是", "yes")):
        rig.text(body, key=key)
        rig.answer_all()
    second = start()
    second.recover()
    second.answer_all()
    for body, key in (
        ("KTLDXS", "code"),
        ("是", "yes"),
    ):  # the link was never told that it was taken
        told = second.text(body, key=key)
        second.answer_all()
        second.tick()
        assert told.last.text
    order, states = ordered(second)
    assert states == ["confirmed", "submitted", "succeeded"]
    assert second.bss.changes(order) == 1
    replies = [row.inbound for row in second.ledger.rows(records.Outbox) if row.inbound]
    assert sorted(replies) == ["code", "yes"]
    assert second.ledger.compare_counts() == []


@pytest.mark.parametrize("drops", ["by_key", "by_state", "not_at_all"])
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_an_order_sent_by_a_lost_process_is_settled(start, drops: str, done: bool) -> None:
    """By its key it is sent again; else it is asked for, and never guessed."""
    rig = start(drops)
    confirmed_by_text(rig)
    if done:
        Performer.perform(rig.performer, rig.performer.held[0][0]).result()
    rig.lose()
    second = start(drops)
    second.recover()
    second.answer_all()
    order, states = ordered(second)
    if done or drops == "by_key":
        assert states[-1] == "succeeded"
        assert second.bss.changes(order) == 1
    else:
        assert states[-1] == "unknown"
        assert second.bss.changes(order) == 0
    (reply,) = [row for row in second.ledger.rows(records.Outbox) if row.inbound == "yes"]
    assert reply.text


def test_a_request_that_arrives_late_is_not_done_again(start) -> None:
    """Recovery sends the order by its key; the lost process's own request arrives behind it."""
    rig = start()
    confirmed_by_text(rig)
    lost = rig.performer.held[0][0]
    rig.lose()
    second = start()
    second.recover()
    second.answer_all()
    Performer.perform(rig.performer, lost).result()
    order, states = ordered(second)
    assert states[-1] == "succeeded"
    assert second.bss.changes(order) == 1


def test_what_was_sent_once_is_not_failed_by_a_second_sending(start) -> None:
    """The BSS is away when the order is sent again: unknown, for the first sending did it."""
    rig = start()
    confirmed_by_text(rig)
    Performer.perform(rig.performer, rig.performer.held[0][0]).result()
    rig.lose()
    second = start()
    second.recover()
    second.answer(Fault("temporary", times=0))
    assert ordered(second)[1][-1] == "unknown"
    second.reconcile()
    assert ordered(second)[1][-1] == "reconciled"
    assert second.ledger.rows(records.OrderMove)[-1].reason == "succeeded"


def test_recovery_lets_no_rule_of_ours_judge_what_was_sent(start) -> None:
    """An order under way elsewhere can't turn one that was done into a refused one."""
    rig = start()
    call = rig.call()
    for key in ("3", "1", "1"):
        call.press(key)
    rig.answer()
    confirmed_by_text(rig)
    lost, _ = rig.performer.held.pop()
    Performer.perform(rig.performer, lost).result()  # done, but the process never hears of it
    call.press("1")  # an order with an older number of the same service
    rig.lose()
    second = start()
    second.recover()
    second.answer_all()
    assert second.order_states()[lost.key][-1] == "succeeded"


def test_a_call_of_a_lost_process_is_over(start) -> None:
    """Its line is gone: request interrupted, call ended by the network, delivery closed."""
    rig = start()
    call = rig.call()
    call.press("1")
    call.press("1")
    rig.lose()
    second = start()
    assert second.recover() == 1
    assert second.outcomes() == [("balance", "interrupted")]
    (end,) = second.ledger.rows(records.CallEnd)
    assert end.by == "network"
    closed = {row.delivery for row in second.ledger.rows(records.DeliveryClosing)}
    assert closed == {row.key for row in second.ledger.rows(records.Delivery)}
    assert second.recover() == 0


def test_a_callers_order_outlives_the_process(start) -> None:
    """The call is over, its order goes on to its end, and its owner is told by text."""
    rig = start()
    confirmed_by_voice(rig)
    rig.lose()
    second = start()
    second.recover()
    second.answer_all()
    _, states = ordered(second)
    assert states[-1] == "succeeded"
    assert len(second.ledger.rows(records.CallEnd)) == 1
    assert [row.kind for row in second.ledger.rows(records.Outbox)] == ["notify"]
    assert second.ledger.unfinished_deliveries() == []


def test_the_sweeper_answers_the_texts_of_a_lost_process(start) -> None:
    """No restart is needed: another process takes over when the wait is overdue, in a minute."""
    rig, other = start(), start()
    rig.text("CXYE", key="one")
    rig.lose()
    assert other.sweep(ms=0) == 0  # not yet overdue
    assert other.sweep(ms=60_000) == 1
    other.answer_all()
    (reply,) = other.ledger.rows(records.Outbox)
    assert (reply.inbound, other.outcomes()) == ("one", [("balance", "succeeded")])


def test_an_open_question_lapses(start) -> None:
    """A confirmation that never comes closes the request; the order is void."""
    rig = start()
    rig.text("KTLDXS")
    rig.answer()
    rig.sweep()
    assert rig.outcomes() == [("enable/caller_id", "confirm_timeout")]
    assert ordered(rig)[1] == ["void"]


def test_an_answer_in_the_last_moment_is_not_swept_away(start) -> None:
    """The sweeper saw the question overdue; by the time it comes the texter has answered."""
    rig = start()
    rig.text("KTLDXS")
    rig.answer()
    session = rig.ledger.rows(records.Request)[0].session
    overdue = rig.session(session).deadline
    rig.text("乱码")  # moves the dialogue on; the question stays open
    rig.runner.expire(session, overdue - 1)
    rig.settle()
    assert ordered(rig)[1] == []
    rig.text("是")
    rig.answer()
    assert ordered(rig)[1][-1] == "succeeded"


# -- sessions that can't be read -------------------------------------------------------------------


def spoil(rig: Rig, session: str) -> None:
    """As if another release had written the session."""
    text = rig.ledger.session(session)
    assert text is not None
    row = json.loads(text)
    row[-1] = 99
    turn = rig.ledger.turn(session)
    assert turn is not None
    state = records.SessionState(turn + 1, json.dumps(row), load(text).deadline)
    rig.ledger.write(records.Commit(session, turn, (), state)).result()


@pytest.mark.parametrize("way", ["recover", "sweep"])
def test_a_session_of_another_release_stops_nobody(start, way: str) -> None:
    """It is given up with its request and its order; the others go on."""
    rig = start()
    confirmed_by_text(rig)
    spoilt = rig.ledger.rows(records.Request)[0].session
    spoil(rig, spoilt)
    rig.text("CXYE", number(1), key="healthy")
    rig.lose()
    second = start()
    getattr(second, way)()
    second.answer_all()
    assert second.outcomes(spoilt) == [("enable/caller_id", "unknown")]
    assert ("balance", "succeeded") in second.outcomes()
    assert ordered(second)[1][-1] == "unknown"
    assert second.session(spoilt) is None
    told = second.text("CXYE", key="the line is free")
    second.answer_all()
    assert told.last.text
    assert second.ledger.unfinished_deliveries() == []


# -- orders of unknown end -------------------------------------------------------------------------


def test_reconciling_goes_round(start) -> None:
    """A BSS that was away is asked a few orders at a time, each in its turn."""
    rig = start()
    for n in range(RECONCILED_AT_ONCE + 2):
        order = f"{n:04d}"
        rig.ledger.append(
            [
                records.Order(
                    order, "s", rig.now(), "p", "13800138000", "subscribe", "caller_id", "{}", 0,
                    "none", "", "now", "", "number",
                ),
                records.OrderMove(order, rig.now(), "unknown"),
            ]
        ).result()  # fmt: skip
    last = rig.reconcile()
    assert last == f"{RECONCILED_AT_ONCE - 1:04d}"
    assert rig.reconcile(last) == ""


def test_an_order_is_unknown_until_the_bss_knows_it(start) -> None:
    """A request that arrives after all is found; until then nothing is said."""
    rig = start("not_at_all")
    confirmed_by_text(rig)
    job = rig.performer.held[0][0]
    rig.answer(Fault("no_answer", "submit"))
    rig.reconcile()
    assert ordered(rig)[1][-1] == "unknown"
    Performer.perform(rig.performer, job).result()
    rig.reconcile()
    order, states = ordered(rig)
    assert states[-2:] == ["unknown", "reconciled"]
    assert rig.bss.changes(order) == 1
    rig.reconcile()
    assert ordered(rig)[1][-2:] == ["unknown", "reconciled"]
    assert rig.ledger.compare_counts() == []


def test_the_sweeper_thread_starts_and_stops(start) -> None:
    """It ends when told, between two rounds."""
    sweeper = Sweeper(start())
    sweeper.start()
    sweeper.close()
