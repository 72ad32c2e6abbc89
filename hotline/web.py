"""HTTP: webhooks, the clips they play, a health check. Flask calls the runner directly."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable

from flask import Flask, Response, abort, request, send_from_directory

from dialog.host import Delivery, Host, Reply
from dialog.turn import Perform
from hotline.house import House, clock
from hotline.replies import HTTP_WINDOW_MS
from sms_commands.twilio_sms import signed

log = logging.getLogger("hotline.web")

MOST_BYTES = 64 * 1024
TEXT_ANSWER_S = HTTP_WINDOW_MS / 1000 - 2
"""Before the sender may take a text's reply, and before Twilio gives up (15 s)."""


def answer(
    host: Host, delivery: Delivery, patience_s: float, *, interim: bool = False
) -> Reply | None:
    """The delivery's closing reply, or None when it did not come in time.

    With `interim` a reply that says something while the BSS still works is returned at once.
    Raises what the host raised.
    """
    replies: queue.Queue[Reply | Exception] = queue.Queue()
    host.deliver(delivery, replies.put)
    end = clock() + patience_s * 1000
    while True:
        try:
            reply = replies.get(timeout=max(0.0, (end - clock()) / 1000))
        except queue.Empty:
            return None
        if isinstance(reply, Exception):
            raise reply
        if not isinstance(reply.then, Perform) or (interim and reply.say):
            return reply


def text_answer(house: House, delivery: Delivery) -> Reply | Response | None:
    """The reply to a text that a provider brought, None when it comes later by the outbox.

    A Response when it was not taken: it is in no record, so the provider must bring it again.
    """
    try:
        reply = answer(house.runner, delivery, TEXT_ANSWER_S)
    except Exception as error:  # noqa: BLE001 - whatever kept it from being taken
        log.error("a text was not taken: %s", type(error).__name__)
        return Response(status=503)
    if reply is None and house.ledger.delivery(delivery.key) is None:
        return Response(status=503)
    return reply


def carried(house: House, key: str, reply: Reply | None, provider_id: str = "") -> str:
    """The reply's text if this answer is the one that may carry it, else nothing."""
    if reply is None or not reply.text:
        return ""
    ledger = house.ledger
    first = ledger.outbox_carry(key, house.now(), provider_id).result()
    return reply.text if first or (reply.replayed and ledger.outbox_carried(key)) else ""


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
