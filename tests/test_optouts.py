"""STOP, START and HELP: what they do to a number's own messages, and Twilio's own rule."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from house_case import ROOT, make_home
from ledger_rows import text as outbox_row
from twilio.request_validator import RequestValidator
from twilio_stub import Stub, running, twilio_sender

from hotline.house import House, clock
from hotline.optouts import Respecting
from hotline.serving import make_sender
from hotline.settings import Settings
from hotline.web import make_app
from ledger import records

TOKEN = "a-test-token"
BASE = "https://hotline.example.com"
NUMBER = "13800138000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped site, reached by Twilio."""
    return Settings(ROOT, make_home(tmp_path), public_url=BASE, twilio_token=TOKEN)


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    """Its house."""
    with House(settings) as house:
        yield house


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Twilio's REST API."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as server:
        yield server


def post(house: House, path: str, **form: str) -> str:
    """A webhook as Twilio signs it; what it is answered with."""
    client: FlaskClient = make_app(house).test_client()
    mark = RequestValidator(TOKEN).compute_signature(BASE + path, form)
    answer = client.post(path, data=form, headers={"X-Twilio-Signature": mark})
    assert answer.status_code in (200, 204)
    return answer.text


def texted(house: House, sid: str, body: str, **more: str) -> str:
    """A text by Twilio; the message that the TwiML answers with, "" for none."""
    form = {"MessageSid": sid, "From": f"+86{NUMBER}", "To": "10086", "Body": body} | more
    return ElementTree.fromstring(post(house, "/twilio/sms", **form)).findtext("Message", "")


def closings(house: House) -> list[tuple[str, str]]:
    """Leaf and end of each request."""
    ends = {row.request: row.reason or row.outcome for row in house.ledger.rows(records.Closing)}
    rows = sorted(house.ledger.rows(records.Request), key=lambda row: row.at)
    return [(row.leaf, ends[row.id]) for row in rows]


def stopped(house: House, called: str = "10086") -> bool:
    """Whether the record has the subscriber opted out of a number."""
    return house.ledger.opted_out(called, house.vault.pseudonym(NUMBER))


def test_twilio_answers_its_keywords_itself(house: House) -> None:
    """STOP, START and HELP alone are recorded without a second answer; repeats change nothing."""
    assert texted(house, "SM1", " stop ") == ""
    assert stopped(house)
    assert texted(house, "SM2", "HELP") == ""
    assert texted(house, "SM1", " stop ") == ""
    assert closings(house) == [("stop", "succeeded"), ("help", "succeeded")]
    assert texted(house, "SM3", "Unstop") == ""
    assert not stopped(house)
    assert "58.60" in texted(house, "SM4", "CXYE")


def test_twilio_says_which_words_it_took(house: House) -> None:
    """With Advanced Opt-Out the field counts, whatever the words; a sentence with STOP is none."""
    assert texted(house, "SM1", "退订", OptOutType="STOP") == ""
    assert stopped(house)
    assert texted(house, "SM2", "回来", OptOutType="START") == ""
    assert not stopped(house)
    assert texted(house, "SM3", "stop it") != ""
    assert not stopped(house)


def test_the_house_answers_where_twilio_does_not(settings: Settings) -> None:
    """With Twilio's handling off the words are answered as on any link."""
    with House(replace(settings, twilio_keywords=False)) as house:
        assert "START" in texted(house, "SM1", "STOP")
        assert "STOP" in texted(house, "SM2", "START")
        assert not stopped(house)


def waiting(house: House, *rows: records.Outbox) -> None:
    """Puts texts into the outbox, due now."""
    at = clock()
    due = [
        row._replace(at=at, due_at=at, number=NUMBER, link="twilio", expires_at=at + 3_600_000)
        for row in rows
    ]
    house.ledger.append(due).result()


def send(house: House, stub: Stub) -> list[records.OutboxSend]:
    """The outbox's sender empties it; how each text ended."""
    links = {"twilio": Respecting(twilio_sender(stub), house)}
    sender = make_sender(house, links, threading.Event())
    while sender.once():
        pass
    sent = house.ledger.rows(records.OutboxSend)
    return sorted((row for row in sent if row.status != "taken"), key=lambda row: row.outbox)


def test_stop_ends_what_that_number_sends_by_itself(house: House, stub: Stub) -> None:
    """Of four texts only the stopped number's own message stays; START lets the next one out."""
    texted(house, "SM1", "STOP")
    row = outbox_row("a", kind="notify")
    waiting(
        house,
        row,
        row._replace(id="b", called="10010"),
        row._replace(id="c", kind="later"),
        row._replace(id="d", kind="reply", inbound="x"),
    )
    ended = [(end.outbox, end.status, end.error) for end in send(house, stub)]
    assert ended == [
        ("a", "failed", "opted_out"),
        ("b", "sent", ""),
        ("c", "sent", ""),
        ("d", "sent", ""),
    ]
    texted(house, "SM2", "START")
    waiting(house, row._replace(id="e"))
    assert send(house, stub)[-1][:4:3] == ("e", "sent")
    assert len(stub.posted) == 4


def test_what_twilio_refuses_as_opted_out_counts_as_stop(house: House, stub: Stub) -> None:
    """21610: failed, not tried again, and the number is opted out from then on."""
    stub.answer = (400, {"status": 400, "code": 21610, "message": "unsubscribed"})
    waiting(house, outbox_row("a", kind="notify"), outbox_row("b", kind="notify", inbound="y"))
    assert [(end.status, end.error) for end in send(house, stub)] == [
        ("failed", "twilio_21610"),
        ("failed", "opted_out"),
    ]
    assert stopped(house)
    assert len(stub.posted) == 1


def test_a_status_report_of_21610_counts_as_stop(house: House) -> None:
    """Twilio may find out after it took the text; another error stops nothing."""
    ends = {"From": "10086", "To": f"+86{NUMBER}"}
    failed = {"MessageSid": "SM1", "MessageStatus": "failed", **ends}
    post(house, "/twilio/sms/status", **failed, ErrorCode="30003")
    assert not stopped(house)
    post(house, "/twilio/sms/status", **failed | {"MessageSid": "SM2"}, ErrorCode="21610")
    assert stopped(house)
