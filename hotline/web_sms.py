"""Twilio's SMS webhooks: a text in, its reply on the HTTP answer or else by the outbox."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request

from hotline import optouts
from hotline.house import House
from hotline.web import refused, text_answer, xml
from sms_commands import twilio_sms
from sms_commands.numbers import national


def add(app: Flask, house: House, check: Callable[[], None]) -> None:
    """Adds /twilio/sms and /twilio/sms/status."""

    @app.post("/twilio/sms")
    def sms() -> Response:
        check()
        try:
            delivery = twilio_sms.delivery_from_form(
                request.form,
                house.now(),
                identity=house.settings.twilio_sms_identity,
                keywords=house.settings.twilio_keywords,
            )
        except twilio_sms.BadFormError as bad:
            return refused(bad)
        text = text_answer(house, delivery)
        if isinstance(text, Response):
            return text
        return xml(twilio_sms.twiml(text, _callback(house)))

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
            if receipt.error == twilio_sms.OPTED_OUT:
                called, number = (national(request.form.get(end, "")) for end in ("From", "To"))
                optouts.stopped(house, called, number)
        return Response(status=204)


def _callback(house: House) -> str:
    base = house.settings.public_url
    return f"{base}/twilio/sms/status" if base else ""
