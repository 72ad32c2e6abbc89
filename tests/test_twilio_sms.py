"""Twilio's messaging webhook and REST API, with its own library and published signature."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from ledger_rows import text
from twilio.request_validator import RequestValidator
from twilio_stub import Stub, running, twilio_sender
from werkzeug.datastructures import MultiDict

from dialog.events import TextReceived
from dialog.session import Origin
from ledger.records import Outbox
from sms_commands.context import context_of
from sms_commands.sender import (
    OptedOutError,
    PermanentError,
    SendError,
    TemporaryError,
    UncertainError,
)
from sms_commands.twilio_sms import (
    BadFormError,
    Receipt,
    TwilioSender,
    delivery_from_form,
    receipt_from_form,
    signed,
    twiml,
)

FORM = {
    "MessageSid": "SM0123456789abcdef0123456789abcdef",
    "From": "+8613800138000",
    "To": "+8610086",
    "Body": "查余额",
}
# the example in Twilio's documentation of webhook security
VECTOR_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTOR_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
VECTOR_TOKEN = "12345"
VECTOR_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_published_signature_is_accepted() -> None:
    """Twilio's own example passes, as a dict and as Flask's multi-dict."""
    assert signed(VECTOR_URL, VECTOR_FORM, VECTOR_SIGNATURE, VECTOR_TOKEN)
    assert signed(VECTOR_URL, MultiDict(VECTOR_FORM), VECTOR_SIGNATURE, VECTOR_TOKEN)


@pytest.mark.parametrize(
    ("url", "form", "signature", "token"),
    [
        (VECTOR_URL.replace("https", "http"), VECTOR_FORM, VECTOR_SIGNATURE, VECTOR_TOKEN),
        (VECTOR_URL + "3", VECTOR_FORM, VECTOR_SIGNATURE, VECTOR_TOKEN),
        (VECTOR_URL, VECTOR_FORM | {"Digits": "1235"}, VECTOR_SIGNATURE, VECTOR_TOKEN),
        (VECTOR_URL, VECTOR_FORM | {"More": "1"}, VECTOR_SIGNATURE, VECTOR_TOKEN),
        (VECTOR_URL, VECTOR_FORM, VECTOR_SIGNATURE, "12346"),
        (VECTOR_URL, VECTOR_FORM, "", VECTOR_TOKEN),
        (VECTOR_URL, VECTOR_FORM, "RSOYDt4T1cUTdK1PDd93", VECTOR_TOKEN),
        (
            VECTOR_URL,
            VECTOR_FORM,
            RequestValidator("").compute_signature(VECTOR_URL, VECTOR_FORM),
            "",
        ),
    ],
)
def test_any_other_signature_is_refused(
    url: str, form: dict[str, str], signature: str, token: str
) -> None:
    """A changed URL, field, token or signature fails, and so does a hotline without a token."""
    assert not signed(url, form, signature, token)


def test_chinese_texts_are_signed_as_utf_8() -> None:
    """A form with Chinese characters verifies against the library's own signature."""
    url = "https://hotline.example/twilio/sms"
    signature = RequestValidator("secret").compute_signature(url, FORM)
    assert signed(url, FORM, signature, "secret")


def test_a_form_becomes_a_delivery() -> None:
    """Key, numbers in national format, the raw text and the number to reply from."""
    delivery = delivery_from_form(FORM, 1_700_000_000_000)
    assert delivery.key == "twilio:SM0123456789abcdef0123456789abcdef"
    assert delivery.dialogue == ""
    assert delivery.origin == Origin("text", "10086", "13800138000", "network", "twilio", "real")
    assert delivery.event == TextReceived(1_700_000_000_000, "查余额")
    assert json.loads(delivery.reply_context) == {"from": "+8610086"}


def test_a_repeated_message_is_the_same_delivery() -> None:
    """A retry or a replay has the key of the first, whatever the time; another message has not."""
    first, again = delivery_from_form(FORM, 1), delivery_from_form(FORM, 2)
    other = delivery_from_form(FORM | {"MessageSid": "SM2"}, 1)
    assert first.key == again.key != other.key


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To"])
def test_an_incomplete_form_is_refused(missing: str) -> None:
    """A form that Twilio can't have sent is named as such."""
    form = {name: value for name, value in FORM.items() if name != missing}
    with pytest.raises(BadFormError, match=missing):
        delivery_from_form(form, 1)


def test_a_text_without_words_is_an_empty_text() -> None:
    """A picture message has no Body; it is still a delivery to be answered."""
    form = {name: value for name, value in FORM.items() if name != "Body"}
    assert delivery_from_form(form, 1).event == TextReceived(1, "")


def test_a_reply_as_twiml() -> None:
    """The text survives XML, and the status callback names the outbox row."""
    root = ET.fromstring(twiml("余额<58.60>&元", "https://h.example/status?outbox=1&x=2"))
    message = root[0]
    assert (root.tag, message.tag, message.text) == ("Response", "Message", "余额<58.60>&元")
    assert message.get("statusCallback") == "https://h.example/status?outbox=1&x=2"


def test_no_reply_is_an_empty_response() -> None:
    """When the sender carries the reply, the webhook only acknowledges."""
    root = ET.fromstring(twiml(""))
    assert (root.tag, len(root), root.text) == ("Response", 0, None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("queued", None),
        ("sending", None),
        ("sent", Receipt("SM1", "sent")),
        ("delivered", Receipt("SM1", "delivered")),
        ("undelivered", Receipt("SM1", "failed", "30003")),
        ("failed", Receipt("SM1", "failed", "30003")),
    ],
)
def test_status_callbacks(status: str, expected: Receipt | None) -> None:
    """Final states are facts, the ones on the way there are not."""
    form = {"MessageSid": "SM1", "MessageStatus": status}
    if status in ("undelivered", "failed"):
        form["ErrorCode"] = "30003"
    assert receipt_from_form(form) == expected


@pytest.mark.parametrize("form", [{"MessageSid": "SM1"}, {"MessageSid": "S", "MessageStatus": "x"}])
def test_bad_status_callbacks(form: dict[str, str]) -> None:
    """A callback without a documented status is refused."""
    with pytest.raises(BadFormError, match="MessageStatus"):
        receipt_from_form(form)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A running stub."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as server:
        yield server


def row(body: str) -> Outbox:
    """A text in the outbox."""
    return text("one", text=body, number="13800138000")


def test_a_text_is_sent_by_rest(stub: Stub) -> None:
    """The request has Twilio's path and fields, numbers in E.164, and gives the message's SID."""
    assert twilio_sender(stub).send(row("余额58.60元")) == "SM9"
    path, form, authorization = stub.posted[0]
    assert path == "/2010-04-01/Accounts/AC0/Messages.json"
    assert form == {
        "To": "+8613800138000",
        "From": "+8610086",
        "Body": "余额58.60元",
        "StatusCallback": "https://h.example/status",
    }
    assert authorization.startswith("Basic ")


def test_a_reply_leaves_from_the_number_that_was_texted(stub: Stub) -> None:
    """As Twilio wrote it, whatever the number is elsewhere."""
    reply = row("余额58.60元")._replace(reply_context=context_of("+85210086"))
    twilio_sender(stub).send(reply)
    assert stub.posted[0][1]["From"] == "+85210086"


@pytest.mark.parametrize(
    ("status", "code", "kind", "word"),
    [
        (400, 21610, OptedOutError, "twilio_21610"),
        (400, 21211, PermanentError, "twilio_21211"),
        (401, 20003, TemporaryError, "twilio_20003"),
        (429, 20429, TemporaryError, "twilio_20429"),
        (503, None, TemporaryError, "twilio_503"),
        (500, 20500, UncertainError, "twilio_20500"),
        (504, None, UncertainError, "twilio_504"),
    ],
)
def test_refusals_are_typed(
    stub: Stub, status: int, code: int | None, kind: type[SendError], word: str
) -> None:
    """Each answer of Twilio says whether to try again; its words, with the number, are dropped."""
    said: dict[str, object] = {"status": status, "message": "The number +8613800138000 is bad"}
    stub.answer = (status, said | ({"code": code} if code else {}))
    with pytest.raises(SendError) as caught:
        twilio_sender(stub).send(row("x"))
    assert type(caught.value) is kind
    assert str(caught.value) == word
    assert len(stub.posted) == 1


def test_no_connection_is_temporary(stub: Stub) -> None:
    """Where nobody listens nothing was sent: the text may be tried again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused for sure
        sender = TwilioSender("AC0", "t", base_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(TemporaryError, match="no_connection"):
            sender.send(row("x"))


@pytest.mark.parametrize("silent", [True, False])
def test_a_lost_answer_is_uncertain(stub: Stub, silent: bool) -> None:
    """A time-out and a cut connection after the request: it may have been sent, once."""
    if silent:
        stub.answer = (0, {})
    stub.drop = not silent
    with pytest.raises(UncertainError):
        twilio_sender(stub, timeout=0.2 if silent else 30).send(row("x"))
    assert len(stub.posted) == 1
