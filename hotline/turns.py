"""What becomes of an event: the engine's turn, and those that follow from it at once."""

from __future__ import annotations

import logging
from collections.abc import Callable

import engine
from actions.port import Result
from dialog.events import ActionDone, Event
from dialog.session import OPEN, TEXT, Session
from dialog.turn import Perform, Turn
from hotline import sealing
from hotline.bssdesk import BssDesk
from hotline.made import Taken
from hotline.mishaps import broken, trail
from hotline.recall import Recall
from hotline.vault import Vault
from hotline.versions import Versions

log = logging.getLogger("hotline.turns")


class Turns:
    """Resumes sessions, each by its own version of the menus."""

    def __init__(
        self,
        versions: Versions,
        recall: Recall,
        vault: Vault,
        bss: BssDesk,
        now: Callable[[], int],
    ) -> None:
        self._versions, self._recall, self._vault = versions, recall, vault
        self._bss, self._now = bss, now

    def take(self, session: Session, event: Event) -> list[Taken]:
        """The turns of an event, one at least.

        What a BSS at hand answers at once belongs to the same step (docs/adr/0027). Raises
        engine.Illegal when the session does not wait for such an event.
        """
        taken = [self._resumed(session, event)]
        while (answer := self._at_once(taken[-1].turn)) is not None:
            taken.append(self._resumed(taken[-1].turn.session, answer))
        return taken

    def broken(self, session: Session, event: Event, error: Exception) -> Taken:
        """In the place of a turn that could not be made, or not be said."""
        log.error("the engine failed at %s: %s", session.node or "the start", trail(error))
        return Taken(session, event, broken(self._versions.model(session.digest), session, event))

    def _resumed(self, session: Session, event: Event) -> Taken:
        model = self._versions.model(session.digest)
        known = self._recall.into(model, session, event)
        sealed = sealing.seal(model, session, known, self._vault)
        try:
            return Taken(session, sealed, engine.resume(model, session, sealed))
        except engine.Illegal:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the subscriber must hear of it
            return self.broken(session, sealed, error)

    def _at_once(self, turn: Turn) -> ActionDone | None:
        """The answer to what the turn asks, where it is at hand and nobody hears the turn itself.

        A text's turns are read together; on a line what is said must not wait for the next.
        """
        session, job = turn.session, turn.then
        unheard = session.origin.channel == TEXT or not turn.say
        if not isinstance(job, Perform) or session.state != OPEN or not unheard:
            return None
        result = self._bss.at_once(session, job)
        return None if result is None else done(self._now(), job.key, result)


def done(at: int, key: str, result: Result) -> ActionDone:
    """The BSS's answer to a job as the engine's event."""
    word, values, raw, quote, profile = result
    return ActionDone(at, key, word, dict(values), raw, quote, profile)
