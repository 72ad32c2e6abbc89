"""Twilio's voice webhooks: each turn is one POST, repeatable by its number."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response, request

from hotline.house import House
from hotline.web import answer, refused, xml
from ivr import twiml

log = logging.getLogger("hotline.web.voice")

ANSWER_S = 8.0
"""A turn that takes longer is polled; Twilio gives up a webhook after 15 s at most."""


def add(app: Flask, house: House, check: Callable[[], None]) -> None:
    """Adds /twilio/voice and /twilio/voice/status."""
    settings = house.settings

    def base() -> str:
        return settings.public_url or request.host_url.rstrip("/")

    @app.post("/twilio/voice")
    def voice() -> Response:
        check()
        n = request.args.get("n", "1")
        try:
            number = int(n) if n.isascii() and n.isdigit() else 0
            delivery = twiml.delivery_from_form(
                request.form,
                number,
                house.now(),
                topic=request.args.get("topic", ""),
                identity=settings.twilio_identity,
            )
        except twiml.BadFormError as bad:
            return refused(bad)
        prompts = f"{base()}/prompts"
        try:
            reply = answer(house.runner, delivery, ANSWER_S, interim=True)
        except Exception as error:  # noqa: BLE001 - the caller hears that it is our fault
            log.error("a turn failed: %s", type(error).__name__)
            return xml(twiml.apology(house.apology(), prompts=prompts))
        clips = house.runner.clips(reply) if reply is not None else ()
        turns = f"{base()}/twilio/voice"
        return xml(
            twiml.twiml(
                reply, clips, number, turns=turns, prompts=prompts, agent=settings.twilio_agent
            )
        )

    @app.post("/twilio/voice/status")
    def voice_status() -> Response:
        check()
        try:
            delivery = twiml.delivery_from_form(request.form, 1, house.now())
        except twiml.BadFormError as bad:
            return refused(bad)
        try:
            answer(house.runner, delivery, ANSWER_S)
        except Exception as error:  # noqa: BLE001 - a call that ended by itself is known already
            log.info("a call's end was not taken: %s", type(error).__name__)
        return Response(status=204)
