"""What the engine must know of a subscriber's past, out of the record: handed in with the event."""

from __future__ import annotations

from collections.abc import Callable

from dialog.events import Event, TextReceived
from dialog.session import Session
from ledger.history import History
from menus.keywords import bare_digit
from menus.model import Action, Menu, Model, Node

LISTED_MS = 24 * 3600 * 1000
"""How long after a list or a price a bare digit is taken for an answer to it."""


class Recall:
    """Looks up what events need; most need nothing."""

    def __init__(self, ledger: History, pseudonym: Callable[[str], str]) -> None:
        self._ledger, self._pseudonym = ledger, pseudonym

    def into(self, model: Model, session: Session, event: Event) -> Event:
        """The event with what the record knows for it."""
        if isinstance(event, TextReceived) and self._asks(session, event):
            return event._replace(listed=self._listed(model, session, event))
        return event

    @staticmethod
    def _asks(session: Session, event: TextReceived) -> bool:
        """Whether it matters if there was a list: an open one is in the session."""
        return session.wait[:2] != ("Collect", "menu") and bare_digit(event.text)

    def _listed(self, model: Model, session: Session, event: TextReceived) -> bool:
        origin, since = session.origin, (event.received or event.at) - LISTED_MS
        profile = event.profile or session.profile
        who = self._pseudonym((profile.subscriber if profile else "") or origin.caller)
        reached = self._ledger.reached(who, origin.called, origin.traffic, since)
        return any(
            one.reason == "confirm_timeout" or _lists(model.nodes.get(one.node)) for one in reached
        )


def _lists(node: Node | None) -> bool:
    """Whether a texter gets numbers to choose from there."""
    return isinstance(node, Menu) or (isinstance(node, Action) and bool(node.pick))
