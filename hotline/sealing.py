"""Secrets are sealed here, before the engine sees them: keyed entries, answers, codes' parameters.

The check of a sealed entry (length, checksum, strength) is made now, while it can still be read;
only its verdict goes on. On the way back, numbers are shortened before a reply is recorded.
"""

from __future__ import annotations

from dialog.events import DigitsEntered, Event, TextReceived
from dialog.fields import TYPES, BadField
from dialog.host import Reply
from dialog.session import Session
from dialog.turn import Collect, Perform, Say, load_wait
from dialog.values import LIST, PHONE, Value
from hotline.vault import Vault
from menus.keywords import Match, Several, TooMany, seal_text
from menus.model import Model

STAR = "*"


def seal(model: Model, session: Session, event: Event, vault: Vault) -> Event:
    """The event as the engine may see it."""
    if isinstance(event, DigitsEntered):
        wait = load_wait(session.wait) if session.wait else None
        if isinstance(wait, Collect) and wait.secret:
            return _keyed(event, wait.type, vault)
    elif isinstance(event, TextReceived):
        return event._replace(text=_texted(model, session, event, vault))
    return event


def _keyed(event: DigitsEntered, field_type: str, vault: Vault) -> DigitsEntered:
    if event.digits in ("", STAR):
        return event
    return event._replace(digits=vault.seal(event.digits), fault=_fault(event.digits, field_type))


def _fault(secret: str, field_type: str) -> str:
    if not field_type:
        return ""
    try:
        TYPES[field_type].check(secret, "")
    except BadField as bad:
        return str(bad)
    return ""


def _texted(model: Model, session: Session, event: TextReceived, vault: Vault) -> str:
    def sealed(secret: str, field_type: str) -> str:
        fault = _fault(secret, field_type)
        return vault.seal(secret) + (f"!{fault}" if fault else "")

    # a tilde marks what is sealed here; nobody else may say that something is
    text, called = event.text.replace("~", ""), session.origin.called
    profile = event.profile or session.profile
    index = model.index
    wait = load_wait(session.wait) if session.wait else None
    if isinstance(wait, Collect) and wait.secret:
        plain = index.normalise(text)
        known = index.match(text, called=called, profile=profile, at_ms=event.at)
        command = plain in model.system_words or isinstance(known, Match | TooMany | Several)
        if not command and any(c.isdigit() for c in text):
            return sealed(plain, wait.type)
    if index.normalise(text) in model.system_words:
        return text
    return seal_text(model, text, called=called, profile=profile, at_ms=event.at, seal=sealed)


def stored(reply: Reply) -> Reply:
    """The reply as the record keeps it for duplicates.

    Of a number it has the last four digits, no channel says more; of a job for the BSS neither
    arguments nor subscriber.
    """
    says = tuple(Say(say.text, {k: _short(v) for k, v in say.values.items()}) for say in reply.say)
    then = reply.then
    if isinstance(then, Perform):
        then = then._replace(subscriber="", args={})
    return reply._replace(say=says, then=then)


def _short(value: Value) -> Value:
    if value.type == PHONE:
        return value._replace(of=STAR * (len(value.of) - 4) + value.of[-4:])
    if value.type == LIST:
        return value._replace(of=tuple(tuple(map(_short, row)) for row in value.of))
    return value
