"""Plays a caller or a texter against the house: the command line's calls and the transcript tests."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from typing import NamedTuple

from dialog.events import (
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TextReceived,
    TransferEnded,
)
from dialog.host import Delivery, Host, Reply
from dialog.session import VOICE, Origin
from dialog.transcript import line
from dialog.turn import End, Perform, Transfer

HANG_UP = "x"
NOTHING = "-"
_PROMPT_MS = 1000
_PATIENCE_S = 60


class Heard(NamedTuple):
    """One delivery's worth of dialogue: the input that led to it and the replies it got."""

    given: str
    replies: tuple[Reply, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The said texts as transcript lines."""
        return tuple(line(say) for reply in self.replies for say in reply.say)


class Rehearsal:
    """One dialogue of a number with the house. `at` gives the event's time in UTC milliseconds."""

    def __init__(self, host: Host, origin: Origin, dialogue: str, at: Callable[[], int]) -> None:
        self._host, self.origin, self.dialogue, self._at = host, origin, dialogue, at
        self._n = 0
        self.heard: list[Heard] = []
        self.over = False

    def _deliver(self, event: Event, given: str) -> Reply:
        replies: queue.Queue[Reply | Exception] = queue.Queue()
        self._n += 1
        key = f"{self.dialogue}:{self._n}"
        dialogue = self.dialogue if self.origin.channel == VOICE else ""
        self._host.deliver(Delivery(key, dialogue, self.origin, event), replies.put)
        got: list[Reply] = []
        while True:
            reply = replies.get(timeout=_PATIENCE_S)
            if isinstance(reply, Exception):
                raise reply
            got.append(reply)
            if not isinstance(reply.then, Perform) or isinstance(event, CallEnded):
                break
        self.heard.append(Heard(given, tuple(got)))
        return reply

    def text(self, text: str) -> Reply:
        """Sends a text and waits for its reply."""
        return self._deliver(TextReceived(self._at(), text), text)

    def dial(self) -> Reply:
        """Calls; the reply is what is said first."""
        return self._through(self._deliver(CallArrived(self._at()), ""))

    def press(self, item: str) -> Reply:
        """Answers one wait: keys, NOTHING for silence, HANG_UP."""
        heard = self._heard_ms()
        if item == HANG_UP:
            return self.hang_up()
        if item == NOTHING:
            return self._through(self._deliver(NoInput(self._at(), heard), item))
        digits = item.removesuffix("#") or item
        return self._through(self._deliver(DigitsEntered(self._at(), digits, heard), item))

    def hang_up(self) -> Reply:
        """Hangs up."""
        self.over = True
        return self._deliver(CallEnded(self._at(), "caller", self._heard_ms()), HANG_UP)

    def _heard_ms(self) -> int:
        return _PROMPT_MS * sum(len(reply.say) for reply in self.heard[-1].replies)

    def _through(self, reply: Reply) -> Reply:
        """Carries out the waits that need no caller: the agent's leg, the end of the call."""
        while isinstance(reply.then, Transfer):
            event = TransferEnded(self._at(), reply.then.topic, "answered")
            reply = self._deliver(event, f"agent:{reply.then.topic}")
        if isinstance(reply.then, End):
            self._deliver(CallEnded(self._at(), "hotline", self._heard_ms()), "")
            self.over = True
        return reply


def keyed(rehearsal: Rehearsal, items: Iterable[str]) -> None:
    """A whole call: each item answers one wait; after the last one the caller hangs up."""
    rehearsal.dial()
    for item in items:
        if rehearsal.over:
            return
        rehearsal.press(item)
    if not rehearsal.over:
        rehearsal.hang_up()


def caller_of(number: str, called: str, channel: str, link: str, day_ms: int = 0) -> Origin:
    """A rehearsing subscriber whom the network vouches for."""
    return Origin(
        channel, called, number, "network" if number else "none", link, "rehearsal", day_ms
    )
