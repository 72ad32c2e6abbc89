"""A dialogue with the engine alone, over the shipped menus."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from house_case import site

import engine
from dialog.events import (
    ActionDone,
    CallArrived,
    DigitsEntered,
    Event,
    Profile,
    Quote,
    TextReceived,
)
from dialog.session import NETWORK, NONE, VOICE, Origin, load
from dialog.turn import (
    End,
    Perform,
    RequestClosed,
    Turn,
)
from menus.model import Model

MODEL = site()[1]
NUMBER = "13800138000"
PROFILE = Profile("S1", "cmcc", "gotone", tier="gold", province="beijing", roaming="home")
QUOTE = Quote(500, "month", "1", "now")
NOON = "2026-03-15T12:00:00"


def at(local: str) -> int:
    """UTC ms of a local time in Shanghai."""
    zone = ZoneInfo("Asia/Shanghai")
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp() * 1000)


NOW = at(NOON)


class Play:
    """A dialogue with the engine alone. Each step also goes through the session's JSON."""

    def __init__(
        self,
        channel: str = VOICE,
        *,
        model: Model = MODEL,
        identity: str = NETWORK,
        profile: Profile | None = PROFILE,
        when: str = NOON,
    ) -> None:
        self.model, self.profile, self.when = model, profile, when
        caller = "" if identity == NONE else NUMBER
        origin = Origin(channel, "10086", caller, identity, "link")
        self.session = engine.begin("s", model, origin)
        self.turn: Turn = Turn(self.session, (), End(""))
        if channel == VOICE:
            self.on(CallArrived(at(when), profile))

    def on(self, event: Event) -> Turn:
        """An event; the turn out of the stored session is the same."""
        turn = engine.resume(self.model, self.session, event)
        again = engine.resume(self.model, load(self.session.dump()), event)
        assert json.dumps(turn) == json.dumps(again)
        assert load(turn.session.dump()).dump() == turn.session.dump()
        self.turn, self.session = turn, turn.session
        return turn

    def keys(self, *entries: str, heard_ms: int = 1000) -> Turn:
        """Entries, one after the other."""
        for entry in entries:
            self.on(DigitsEntered(at(self.when), entry, heard_ms))
        return self.turn

    def text(self, text: str) -> Turn:
        """A text."""
        return self.on(TextReceived(at(self.when), text, self.profile))

    def done(self, result: str = "succeeded", **more: Any) -> Turn:
        """The BSS answers."""
        assert isinstance(self.turn.then, Perform), self.turn.then
        return self.on(ActionDone(at(self.when), self.turn.then.key, result, **more))

    @property
    def said(self) -> list[str]:
        """The ids of the last turn's texts."""
        return [say.text for say in self.turn.say]


def facts(turn: Turn, *kinds: type) -> list[Any]:
    """The turn's facts of these kinds."""
    return [fact for fact in turn.facts if isinstance(fact, kinds)]


def closed(turn: Turn) -> list[tuple[str, str]]:
    """Outcome and reason of the requests that the turn closed."""
    return [(fact.outcome, fact.reason) for fact in facts(turn, RequestClosed)]


def at_price(channel: str = VOICE, **how: Any) -> Play:
    """A dialogue that has just heard the price of caller_id."""
    play = Play(channel, **how)
    if channel == VOICE:
        play.keys("3", "1", "1")
    else:
        play.text("KTLDXS")
    play.done(quote=QUOTE)
    return play
