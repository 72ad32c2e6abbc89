"""What the engine must know of a subscriber's past, out of the record: handed in with the event."""

from __future__ import annotations

from collections.abc import Callable

from dialog.events import CallArrived, Event, TextReceived, Used
from dialog.session import NETWORK, Session
from hotline.guard import Guard, Limits
from ledger.history import History
from menus.keywords import bare_digit, normalise
from menus.model import Action, Menu, Model, Node

LISTED_MS = 24 * 3600 * 1000
"""How long after a list or a price a bare digit is taken for an answer to it."""
USED_MS = 90 * 24 * 3600 * 1000
USED_ROWS = 8
"""Own options are made of the last requests that went well: so many, and none older."""


class Recall:
    """Looks up what events need; most need nothing."""

    def __init__(self, ledger: History, pseudonym: Callable[[str], str], limits: Limits) -> None:
        self._ledger, self._pseudonym = ledger, pseudonym
        self._guard = Guard(ledger, pseudonym, limits)

    def into(self, model: Model, session: Session, event: Event) -> Event:
        """The event with what the record knows for it."""
        if isinstance(event, CallArrived):
            if model.own_least:
                return event._replace(used=self._used(model, session, event))
        elif isinstance(event, TextReceived):
            event = event._replace(verdict=self._guard.verdict(model, session.origin, event))
            if self._asks(session, event):
                return event._replace(listed=self._listed(model, session, event))
            if model.own_spellings and normalise(event.text) in model.own_spellings:
                return event._replace(used=self._used(model, session, event))
        return event

    @staticmethod
    def _asks(session: Session, event: TextReceived) -> bool:
        """Whether it matters if there was a list: an open one is in the session."""
        return session.wait[:2] != ("Collect", "menu") and bare_digit(event.text)

    def _listed(self, model: Model, session: Session, event: TextReceived) -> bool:
        origin, since = session.origin, (event.received or event.at) - LISTED_MS
        who = self._who(session, event)
        reached = self._ledger.reached(who, origin.called, origin.traffic, since)
        return any(
            one.reason == "confirm_timeout"
            or (not one.reason and _lists(model.nodes.get(one.node)))
            for one in reached
        )

    def _used(self, model: Model, session: Session, event: CallArrived | TextReceived) -> Used:
        """What one asks for is private: the network must vouch for the number.

        And the BSS for the subscription: without its word a number may be another's by now.
        """
        origin, profile = session.origin, event.profile or session.profile
        known = profile is not None and profile.subscriber
        if origin.identity != NETWORK or session.acting or not known:
            return ()
        who, since = self._who(session, event), event.at - USED_MS
        return self._ledger.used(who, origin.traffic, since, model.own_least, USED_ROWS)

    def _who(self, session: Session, event: CallArrived | TextReceived) -> str:
        """The subscriber's name in the record."""
        profile = event.profile or session.profile
        return self._pseudonym((profile.subscriber if profile else "") or session.origin.caller)


def _lists(node: Node | None) -> bool:
    """Whether a texter gets numbers to choose from there."""
    return isinstance(node, Menu) or (isinstance(node, Action) and bool(node.pick))
