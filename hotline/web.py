"""HTTP: Twilio's webhooks, the clips they play, and a health check. Flask calls the runner directly."""

from __future__ import annotations

import logging
import queue
from pathlib import Path

from flask import Flask, Response, abort, request, send_from_directory

from dialog.host import Delivery, Host, Reply
from dialog.turn import Perform
from hotline.house import House, clock
from hotline.replies import HTTP_WINDOW_MS
from sms_commands import twilio_sms

log = logging.getLogger("hotline.web")

ANSWER_S = HTTP_WINDOW_MS / 1000 - 2
"""An answer later than this may find the caller's webhook timed out (Twilio: 15 s)."""


def answer(host: Host, delivery: Delivery, patience_s: float) -> Reply | None:
    """The delivery's closing reply, or None when it did not come in time.

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
        if not isinstance(reply.then, Perform):
            return reply


def make_app(house: House) -> Flask:
    """The WSGI application of a house."""
    app = Flask("hotline", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    settings = house.settings

    def xml(body: str) -> Response:
        return Response(body, mimetype="text/xml")

    def checked() -> None:
        """Refuses what Twilio did not sign."""
        url = (settings.public_url.rstrip("/") or request.host_url.rstrip("/")) + (
            request.full_path if request.query_string else request.path
        )
        signature = request.headers.get("X-Twilio-Signature", "")
        if not twilio_sms.signed(url, request.form, signature, settings.twilio_token):
            log.warning("an unsigned request to %s was refused", request.path)
            abort(403)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": house.versions.serving().digest}

    @app.get("/prompts/<path:clip>")
    def prompt(clip: str) -> Response:
        return send_from_directory(Path(settings.prompts), clip, mimetype="audio/wav")

    @app.post("/twilio/sms")
    def sms() -> Response:
        checked()
        try:
            delivery = twilio_sms.delivery_from_form(request.form, clock())
        except twilio_sms.BadFormError as bad:
            return Response(f"{bad}\n", 400, mimetype="text/plain")
        try:
            reply = answer(house.runner, delivery, ANSWER_S)
        except Exception as error:  # noqa: BLE001 - Twilio tries again on 503
            log.error("a text was not taken: %s", type(error).__name__)
            return Response(status=503)
        if reply is None and house.ledger.delivery(delivery.key) is None:
            return Response(status=503)
        carried = reply is not None and (
            house.ledger.outbox_carry(delivery.key, clock()).result()
            or (reply.replayed and house.ledger.outbox_carried(delivery.key))
        )
        return xml(twilio_sms.twiml(reply.text if reply is not None and carried else ""))

    @app.post("/twilio/sms/status")
    def sms_status() -> Response:
        checked()
        try:
            receipt = twilio_sms.receipt_from_form(request.form)
        except twilio_sms.BadFormError as bad:
            return Response(f"{bad}\n", 400, mimetype="text/plain")
        if receipt is not None:
            house.ledger.note_receipt(receipt.provider_id, clock(), receipt.state, receipt.error)
        return Response(status=204)

    twiml_routes(app, house, checked, xml)
    return app
