"""HTTP: webhooks, the clips they play, a health check. Flask calls the runner directly."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable

from flask import Flask, Response, abort, request, send_from_directory

from dialog.host import Delivery, Host, Reply
from dialog.turn import Perform
from hotline.carrying import HttpAnswer
from hotline.house import House, clock
from hotline.replies import HTTP_WINDOW_MS
from sms_commands.twilio_sms import signed

log = logging.getLogger("hotline.web")

MOST_BYTES = 64 * 1024
TEXT_ANSWER_S = HTTP_WINDOW_MS / 1000 - 2
"""Before the sender may take a text's reply, and before Twilio gives up (15 s)."""
ON_ITS_WAY_S = 1.0
"""How long a reply that is being committed may take, until it is looked again."""


def answer(
    host: Host,
    delivery: Delivery,
    patience_s: float,
    *,
    interim: bool = False,
    leave: Callable[[], bool] = lambda: True,
) -> Reply | None:
    """The delivery's closing reply, or None when it did not come in time.

    With `interim` a reply that says something while the BSS still works is returned at once.
    `leave` is asked when the time is over; False: wait on. Raises what the host raised.
    """
    replies: queue.Queue[Reply | Exception] = queue.Queue()
    host.deliver(delivery, replies.put)
    end = clock() + patience_s * 1000
    while True:
        try:
            reply = replies.get(timeout=max(0.0, (end - clock()) / 1000))
        except queue.Empty:
            if leave():
                return None
            end = clock() + ON_ITS_WAY_S * 1000
            continue
        if isinstance(reply, Exception):
            raise reply
        if not isinstance(reply.then, Perform) or (interim and reply.say):
            return reply


def text_answer(house: House, delivery: Delivery) -> str | Response:
    """What is answered to a text that a provider brought: its reply, nothing when that comes later.

    A Response when it was not taken: it is in no record, so the provider must bring it again.
    """
    request = HttpAnswer()
    try:
        brought = delivery._replace(carrier=request)
        reply = answer(house.runner, brought, TEXT_ANSWER_S, leave=request.leave)
    except Exception as error:  # noqa: BLE001 - whatever kept it from being taken
        log.error("a text was not taken: %s", type(error).__name__)
        return Response(status=503)
    if reply is None:
        return Response(status=503) if house.ledger.delivery(delivery.key) is None else ""
    return reply.text if request.claimed or carried(house, delivery.key, reply) else ""


def carried(house: House, key: str, reply: Reply, provider_id: str = "") -> bool:
    """Whether an answer whose delivery another request brought, too, may carry the reply.

    It may when it is the first to, or when the one before it never arrived: then it is replayed.
    """
    if not reply.text:
        return False
    ledger = house.ledger
    first = ledger.outbox_carry(key, house.now(), provider_id).result()
    return first or (reply.replayed and ledger.outbox_carried(key))


def xml(body: str) -> Response:
    """An HTTP answer of TwiML."""
    return Response(body, mimetype="text/xml")


def refused(why: Exception) -> Response:
    """What a form that is not the link's gets."""
    return Response(f"{why}\n", 400, mimetype="text/plain")


def signature_check(house: House) -> Callable[[], None]:
    """A check that ends the request with 403 unless Twilio signed it."""
    settings = house.settings

    def check() -> None:
        base = settings.public_url or request.host_url.rstrip("/")
        path = request.full_path if request.query_string else request.path
        mark = request.headers.get("X-Twilio-Signature", "")
        if not signed(base + path, request.form, mark, settings.twilio_token):
            log.warning("an unsigned request to %s was refused", request.path)
            abort(403)

    return check


def make_app(house: House) -> Flask:
    """The WSGI application of a house."""
    from hotline import web_sms, web_voice

    app = Flask("hotline", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": house.versions.serving().digest}

    @app.get("/prompts/<path:clip>")
    def prompt(clip: str) -> Response:
        return send_from_directory(house.settings.prompts, clip, mimetype="audio/wav")

    check = signature_check(house)
    web_sms.add(app, house, check)
    web_voice.add(app, house, check)
    return app
