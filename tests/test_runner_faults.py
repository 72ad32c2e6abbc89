"""The runner when something breaks: full disks, broken engines, channels that do not listen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bss_case import number
from house_case import NUMBER, PASSWORD, Answers, Rig, make_home, text_of

import engine
from dialog.events import ActionDone, TextReceived
from dialog.host import Reply
from dialog.turn import End
from ledger import records
from ledger.records import LedgerError

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


# -- what goes wrong -------------------------------------------------------------------------------


def fail_writes(rig: Rig, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
    """The next steps meet a full disk."""
    real, left = rig.ledger.commit, [times]

    def commit(commit: records.Commit, told: Callable[[Exception | None], None]) -> None:
        left[0] -= 1
        if left[0] < 0:
            real(commit, told)
        else:
            told(LedgerError("the record could not be written: disk is full"))

    monkeypatch.setattr(rig.ledger, "commit", commit)


def test_a_full_disk_is_told_and_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be recorded is not answered; the same delivery may come again."""
    fail_writes(rig, monkeypatch)
    told = rig.text("CXYE", key="one")
    assert isinstance(told[-1], LedgerError)
    assert rig.runner._open == {}
    again = rig.text("CXYE", key="one")
    rig.answer()
    assert again.last.text


@pytest.mark.parametrize("held", [False, True], ids=["by requests", "held line"])
def test_an_answer_lost_to_a_full_disk_is_asked_for_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    """The BSS did it, the record could not be written: the sweeper brings it to its end."""
    call = at_the_price(rig, held=held)
    told = call.press("1")
    fail_writes(rig, monkeypatch)
    rig.answer()
    assert isinstance(told[-1], LedgerError)
    rig.sweep()
    rig.answer()
    (order, states) = next(iter(rig.order_states().items()))
    assert states == ["confirmed", "submitted", "succeeded"]
    assert rig.bss.changes(order) == 1


def test_a_broken_engine_apologises_and_closes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request fails with internal_error, the texter is told, the log holds no number."""

    def broken(*_: Any) -> None:
        raise KeyError(NUMBER)

    rig.text("KTYETX")
    monkeypatch.setitem(engine._EVENTS, TextReceived, broken)
    with caplog.at_level(logging.ERROR):
        told = rig.text("50", key="fifty")
    assert told.said == ["sorry_internal"]
    assert told.last.text
    assert rig.outcomes()[-1][1] == "internal_error"
    assert rig.runner._open == {}
    assert "KeyError at" in caplog.text
    assert NUMBER not in caplog.text
    assert rig.text("50", key="fifty").last.replayed


def test_a_broken_engine_leaves_a_sent_order_to_be_asked_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody guesses: the order is unknown until the BSS says how it ended."""
    call = at_the_price(rig)
    told = call.press("1")
    real = engine._EVENTS[ActionDone]
    monkeypatch.setitem(engine._EVENTS, ActionDone, lambda *_: 1 / 0)
    rig.answer()
    monkeypatch.setitem(engine._EVENTS, ActionDone, real)
    assert isinstance(told.last.then, End)
    call.hang_up()
    rig.reconcile()
    (order, states) = next(iter(rig.order_states().items()))
    assert states == ["confirmed", "submitted", "unknown", "reconciled"]
    assert rig.bss.changes(order) == 1
    assert rig.outcomes() == [("enable/caller_id", "unknown")]
    assert len(rig.ledger.rows(records.CallEnd)) == 1


def test_one_who_does_not_listen_keeps_nobody_from_hearing(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """A channel's call-back that fails stops neither the others nor the BSS."""

    def deaf(_: Reply | Exception) -> None:
        raise OSError("gone")

    told = Answers()
    text = text_of("CXYE", NUMBER, "one")
    rig.runner.deliver(text, deaf)
    rig.runner.deliver(text, told.append)
    rig.settle()
    rig.answer()
    assert told.last.text
    assert "gone" not in caplog.text


def test_a_job_that_can_not_be_started_is_answered(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread to be had: the dialogue says sorry instead of waiting for ever."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(rig.performer, "perform", refuse)
    told = rig.text("CXYE")
    assert told.last.text
    assert rig.outcomes() == [("balance", "internal_error")]


# -- what the record may hold ----------------------------------------------------------------------


def test_the_record_of_a_finished_dialogue_holds_no_secret_and_no_number(rig: Rig) -> None:
    """Replies stored for duplicates keep four digits of a number and nothing of a job."""
    for text in (f"BGMM {PASSWORD} {NEW}", f"CXGSD {number(1)}", "BGMM", PASSWORD, NEW):
        rig.text(text)
        rig.answer_all()
    call = rig.call()
    for keys in ("4", number(1), "111222"):
        call.press(keys)
        rig.answer_all()
    call.hang_up()
    rig.sweep()
    for secret in (PASSWORD, NEW, "111222", "~"):
        assert rig.ledger.search(secret) in ([], ["versions.sources"])
    allowed = {"outbox.number", "orders.number", "versions.sources"}
    for one in (NUMBER, number(1)):
        assert set(rig.ledger.search(one)) <= allowed


def test_a_withheld_number_gets_no_text(rig: Rig) -> None:
    """What would be sent to nobody is not written."""
    call = rig.call("")
    for keys in ("1", "8"):
        call.press(keys)
    rig.answer_all()
    call.hang_up()
    assert rig.ledger.rows(records.Outbox) == []


def test_a_job_under_way_is_not_started_twice(rig: Rig) -> None:
    """A sweeper that comes by while the BSS works leaves it alone."""
    rig.text("CXYE")
    rig.sweep()
    rig.sweep()
    assert len(rig.performer.held) == 1


def test_a_delivery_adopted_too_late_does_not_keep_the_order_from_its_end(
    rig: Rig, other: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller hangs up between the sweeper's look and its adopting: closed is closed."""
    call = at_the_price(rig)
    call.press("1")
    waits = rig.session(call.session)
    assert waits is not None
    other.runner.resume_delivery(waits, call.deliveries[-1])
    call.hang_up()
    with caplog.at_level(logging.ERROR, "hotline"):
        other.finish(call.session)
        other.answer_all()
    assert caplog.messages == []
    assert other.outcomes() == [("enable/caller_id", "succeeded")]
    assert other.session(call.session) is None
