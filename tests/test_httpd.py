"""The HTTP server over a whole house: Kannel's requests, and Flask behind the same port."""

from __future__ import annotations

import asyncio
import http.client
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from house_case import NUMBER, ROOT, make_home
from twilio.request_validator import RequestValidator

from hotline.house import House
from hotline.httpd import IDLE_S, HttpServer
from hotline.settings import Settings
from hotline.web import MOST_BYTES
from hotline.web_kannel import make_app
from ledger import records
from sms_commands.kannel import admitted

SECRET = "a-test-secret"
TOKEN = "a-test-token"


class Said(NamedTuple):
    """An HTTP answer."""

    status: int
    text: str
    headers: dict[str, str]


class Client:
    """Asks one server, each time over a connection of its own."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._port = port

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Said:
        """One request."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Said(answer.status, answer.read().decode(), named)
        finally:
            connection.close()

    def mo(self, key: str, text: str, charset: str = "UTF-8", **fields: str) -> Said:
        """A text as smsbox posts it."""
        path = address("/kannel/mo", id=key, **fields)
        kind = {"Content-Type": f'text/plain; charset="{charset}"'}
        return self.ask("POST", path, text.encode(charset), kind)


def address(path: str, **fields: str) -> str:
    """With the secret and what a text always has; a field that is "" is left out."""
    whole = {"secret": SECRET, "from": f"+86{NUMBER}", "to": "10086", "smsc": "A"} | fields
    return f"{path}?{urlencode({name: value for name, value in whole.items() if value})}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The shipped site behind Kannel and Twilio."""
    home = make_home(tmp_path)
    (home / "bss.sqlite").rename(home / "bss.db")
    settings = Settings(ROOT, home, kannel_secret=SECRET, twilio_token=TOKEN)
    with House(settings) as house:
        yield house


@pytest.fixture
def client(house: House) -> Iterator[Client]:
    """Its server, on any port."""
    server = HttpServer(house, "127.0.0.1", 0)
    server.start()
    yield Client(server.port)
    server.close()


def texts(house: House) -> list[str]:
    """The keys of the texts that were taken."""
    return sorted(row.key for row in house.ledger.rows(records.Delivery))


def test_a_text_by_post(client: Client, house: House) -> None:
    """The reply rides on the answer, from the number that was texted, by the link it came by."""
    told = client.mo("m1", "CXYE")
    assert told.status == 200
    assert "58.60" in told.text
    assert told.headers["x-kannel-from"] == "10086"
    assert told.headers["x-kannel-smsc"] == "A"
    assert told.headers["x-kannel-coding"] == "2"
    (row,) = house.ledger.rows(records.Outbox)
    assert row.reply_context == '{"from":"10086","smsc":"A"}'
    (sent,) = house.ledger.rows(records.OutboxSend)
    assert (sent.status, sent.provider_id) == ("carried", "kannel/kannel:m1")


def test_a_text_by_get(client: Client, house: House) -> None:
    """`get-url` has the text in the address."""
    told = client.ask("GET", address("/kannel/mo", id="m1", text="查话费"))
    assert "58.60" in told.text
    assert texts(house) == ["kannel:m1"]


@pytest.mark.parametrize("charset", ["UTF-8", "GB18030", "UTF-16BE"])
def test_the_charset_that_the_request_names(client: Client, charset: str) -> None:
    """Kannel recodes; whatever it says, the text is read in it."""
    assert "58.60" in client.mo("m1", "查话费", charset).text


def test_the_same_id_is_answered_once(client: Client, house: House) -> None:
    """A repeated request gets the stored reply; nothing runs twice, even when both come at once."""
    told: list[Said] = []
    pair = [threading.Thread(target=lambda: told.append(client.mo("m1", "CXYE"))) for _ in "ab"]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    told.append(client.mo("m1", "CXYE"))
    assert {one.status for one in told} == {200}
    assert {one.text for one in told if one.text} == {told[-1].text}
    assert len(house.ledger.rows(records.Request)) == 1
    assert len(house.ledger.rows(records.Outbox)) == 1


def test_many_texts_at_once(client: Client, house: House) -> None:
    """More texts under way than the server has threads: each is answered."""
    told: dict[int, Said] = {}

    def bring(n: int) -> None:
        told[n] = client.mo(f"m{n}", "CXYE", **{"from": str(13800138000 + n)})

    threads = [threading.Thread(target=bring, args=(n,)) for n in range(120)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status for one in told.values()} == {200}
    assert all(one.text for one in told.values())
    assert len(texts(house)) == 120


def test_a_receipt_is_noted_and_told_to_be(client: Client, house: House) -> None:
    """Kannel repeats a request that gets anything but 200: a receipt would come twenty times."""
    client.mo("m1", "CXYE")
    path = address("/kannel/dlr", ref="kannel:m1", type="1")
    assert client.ask("GET", path).status == 200
    (row,) = house.ledger.rows(records.Receipt)
    (text,) = house.ledger.rows(records.Outbox)
    assert (row.provider_id, row.state, row.outbox) == ("kannel/kannel:m1", "delivered", text.id)
    assert client.ask("GET", address("/kannel/dlr", ref="kannel:m1", type="4")).status == 200
    assert len(house.ledger.rows(records.Receipt)) == 1  # queued: no news


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", address("/kannel/mo", id="m", secret="x"), 403),
        ("POST", address("/kannel/mo", id="m", secret=""), 403),
        ("GET", address("/kannel/dlr", ref="m", type="1", secret="x"), 403),
        ("POST", address("/kannel/mo"), 400),
        ("POST", address("/kannel/mo", id="m", to=""), 400),
        ("GET", address("/kannel/dlr", type="1"), 400),
        ("PUT", address("/kannel/mo", id="m"), 405),
        ("POST", address("/kannel/dlr", ref="m"), 405),
        ("GET", address("/kannel/other"), 404),
        ("GET", "/other", 404),
    ],
)
def test_what_is_refused(client: Client, house: House, method: str, path: str, status: int) -> None:
    """By its status, and nothing of it is in the record."""
    assert client.ask(method, path).status == status
    assert texts(house) == []
    assert house.ledger.rows(records.Receipt) == []


def test_a_body_that_is_too_long(client: Client, house: House) -> None:
    """No text is as long as that."""
    assert client.mo("m1", "x" * (MOST_BYTES + 1)).status == 413
    assert texts(house) == []


def test_half_a_request_is_no_text(client: Client, house: House) -> None:
    """Who hangs up in the middle of a body has sent nothing; Kannel brings the text again."""
    came = iter(
        [{"type": "http.request", "body": b"CX", "more_body": True}, {"type": "http.disconnect"}]
    )
    told: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return next(came)

    async def send(part: dict[str, object]) -> None:
        told.append(part)

    path, _, query = address("/kannel/mo", id="m1").partition("?")
    asked = {"method": "POST", "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(make_app(house)(asked | {"client": ("127.0.0.1", 1)}, receive, send))
    assert texts(house) == []
    assert "58.60" in client.mo("m1", "CXYE").text


def test_kannel_gives_up_an_idle_connection_first() -> None:
    """The shipped Kannel keeps connections for less long than the server does."""
    shipped = (ROOT / "deploy" / "kannel" / "hotline.conf").read_text("utf-8")
    (kept,) = re.findall(r"^http-timeout = (\d+)$", shipped, re.MULTILINE)
    assert int(kept) < IDLE_S


def test_only_this_machine_is_admitted() -> None:
    """The secret alone is not enough, nor is the place; without a secret nothing is admitted."""
    assert admitted("s", "s", "127.0.0.1")
    assert admitted("s", "s", "::1")
    assert not admitted("s", "s", "192.0.2.7")
    assert not admitted("s", "t", "127.0.0.1")
    assert not admitted("s", "s", "")
    assert not admitted("", "", "127.0.0.1")


def test_nobody_says_where_he_is(client: Client) -> None:
    """A forwarded address is no address: a proxy before the port does not make a text local."""
    forwarded = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
    path = address("/kannel/mo", id="m1", secret="wrong")
    assert client.ask("POST", path, b"CXYE", forwarded).status == 403


def test_what_kept_a_text_from_being_taken_is_brought_again(client: Client, house: House) -> None:
    """The record is closed: 503, so that Kannel keeps the text."""
    house.ledger.close()
    assert client.mo("m1", "CXYE").status == 503


def test_flask_is_behind_the_same_port(client: Client) -> None:
    """The health check, and a text of Twilio's: its signature covers the address and its query."""
    assert '"ok"' in client.ask("GET", "/health").text
    path = "/twilio/sms?a=%E6%9F%A5+1"
    form = {"MessageSid": "SM1", "From": f"+86{NUMBER}", "To": "10086", "Body": "查话费"}
    mark = RequestValidator(TOKEN).compute_signature(client.base + path, form)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": mark}
    told = client.ask("POST", path, urlencode(form).encode(), kind)
    assert told.status == 200
    assert "58.60" in told.text
    assert client.ask("POST", path, urlencode(form).encode()).status == 403
