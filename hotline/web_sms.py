"""Twilio's SMS webhooks: a text in, its reply on the HTTP answer or else by the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response, request

from dialog.host import Reply
from hotline.house import House
from hotline.replies import HTTP_WINDOW_MS
from hotline.web import answer, refused, xml
from sms_commands import twilio_sms

log = logging.getLogger("hotline.web.sms")

ANSWER_S = HTTP_WINDOW_MS / 1000 - 2
"""Before the sender may take the reply, and before Twilio gives up (15 s)."""


def add(app: Flask, house: House, check: Callable[[], None]) -> None:
    """Adds /twilio/sms and /twilio/sms/status."""

    @app.post("/twilio/sms")
    def sms() -> Response:
        check()
        try:
            delivery = twilio_sms.delivery_from_form(
                request.form, house.now(), identity=house.settings.twilio_sms_identity
            )
        except twilio_sms.BadFormError as bad:
            return refused(bad)
        try:
            reply = answer(house.runner, delivery, ANSWER_S)
        except Exception as error:  # noqa: BLE001 - not taken: Twilio is told to try again
            log.error("a text was not taken: %s", type(error).__name__)
            return Response(status=503)
        if reply is None and house.ledger.delivery(delivery.key) is None:
            return Response(status=503)
        return xml(twilio_sms.twiml(_carried(house, delivery.key, reply), _callback(house)))

    @app.post("/twilio/sms/status")
    def sms_status() -> Response:
        check()
        try:
            receipt = twilio_sms.receipt_from_form(request.form)
        except twilio_sms.BadFormError as bad:
            return refused(bad)
        if receipt is not None:
            house.ledger.note_receipt(
                receipt.provider_id, house.now(), receipt.state, receipt.error
            ).result()
        return Response(status=204)


def _carried(house: House, key: str, reply: Reply | None) -> str:
    """The reply's text if this answer is the one that may carry it, else nothing."""
    if reply is None or not reply.text:
        return ""
    ledger = house.ledger
    first = ledger.outbox_carry(key, house.now()).result()
    return reply.text if first or (reply.replayed and ledger.outbox_carried(key)) else ""


def _callback(house: House) -> str:
    base = house.settings.public_url
    return f"{base}/twilio/sms/status" if base else ""
