"""Twilio voice as pure functions: forms to deliveries, replies to TwiML, by tables."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from agi_peer import TableHost

from dialog.events import (
    UNTOLD,
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TransferEnded,
)
from dialog.host import Delivery, Reply
from dialog.session import Origin
from ivr.twiml import BadFormError, apology, delivery_from_form, turn_url, twiml

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "wire" / "twiml.yaml").read_text(encoding="utf-8")
)
SID = "CA" + "0123456789abcdef" * 2
FORM = {"CallSid": SID, "From": "+8613800138000", "To": "+8610086", "CallStatus": "in-progress"}
ORIGIN = Origin("voice", "10086", "13800138000", "claimed", "twilio")


def _reply(row: dict[str, Any]) -> Reply:
    replies: list[Any] = []
    TableHost([row]).deliver(Delivery("k", "d", ORIGIN, CallArrived(1)), replies.append)
    return replies[0]


def _bare(xml: str) -> str:
    return re.sub(r"\s+", " ", xml.removeprefix('<?xml version="1.0" encoding="UTF-8"?>'))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reply(case: dict[str, Any]) -> None:
    """Each wait becomes the verbs that Twilio carries it out with."""
    reply = _reply(case["reply"]) if case["reply"] else None
    clips = TableHost([]).clips(reply) if reply else ()
    xml = twiml(reply, clips, 3, turns="/twilio/voice", prompts="P", agent="+8610086")
    assert _bare(xml) == _bare(case["xml"])


def test_without_agents_a_transfer_fails_at_once() -> None:
    """A site without an agent's number goes straight to the turn after the transfer."""
    xml = twiml(_reply({"Transfer": "general"}), (), 3, turns="/v", prompts="P")
    assert '<Redirect method="POST">/v?n=4&amp;topic=general</Redirect>' in xml


def test_an_apology_hangs_up() -> None:
    """When the house fails the caller hears so and the call ends."""
    assert _bare(apology(("zh-CN/sorry.0.1.wav",), prompts="P")) == (
        "<Response><Play>P/zh-CN/sorry.0.1.wav</Play><Hangup /></Response>"
    )


@pytest.mark.parametrize(
    ("more", "n", "topic", "key", "event"),
    [
        ({}, 1, "", "1", CallArrived(5)),
        ({"Digits": "1"}, 2, "", "2", DigitsEntered(5, "1")),
        ({"Digits": "12*"}, 2, "", "2", DigitsEntered(5, "12*")),
        ({"Digits": "", "FinishedOnKey": "#"}, 2, "", "2", DigitsEntered(5, "")),
        ({"Digits": ""}, 2, "", "2", NoInput(5)),
        ({}, 2, "", "2", NoInput(5)),
        (
            {"DialCallStatus": "completed"}, 4, "general", "4",
            TransferEnded(5, "general", "answered"),
        ),
        (
            {"DialCallStatus": "no-answer"}, 4, "general", "4",
            TransferEnded(5, "general", "no_answer"),
        ),
        ({}, 4, "general", "4", TransferEnded(5, "general", "failed")),
        ({"CallStatus": "completed"}, 1, "", "ended", CallEnded(5, "caller", UNTOLD)),
        ({"CallStatus": "canceled"}, 7, "", "ended", CallEnded(5, "caller", UNTOLD)),
    ],
)  # fmt: skip
def test_form(more: dict[str, str], n: int, topic: str, key: str, event: Event) -> None:
    """Each webhook is one delivery, named by CallSid and turn."""
    delivery = delivery_from_form(FORM | more, n, 5, topic=topic)
    dialogue = f"twilio/{SID}"
    assert delivery == Delivery(f"{dialogue}/{key}", dialogue, ORIGIN, event)


def test_a_withheld_number_has_no_identity() -> None:
    """Whatever the link is trusted with, a call without a number is nobody's."""
    delivery = delivery_from_form(FORM | {"From": "anonymous"}, 1, 5, identity="network")
    assert delivery.origin == ORIGIN._replace(caller="", identity="none")


@pytest.mark.parametrize(
    ("form", "n", "topic"),
    [
        ({}, 1, ""),
        (FORM | {"CallSid": "../x"}, 1, ""),
        (FORM | {"Digits": "1a"}, 2, ""),
        (FORM | {"Digits": "1" * 65}, 2, ""),
        (FORM, 0, ""),
        (FORM, 3, "a/b"),
    ],
)
def test_a_form_that_is_not_twilios(form: dict[str, str], n: int, topic: str) -> None:
    """What cannot come from Twilio is refused with what is wrong, never guessed."""
    with pytest.raises(BadFormError):
        delivery_from_form(form, n, 5, topic=topic)


def test_a_turns_url_carries_its_number() -> None:
    """The retry of a turn is known by its URL."""
    assert turn_url("/v", 2) == "/v?n=2"
    assert turn_url("/v", 3, "general") == "/v?n=3&topic=general"
