"""Twilio's webhooks over a whole house: signed, repeatable, answered once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from hotline.house import House, clock
from hotline.settings import Settings
from hotline.web import make_app
from ledger import records

ROOT = Path(__file__).parent.parent
TOKEN = "a-test-token"
BASE = "https://hotline.example.com"
SID = "CA" + "0" * 31


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The shipped site with a Twilio token, seen from outside under BASE."""
    settings = Settings(ROOT, tmp_path, public_url=BASE, twilio_token=TOKEN)
    with House(settings) as house:
        yield house


@pytest.fixture
def client(house: House) -> FlaskClient:
    """Talks to the WSGI application as the server does."""
    return make_app(house).test_client()


def post(client: FlaskClient, path: str, signature: str | None = None, **form: str) -> TestResponse:
    """A webhook, signed as Twilio signs it unless told otherwise."""
    mark = signature or RequestValidator(TOKEN).compute_signature(BASE + path, form)
    return client.post(path, data=form, headers={"X-Twilio-Signature": mark})


def text(client: FlaskClient, sid: str, body: str, sender: str = "+8613800138000") -> str:
    """Sends a text; gives the message in the TwiML, "" when there is none."""
    answer = post(client, "/twilio/sms", MessageSid=sid, From=sender, To="10086", Body=body)
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.text).findtext("Message", "")


def turn(client: FlaskClient, url: str, **form: str) -> ElementTree.Element:
    """One turn of a call; gives its TwiML."""
    fields = {"CallSid": SID + "1", "From": "+8613800138000", "To": "10086"} | form
    answer = post(client, url.removeprefix(BASE), **fields)
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.text)


def plays(twiml: ElementTree.Element, prompt: str) -> bool:
    """Whether the TwiML plays a clip of a text."""
    return any(f"/{prompt}." in (play.text or "") for play in twiml.iter("Play"))


def action(twiml: ElementTree.Element) -> str:
    """The URL of the next turn."""
    gather = twiml.find(".//Gather")
    assert gather is not None
    return gather.attrib["action"]


def test_a_text_is_answered_on_the_webhook(client: FlaskClient) -> None:
    """CXYE gets the balance in the HTTP answer."""
    assert "58.60" in text(client, "SM1", "CXYE")


def test_a_repeated_text_gets_the_stored_reply_and_runs_nothing(
    house: House, client: FlaskClient
) -> None:
    """The same MessageSid is one delivery: one request, one reply row, the same words."""
    first = text(client, "SM1", "CXYE")
    assert text(client, "SM1", "CXYE") == first
    assert len(house.ledger.rows(records.Request)) == 1
    assert len(house.ledger.rows(records.Outbox)) == 1


def test_a_reply_that_the_sender_took_is_not_carried_too(house: House, client: FlaskClient) -> None:
    """Never two texts for one: what the outbox's sender has, a late duplicate does not repeat."""
    delivery = "twilio:SM1"
    text(client, "SM1", "CXYE")
    assert house.ledger.outbox_carried(delivery)
    assert house.ledger.outbox_due(clock() + 60_000, 10, "x", 1000).result() == []


@pytest.mark.parametrize("path", ["/twilio/sms", "/twilio/sms/status", "/twilio/voice"])
def test_an_unsigned_request_is_refused(house: House, client: FlaskClient, path: str) -> None:
    """A wrong signature gets 403 and leaves nothing in the record."""
    answer = post(client, path, signature="AAAA", MessageSid="SM1", CallSid=SID + "1")
    assert answer.status_code == 403
    assert house.ledger.rows(records.Delivery) == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twilio/sms", {"From": "+8613800138000", "To": "10086"}),
        ("/twilio/voice", {"CallSid": "nonsense"}),
        ("/twilio/voice?n=x", {"CallSid": SID + "1"}),
        ("/twilio/sms/status", {"MessageSid": "SM1", "MessageStatus": "dancing"}),
    ],
)
def test_a_malformed_form_is_a_clear_400(
    client: FlaskClient, path: str, form: dict[str, str]
) -> None:
    """What Twilio never sends gets one sentence that names the field."""
    answer = post(client, path, **form)
    assert answer.status_code == 400
    assert re.search(r"MessageSid|CallSid|MessageStatus|turn", answer.text)


def test_a_call_by_twilio_speaks_the_balance(house: House, client: FlaskClient) -> None:
    """Turn by turn: welcome, 1, then the password (the number is only claimed), the balance."""
    twiml = turn(client, "/twilio/voice")
    assert plays(twiml, "welcome")
    for digits in ("1", "1", "135246"):
        twiml = turn(client, action(twiml), Digits=digits)
    assert plays(twiml, "balance_is")
    post(client, "/twilio/voice/status", CallSid=SID + "1", CallStatus="completed")
    (closing,) = house.ledger.rows(records.Closing)
    assert (closing.outcome, closing.reason) == ("succeeded", "")


def test_a_repeated_turn_gets_the_same_twiml(house: House, client: FlaskClient) -> None:
    """Twilio's retry of a turn is the same delivery."""
    second = action(turn(client, "/twilio/voice"))
    first = ElementTree.tostring(turn(client, second, Digits="1"))
    assert ElementTree.tostring(turn(client, second, Digits="1")) == first
    assert len(house.ledger.rows(records.Delivery)) == 2


def test_a_clip_is_served_and_nothing_beside(client: FlaskClient) -> None:
    """The clips that TwiML names can be fetched; no path leads out of prompts/."""
    clip = next(play.text or "" for play in turn(client, "/twilio/voice").iter("Play"))
    assert client.get(clip.removeprefix(BASE)).data[:4] == b"RIFF"
    assert client.get("/prompts/../menus.yaml").status_code == 404


def test_health_names_the_version(house: House, client: FlaskClient) -> None:
    """A load balancer learns that the house is up and which menus serve."""
    assert client.get("/health").get_json()["version"] == house.versions.serving().digest
