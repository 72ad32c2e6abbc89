"""Plays a caller or a texter against the house: for the command line and the transcript tests."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from dialog.events import (
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    Profile,
    TextReceived,
    TransferEnded,
)
from dialog.host import Delivery, Host, Reply
from dialog.session import VOICE, Origin
from dialog.transcript import lines
from dialog.turn import Collect, End, Perform, Transfer

HANG_UP = "x"
"""Hangs up; behind keys (`1x`) without waiting for what the house makes of them."""
HANG_UP_AT_ONCE = "^x"
"""Hangs up before a word of the answer was played."""
NOTHING = "-"
AGENT = "agent:"
"""Before how an agent's leg ended: answered | busy | no_answer | failed."""

_ANSWERED = "answered"
_PROMPT_MS = 1000
_PATIENCE_S = 60


class Heard(NamedTuple):
    """One delivery's worth of dialogue: the input that led to it and the replies it got."""

    given: str
    replies: tuple[Reply, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The said texts as transcript lines."""
        return lines(say for reply in self.replies for say in reply.say)


class Rehearsal:
    """One dialogue of a number with the house. `at` gives the event's time in UTC milliseconds.

    `legs` are the ends of the agent's legs to come (none left: answered), `unplayable` the texts
    whose audio fails.
    """

    def __init__(
        self,
        host: Host,
        origin: Origin,
        dialogue: str,
        at: Callable[[], int],
        legs: Iterable[str] = (),
        unplayable: frozenset[str] = frozenset(),
    ) -> None:
        self._host, self.origin, self.dialogue, self._at = host, origin, dialogue, at
        self.legs, self._unplayable = deque(legs), unplayable
        self._n = 0
        self.heard: list[Heard] = []
        self.over = False

    def _deliver(self, event: Event, given: str, *, stays: bool = True) -> Reply:
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
            if not stays or not isinstance(reply.then, Perform) or isinstance(event, CallEnded):
                break
        self.heard.append(Heard(given, tuple(got)))
        return reply

    def text(self, text: str, profile: Profile | None = None, received: int = 0) -> Reply:
        """Sends a text and waits for its reply.

        `profile` is whom a new dialogue plays (None: whom the BSS knows), `received` the time that
        dated rules go by (UTC ms, 0: now).
        """
        return self._deliver(TextReceived(self._at(), text, profile, received), text)

    def dial(self) -> Reply:
        """Calls; the reply is what is said first."""
        return self._through(self._deliver(CallArrived(self._at()), ""))

    def press(self, item: str) -> Reply:
        """Answers one wait: keys, NOTHING for silence, HANG_UP."""
        if item.endswith(HANG_UP):
            keys = item.removesuffix(HANG_UP)
            if keys and item != HANG_UP_AT_ONCE:
                self._deliver(self._keys(keys), keys, stays=False)
            return self.hang_up(0 if item == HANG_UP_AT_ONCE else self._heard_ms())
        if item == NOTHING:
            event: Event = NoInput(self._at(), self._heard_ms(), self._failed())
        else:
            event = self._keys(item)
        return self._through(self._deliver(event, item))

    def hang_up(self, heard_ms: int | None = None) -> Reply:
        """Hangs up, having heard so much of the last prompts (None: all)."""
        self.over = True
        heard_ms = self._heard_ms() if heard_ms is None else heard_ms
        return self._deliver(CallEnded(self._at(), "caller", heard_ms, self._failed()), HANG_UP)

    def _keys(self, keys: str) -> DigitsEntered:
        """An entry as a channel would bring it: up to the finishing key, or until it is full."""
        wait = self.heard[-1].replies[-1].then
        assert isinstance(wait, Collect)
        entry = (keys.partition(wait.finish)[0] if wait.finish else keys)[: wait.max_digits]
        return DigitsEntered(self._at(), entry, self._heard_ms(), self._failed())

    def _last(self) -> Iterable[str]:
        return (say.text for reply in self.heard[-1].replies for say in reply.say)

    def _heard_ms(self) -> int:
        return _PROMPT_MS * sum(text not in self._unplayable for text in self._last())

    def _failed(self) -> tuple[str, ...]:
        return tuple(text for text in self._last() if text in self._unplayable)

    def _through(self, reply: Reply) -> Reply:
        """Carries out the waits that need no caller: the agent's leg, the end of the call."""
        while isinstance(reply.then, Transfer):
            status = self.legs.popleft() if self.legs else _ANSWERED
            event = TransferEnded(self._at(), reply.then.topic, status)
            reply = self._deliver(event, f"{AGENT}{status}")
        if isinstance(reply.then, End):
            self._deliver(CallEnded(self._at(), "hotline", self._heard_ms(), self._failed()), "")
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


def caller_of(number: str, called: str, channel: str, link: str) -> Origin:
    """A rehearsing subscriber whom the network vouches for."""
    return Origin(channel, called, number, "network" if number else "none", link, "rehearsal")
