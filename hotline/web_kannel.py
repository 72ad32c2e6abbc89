"""Kannel's requests: a text in, its reply on the HTTP answer or else by the outbox; receipts."""

from __future__ import annotations

import logging

from flask import Flask, Response, abort, request

from hotline.house import House
from hotline.web import carried, refused, text_answer
from sms_commands import kannel

log = logging.getLogger("hotline.web.kannel")


def add(app: Flask, house: House) -> None:
    """Adds /kannel/mo and /kannel/dlr."""
    settings = house.settings

    def check() -> None:
        secret = request.args.get("secret", "")
        if not kannel.admitted(settings.kannel_secret, secret, request.remote_addr or ""):
            log.warning("a request to %s without the secret was refused", request.path)
            abort(403)

    @app.route("/kannel/mo", methods=["GET", "POST"])
    def mo() -> Response:
        check()
        try:
            delivery = kannel.delivery(
                request.args, _text(), house.now(), identity=settings.kannel_identity
            )
        except kannel.BadRequestError as bad:
            return refused(bad)
        reply = text_answer(house, delivery)
        if isinstance(reply, Response):
            return reply
        text = carried(house, delivery.key, reply, kannel.provider_id(delivery.key))
        told = kannel.headers(
            text,
            delivery.origin.called,
            settings.kannel_receipts,
            delivery.key,
            delivery.reply_context,
        )
        return Response(text, mimetype="text/plain", headers=told if text else None)

    @app.get("/kannel/dlr")
    def dlr() -> Response:
        check()
        try:
            receipt = kannel.receipt(request.args)
        except kannel.BadRequestError as bad:
            return refused(bad)
        if receipt is not None:
            house.ledger.note_receipt(
                receipt.provider_id, house.now(), receipt.state, receipt.error
            ).result()
        return Response(status=204)


def _text() -> str:
    """The body of a POST in the charset that it names, or `text` of a GET."""
    if request.method == "GET":
        return request.args.get("text", "")
    charset = request.mimetype_params.get("charset", "utf-8")
    try:
        return request.get_data().decode(charset, "replace")
    except LookupError:
        return request.get_data().decode("utf-8", "replace")
