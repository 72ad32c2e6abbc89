"""The gates before an action, and the waits: who may, when, at what price, how often."""

from __future__ import annotations

import dataclasses
import json

import pytest
from engine_case import MODEL, NOON, NOW, NUMBER, PROFILE, QUOTE, Play, at, at_price, closed, facts

from dialog.events import (
    NoInput,
    TransferEnded,
)
from dialog.session import CLAIMED, NETWORK, NONE, TEXT, VOICE
from dialog.turn import (
    Attempt,
    Collect,
    End,
    OrderMoved,
    Perform,
    Transfer,
)
from dialog.values import money
from menus.model import Filter, Window

# -- who may, and when -----------------------------------------------------------------------------


MONTH_END = Window(
    Filter(), "outside_window", "month_end", 18 * 3600, 86_400, frozenset({"change"})
)


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("2026-11-30T17:59:59", True),
        ("2026-11-30T18:00:00", False),
        ("2026-11-30T23:59:59", False),
        ("2026-12-01T00:00:00", True),
        ("2026-11-29T20:00:00", True),
        ("2028-02-28T20:00:00", True),
        ("2028-02-29T20:00:00", False),
        ("2026-02-28T20:00:00", False),
    ],
)
def test_a_window_closes_at_the_end_of_a_month(when: str, open_: bool) -> None:
    """Changes are refused in the site's time on the last day from 18:00; queries never are."""
    model = dataclasses.replace(MODEL, windows=(MONTH_END,))
    play = Play(model=model, when=when)
    play.keys("3", "1", "1")
    assert isinstance(play.turn.then, Perform) is open_
    if not open_:
        assert closed(play.turn) == [("refused", "outside_window")]
        assert "outside_window" in play.said
    query = Play(model=model, when=when)
    query.keys("1", "1")
    assert isinstance(query.turn.then, Perform)


@pytest.mark.parametrize("channel", [TEXT, VOICE])
def test_a_window_that_closes_before_the_answer_refuses_it(channel: str) -> None:
    """A yes after the limit orders nothing and is told so in words of its own."""
    model = dataclasses.replace(MODEL, windows=(MONTH_END,))
    play = at_price(channel, model=model, when="2026-11-30T17:59:58")
    play.when = "2026-11-30T18:00:00"
    turn = play.text("是") if channel == TEXT else play.keys("1")
    assert "confirmed_late" in play.said
    assert closed(turn) == [("refused", "outside_window")]
    assert [fact.state for fact in facts(turn, OrderMoved)] == ["void"]
    play = at_price(channel, model=model, when="2026-11-30T17:59:58")
    play.when = "2026-11-30T18:00:00"
    turn = play.text("否") if channel == TEXT else play.keys("*")
    assert closed(turn) == [("declined", "")]


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        (Filter(), True),
        (Filter(brand=frozenset({"gotone"})), True),
        (Filter(brand=frozenset({"mzone"})), False),
        (Filter(called=frozenset({"10086"})), True),
        (Filter(called=frozenset({"1008611"})), False),
        (Filter(operator=frozenset({"cmcc", "unicom"})), True),
        (Filter(tier=frozenset({"gold"}), province=frozenset({"beijing"})), True),
        (Filter(tier=frozenset({"gold"}), province=frozenset({"hainan"})), False),
        (Filter(roaming=frozenset({"abroad"})), False),
        (Filter(valid_from=at(NOON)), True),
        (Filter(valid_from=at(NOON) + 1), False),
        (Filter(valid_to=at(NOON)), False),
        (Filter(valid_to=at(NOON) + 1), True),
    ],
)
def test_a_rule_hides_a_choice_and_refuses_an_action(rule: Filter, passes: bool) -> None:
    """A choice that is not meant for the caller is neither offered nor taken; nor is its leaf."""
    main = MODEL.nodes["main"]
    first = dataclasses.replace(main.choices[0], filter=rule)  # type: ignore[attr-defined]
    narrowed = dataclasses.replace(main, choices=(first, *main.choices[1:]))  # type: ignore
    play = Play(model=dataclasses.replace(MODEL, nodes={**MODEL.nodes, "main": narrowed}))
    assert play.said.count("choice") == (7 if passes else 6)
    play.keys("1")
    assert bool(facts(play.turn, Attempt)) is not passes

    balance = dataclasses.replace(MODEL.nodes["balance"], filter=rule)
    play = Play(TEXT, model=dataclasses.replace(MODEL, nodes={**MODEL.nodes, "balance": balance}))
    play.text("CXYE")
    assert isinstance(play.turn.then, Perform) is passes
    if not passes:
        assert closed(play.turn) == [("refused", "not_eligible")]


def test_nobody_known_passes_no_rule_about_subscribers() -> None:
    """Without a profile only rules of number and time let a caller pass."""
    model = dataclasses.replace(
        MODEL, windows=(Window(Filter(brand=frozenset({"gotone"})), "rate_limited"),)
    )
    play = Play(model=model, profile=None)
    play.keys("1", "1")
    assert isinstance(play.turn.then, Perform)


# -- gates and waits -------------------------------------------------------------------------------


def test_a_price_can_not_be_cut_or_typed_ahead() -> None:
    """The confirmation plays to its end and throws away what was keyed before."""
    wait = at_price().turn.then
    assert isinstance(wait, Collect)
    assert (wait.purpose, wait.max_digits, wait.finish) == ("confirm", 1, "")
    assert (wait.barge_in, wait.flush) == (False, True)
    assert wait.secret is False


def test_a_menu_may_be_typed_ahead() -> None:
    """Menus are cut by a key and take keys pressed before."""
    wait = Play().turn.then
    assert isinstance(wait, Collect)
    assert (wait.purpose, wait.barge_in, wait.flush) == ("menu", True, False)


def test_a_password_is_secret_and_not_typed_ahead() -> None:
    """Its entry is sealed, checked as six digits, and keys before it are thrown away."""
    play = Play(identity=CLAIMED)
    play.keys("1", "1")
    wait = play.turn.then
    assert isinstance(wait, Collect)
    assert (wait.purpose, wait.max_digits, wait.type) == ("password", 6, "password")
    assert (wait.secret, wait.flush) == (True, True)


@pytest.mark.parametrize(
    ("identity", "asked"),
    [(NETWORK, []), (CLAIMED, ["password"]), (NONE, ["phone", "password"])],
)
def test_who_is_calling_decides_what_is_asked(identity: str, asked: list[str]) -> None:
    """The network's word opens the own number; else the password, or number and password."""
    play = Play(identity=identity)
    play.keys("1", "1")
    types = []
    while isinstance(play.turn.then, Collect):
        types.append(play.turn.then.type)
        play.keys(NUMBER if play.turn.then.type == "phone" else "~SEALED~")
    assert types == asked
    assert isinstance(play.turn.then, Perform)
    assert play.turn.then.call == ("query" if not asked else "verify")
    if asked:
        turn = play.done(profile=PROFILE)
        assert isinstance(turn.then, Perform)
        assert turn.then.call == "query"
        assert turn.then.args == {}  # neither number nor password go further
        assert "SEALED" not in turn.session.dump()


def test_a_description_needs_nobody() -> None:
    """What is not about a subscriber asks for no password, whoever calls."""
    play = Play(identity=NONE)
    play.keys("3", "1", "3")
    assert isinstance(play.turn.then, Perform)
    assert play.turn.then.call == "query"


def test_no_code_gets_round_the_price() -> None:
    """A texted order with all its parameters is quoted and asked for, never just done."""
    play = Play(TEXT)
    turn = play.text("KTYETX 50")
    assert isinstance(turn.then, Perform)
    assert (turn.then.call, turn.then.args["threshold"]) == ("quote", "5000")
    turn = play.done(quote=QUOTE)
    assert isinstance(turn.then, Collect)
    assert turn.then.purpose == "confirm"


def test_the_order_carries_the_terms_that_were_said() -> None:
    """What is submitted is the quote that the price sentence stated, under the request's id."""
    play = at_price()
    request = play.session.request
    assert request is not None
    turn = play.keys("1", heard_ms=4200)
    assert isinstance(turn.then, Perform)
    assert turn.then.key == request.id
    assert turn.then.quote == tuple(QUOTE)
    moved = facts(turn, OrderMoved)
    assert [(fact.state, fact.heard_ms) for fact in moved] == [
        ("confirmed", 4200),
        ("submitted", 0),
    ]


@pytest.mark.parametrize(("channel", "no"), [(VOICE, "*"), (TEXT, "否")])
def test_no_is_no_failure(channel: str, no: str) -> None:
    """Who declines is thanked; the order is void and the request declined."""
    play = at_price(channel)
    turn = play.keys(no) if channel == VOICE else play.text(no)
    assert closed(turn) == [("declined", "")]
    assert [fact.state for fact in facts(turn, OrderMoved)] == ["declined"]


def test_each_silence_is_told_more_and_the_third_gives_up() -> None:
    """No-input has its own texts, helping more each time, then an agent."""
    play = Play()
    said = []
    for _ in range(3):
        play.on(NoInput(NOW, 100))
        said.append(play.said[0])
    assert said == ["no_input_1", "no_input_2", "no_input_3"]
    assert isinstance(play.turn.then, Transfer)


def test_a_confirmation_times_out_by_its_own_name() -> None:
    """Silence at the price is asked again and then ends as confirm_timeout."""
    play = at_price()
    for _ in range(3):
        play.on(NoInput(NOW, 100))
    assert closed(play.turn) == [("failed", "confirm_timeout")]


def test_an_agent_who_is_busy_leads_back() -> None:
    """The caller hears why nobody came and goes on; an answered leg ends the call."""
    play = Play()
    play.keys("0")
    assert play.session.agent
    play.on(TransferEnded(NOW, "general", "busy"))
    assert play.said[0] == "agent_busy"
    assert isinstance(play.turn.then, Collect)
    play.keys("0")
    play.on(TransferEnded(NOW, "general", "answered"))
    assert isinstance(play.turn.then, End)


def test_a_language_lasts() -> None:
    """A choice of language rules every later turn, over the stored preference."""
    play = Play(profile=PROFILE._replace(language="zh-CN"))
    play.keys("8", "2")
    assert play.session.language == "en"
    play.keys("1", "1")
    play.done(values={"balance": money(1), "spent": money(1)})
    assert play.session.language == "en"
    assert Play(profile=PROFILE._replace(language="en")).session.language == "en"
    assert Play(profile=PROFILE._replace(language="fr")).session.language == "zh-CN"


def test_a_secret_keyed_at_the_wrong_question_is_not_kept() -> None:
    """Digit runs of four and more are masked in the record of a step, as they are in a text."""
    play = Play(TEXT)
    play.text("KTYETX")
    turn = play.text("135246")
    assert "135246" not in json.dumps(turn.facts)
