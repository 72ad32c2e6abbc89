"""Kannel's requests: a text in, its reply on the HTTP answer or else by the outbox; receipts.

ASGI, on the server's loop: while a text is worked on no thread waits for it, so that hundreds may
be under way at once.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
from collections.abc import Awaitable, Callable, Mapping
from email.message import Message
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from dialog.host import Delivery, Reply
from dialog.turn import Perform
from hotline.carrying import HttpAnswer
from hotline.house import House
from hotline.web import MOST_BYTES, ON_ITS_WAY_S, TEXT_ANSWER_S, carried
from sms_commands import kannel

log = logging.getLogger("hotline.web.kannel")

MO, DLR = "/kannel/mo", "/kannel/dlr"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Answer(NamedTuple):
    """An HTTP answer of plain text."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = {}


def make_app(house: House) -> App:
    """The ASGI application of /kannel/mo and /kannel/dlr."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await _answered(house, scope, receive)
        body = answer.text.encode()
        headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
        named = [(k.encode(), v.encode()) for k, v in {**headers, **answer.headers}.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": named})
        await send({"type": "http.response.body", "body": body})

    return app


async def _answered(house: House, scope: Scope, receive: Receive) -> Answer:
    fields = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    peer = scope["client"][0] if scope.get("client") else ""
    if not kannel.admitted(house.settings.kannel_secret, fields.get("secret", ""), peer):
        log.warning("a request to %s without the secret was refused", scope["path"])
        return Answer(403)
    asked = scope["path"], scope["method"]
    try:
        if asked == (MO, "GET"):
            return await _text(house, fields, fields.get("text", ""))
        if asked == (MO, "POST"):
            body = await _body(receive)
            return await _text(house, fields, _decoded(body, scope["headers"]))
        if asked == (DLR, "GET"):
            return await _receipt(house, fields)
    except kannel.BadRequestError as bad:
        return Answer(400, f"{bad}\n")
    except _NoBody as none:
        return Answer(none.args[0])
    return Answer(405 if asked[0] in (MO, DLR) else 404)


async def _text(house: House, fields: Mapping[str, str], text: str) -> Answer:
    delivery = kannel.delivery(fields, text, house.now(), identity=house.settings.kannel_identity)
    receipt = kannel.provider_id(delivery.key)
    request = HttpAnswer(receipt)
    try:
        reply = await _reply(house, delivery._replace(carrier=request), request)
    except Exception as error:  # noqa: BLE001 - whatever kept it from being taken
        log.error("a text was not taken: %s", type(error).__name__)
        return Answer(503)  # it is in no record, so Kannel must bring it again
    if reply is None:
        return Answer(503 if house.ledger.delivery(delivery.key) is None else 200)
    if not (request.claimed or await _carries(house, delivery.key, reply, receipt)):
        return Answer(200)
    receipts = house.settings.kannel_receipts
    called, context = delivery.origin.called, delivery.reply_context
    told = kannel.headers(reply.text, called, receipts, delivery.key, context)
    return Answer(200, reply.text, told)


async def _reply(house: House, delivery: Delivery, request: HttpAnswer) -> Reply | None:
    """The delivery's closing reply, None when it did not come in time. Raises what the host did."""
    loop = asyncio.get_running_loop()
    closing: asyncio.Future[Reply | None] = loop.create_future()
    patience: asyncio.TimerHandle

    def settle(reply: Reply | Exception) -> None:
        if closing.done():
            return
        if isinstance(reply, Exception):
            closing.set_exception(reply)
        elif not isinstance(reply.then, Perform):
            closing.set_result(reply)

    def on_reply(reply: Reply | Exception) -> None:
        loop.call_soon_threadsafe(settle, reply)

    def leave() -> None:
        nonlocal patience
        if closing.done():
            return
        if request.leave():
            closing.set_result(None)
        else:
            patience = loop.call_later(ON_ITS_WAY_S, leave)

    patience = loop.call_later(TEXT_ANSWER_S, leave)
    house.runner.deliver(delivery, on_reply)
    try:
        return await closing
    finally:
        patience.cancel()


async def _carries(house: House, key: str, reply: Reply, receipt: str) -> bool:
    return await asyncio.to_thread(carried, house, key, reply, receipt)


async def _receipt(house: House, fields: Mapping[str, str]) -> Answer:
    receipt = kannel.receipt(fields)
    if receipt is not None:
        noted = house.ledger.note_receipt(
            receipt.provider_id, house.now(), receipt.state, receipt.error
        )
        await asyncio.wrap_future(noted)
    return Answer(200)  # Kannel repeats a request that gets another status


class _NoBody(Exception):
    """There is no text to take. `args[0]`: the status of the answer."""


async def _body(receive: Receive) -> bytes:
    """The request's body. Raises _NoBody when it is too long or did not come whole."""
    body = b""
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise _NoBody(400)
        body += bytes(part.get("body", b""))
        if len(body) > MOST_BYTES:
            raise _NoBody(413)
        if not part.get("more_body"):
            return body


def _decoded(body: bytes, headers: list[tuple[bytes, bytes]]) -> str:
    """The text in the charset that the request names."""
    return body.decode(_charset(dict(headers).get(b"content-type", b"")), "replace")


@lru_cache(maxsize=16)
def _charset(content_type: bytes) -> str:
    """The charset of a content type; UTF-8 for none and for one that nobody knows."""
    said = Message()
    said["content-type"] = content_type.decode("latin-1")
    try:
        return codecs.lookup(said.get_content_charset("utf-8")).name
    except LookupError:
        return "utf-8"
