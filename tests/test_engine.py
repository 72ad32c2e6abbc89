"""The engine where transcripts show little: what is refused, what is kept, whose turn it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable

import pytest
from engine_case import MODEL, NOON, NOW, Play, at, at_price, closed, facts
from small_model import small_model

import engine
from dialog.events import (
    ActionDone,
    ActionSlow,
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TransferEnded,
    WaitExpired,
)
from dialog.session import ENDED, LEFT, TEXT, Session
from dialog.turn import (
    End,
    Opted,
    OrderMoved,
    Perform,
    RequestOpened,
    Told,
)
from dialog.values import date, money
from menus.model import Message, Model

# -- what is refused -------------------------------------------------------------------------------


def waits() -> Iterable[tuple[str, Session]]:
    """A session at each kind of wait."""
    menu = Play()
    yield "Collect", menu.session
    asking = Play()
    asking.keys("1", "1")
    yield "Perform", asking.session
    agent = Play()
    agent.keys("0")
    yield "Transfer", agent.session
    yield "text question", at_price(TEXT).session
    querying = Play(TEXT)
    querying.text("CXYE")
    yield "text Perform", querying.session
    left = at_price()
    left.keys("1")
    left.on(CallEnded(at(NOON), "caller"))
    assert left.session.state == LEFT
    yield "left", left.session


EVENTS: dict[str, Event] = {
    "arrived": CallArrived(NOW),
    "digits": DigitsEntered(NOW, "1"),
    "silence": NoInput(NOW),
    "done": ActionDone(NOW, "another job", "succeeded"),
    "slow": ActionSlow(NOW, "another job"),
    "transfer": TransferEnded(NOW, "general", "busy"),
    "ended": CallEnded(NOW, "caller"),
}
ILLEGAL = {
    "Collect": ("arrived", "done", "slow", "transfer"),
    "Perform": ("arrived", "digits", "silence", "done", "slow", "transfer"),
    "Transfer": ("arrived", "digits", "silence", "done", "slow"),
    "text question": ("arrived", "done", "slow", "transfer"),
    "text Perform": ("arrived", "digits", "silence", "done", "slow", "transfer"),
    "left": ("arrived", "digits", "silence", "done", "slow", "transfer", "ended"),
}


@pytest.mark.parametrize(("wait", "session"), list(waits()), ids=[name for name, _ in waits()])
def test_an_event_that_does_not_fit_changes_nothing(wait: str, session: Session) -> None:
    """It raises Illegal, and the session stands as it stood."""
    before = session.dump()
    for name in ILLEGAL[wait]:
        with pytest.raises(engine.Illegal):
            engine.resume(MODEL, session, EVENTS[name])
        assert session.dump() == before


def test_a_text_waits_for_the_bss_too() -> None:
    """While the BSS works for a texter the next text is not taken."""
    play = Play(TEXT)
    play.text("CXYE")
    with pytest.raises(engine.Illegal):
        play.text("CXJF")


def test_a_turn_is_a_function_of_its_session() -> None:
    """The same session and event give the same turn, and the session is not touched."""
    play = at_price()
    before = play.session.dump()
    event = DigitsEntered(NOW, "1")
    turns = [engine.resume(MODEL, play.session, event) for _ in range(2)]
    assert json.dumps(turns[0]) == json.dumps(turns[1])
    assert play.session.dump() == before


# -- limits ----------------------------------------------------------------------------------------


def messages(model: Model, *ids: str) -> Model:
    """The model with messages that lead from one to the next, the last to the first."""
    plain = next(node for node in model.nodes.values() if isinstance(node, Message))
    ring = {
        one: dataclasses.replace(plain, id=one, next=following)
        for one, following in zip(ids, (*ids[1:], ids[0]), strict=True)
    }
    words = {**model.words, "step_limit": "bye", "goodbye": "bye"}
    return dataclasses.replace(
        model, nodes={**model.nodes, **ring}, start={"voice": ids[0]}, words=words
    )


def test_a_ring_of_nodes_ends() -> None:
    """Nodes that lead round without a question are left after some hops, with a goodbye."""
    model = messages(small_model(), "a", "b")
    play = Play(model=model)
    assert isinstance(play.turn.then, End)
    assert play.turn.then.reason == "step_limit"
    assert play.said[-1] == "bye"
    assert len(play.said) < 30


@pytest.mark.parametrize(
    "key",
    [
        "9",
        "3 *",
    ],
)
def test_a_call_has_an_end(key: str) -> None:
    """Whoever goes round in a menu for ever is said goodbye at the step limit."""
    play = Play()
    for _ in range(MODEL.step_limit + 5):
        for one in key.split():
            if isinstance(play.turn.then, End):
                break
            play.keys(one)
    assert isinstance(play.turn.then, End)
    assert play.turn.then.reason == "step_limit"
    assert play.session.turn <= MODEL.step_limit + 2


def test_an_order_under_way_passes_the_step_limit() -> None:
    """The limit ends talk, never the record of what the BSS did."""
    play = at_price(model=dataclasses.replace(MODEL, step_limit=6))
    play.keys("1")
    play.done(values={"from": date("2026-03-15")})
    assert closed(play.turn) == [("succeeded", "")]


# -- what was heard --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "told", "outcome"),
    [
        (DigitsEntered(NOW, "1", 900), "cut", ("succeeded", "")),
        (NoInput(NOW, 900), "yes", ("succeeded", "")),
        (CallEnded(NOW, "caller", 900), "cut", ("succeeded", "")),
        (CallEnded(NOW, "hotline", 900), "cut", ("succeeded", "")),
        (CallEnded(NOW, "caller", 0), "no", ("failed", "answer_undelivered")),
        (CallEnded(NOW, "network", 0), "no", ("failed", "answer_undelivered")),
        (NoInput(NOW, 900, ("balance_is",)), "no", ("failed", "prompt_missing")),
        (DigitsEntered(NOW, "1", 900, ("balance_is",)), "no", ("failed", "prompt_missing")),
        (CallEnded(NOW, "caller", 900, ("balance_is",)), "no", ("failed", "prompt_missing")),
        (WaitExpired(NOW), "no", ("failed", "answer_undelivered")),
    ],
)
def test_an_answer_counts_when_it_began_to_play(
    event: Event, told: str, outcome: tuple[str, str]
) -> None:
    """A query closes with the event behind its answer, by what was heard of it."""
    play = Play()
    play.keys("1", "1")
    play.done(values={"balance": money(5860), "spent": money(100)})
    assert closed(play.turn) == []
    turn = play.on(event)
    assert [fact.told for fact in facts(turn, Told)] == [told]
    assert closed(turn) == [outcome]


def test_a_texted_answer_counts_at_once() -> None:
    """A text is the answer: nothing has to be heard."""
    play = Play(TEXT)
    play.text("CXYE")
    turn = play.done(values={"balance": money(5860), "spent": money(100)})
    assert closed(turn) == [("succeeded", "")]
    assert turn.session.state == ENDED


# -- texts: the order of trying --------------------------------------------------------------------


def test_stop_and_help_come_first() -> None:
    """STOP ends the open question and opts out; it is no answer and no code."""
    play = at_price(TEXT)
    turn = play.text("stop")
    assert facts(turn, Opted) == [Opted("stop")]
    assert closed(turn) == [("failed", "abandoned"), ("succeeded", "")]
    assert play.said == ["order_void", "stopped"]
    assert turn.session.state == ENDED
    assert Play(TEXT).text("？").say[0].text == "help"


def test_an_answer_comes_before_a_code() -> None:
    """While a question is open, 1 is its answer; 101 is a code and ends it."""
    play = at_price(TEXT)
    turn = play.text("101")
    assert closed(turn) == [("failed", "abandoned")]
    assert [fact.leaf for fact in facts(turn, RequestOpened)] == ["balance"]
    assert [fact.state for fact in facts(turn, OrderMoved)] == ["void"]
    play = at_price(TEXT)
    turn = play.text(" １ ")
    assert [fact.state for fact in facts(turn, OrderMoved)] == ["confirmed", "submitted"]


@pytest.mark.parametrize(("text", "state"), [("Ｙ。", "confirmed"), ("不", "declined")])
def test_the_reply_to_a_price_is_evidence(text: str, state: str) -> None:
    """An order keeps what was texted, in the form that texts are compared in, and not a key."""
    moved = facts(at_price(TEXT).text(text), OrderMoved)[0]
    assert (moved.state, moved.reply) == (state, {"Ｙ。": "Y", "不": "不"}[text])


def test_what_matches_nothing_leaves_the_question_open() -> None:
    """It is a request of its own, and the price may still be confirmed."""
    play = at_price(TEXT)
    turn = play.text("多少钱 88776655")
    assert closed(turn) == [("failed", "unknown_command")]
    assert [fact.keyword for fact in facts(turn, RequestOpened)] == ["多少钱 ********"]
    assert play.said == ["confirm_again"]
    assert isinstance(play.text("是").then, Perform)


@pytest.mark.parametrize("text", ["3011 5", "KTLDXS KTLDXS", "101#1"])
def test_more_than_a_code_takes_is_no_guess(text: str) -> None:
    """A code with too much behind it is a bad parameter, never the code without it."""
    turn = Play(TEXT).text(text)
    assert closed(turn) == [("failed", "bad_parameter")]
    assert isinstance(turn.then, End)


def test_a_number_answers_a_menu() -> None:
    """A code that reaches a menu is answered with a list; its number picks a choice."""
    play = Play(TEXT)
    play.text("301")
    assert play.said[0] == "caller_id_intro"
    assert play.said[-1] == "list_hint"
    turn = play.text("1")
    assert [fact.leaf for fact in facts(turn, RequestOpened)] == ["enable/caller_id"]
