"""When the house itself fails: what the caller hears, and what of an error may reach a log."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from dialog.events import CallEnded, Event, WaitExpired
from dialog.outcomes import UNKNOWN
from dialog.session import OPEN, Session
from dialog.turn import OrderMoved, Turn
from ledger.records import LedgerError
from menus.model import Model
from nodes.step import Step

REASON = "internal_error"
_FRAMES = 3


def broken(model: Model, session: Session, event: Event) -> Turn:
    """The turn in the place of one that the engine failed to make.

    The request is closed, the subscriber is told and the dialogue ends. An order that was sent
    stays `unknown`: whether it was done is still to be asked for.
    """
    step = Step(model, session, event)
    step.visited()
    if step.stage == "submit" and step.request is not None:
        step.facts.append(OrderMoved(step.request.id, UNKNOWN, REASON))
        step.close(UNKNOWN)
    else:
        step.fail(REASON)
    step.say(model.outcomes.get(REASON, ""))
    if session.state == OPEN and not isinstance(event, CallEnded | WaitExpired):
        step.end(REASON)
    else:
        step.ended(REASON)
    return step.turn()


def trail(error: BaseException) -> str:
    """An error for the log: its class and where it came from.

    Its text is left out, for it may quote a number or a password; that of the record may not.
    """
    frames = extract_tb(error.__traceback__)[-_FRAMES:]
    where = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
    what = f": {error}" if isinstance(error, LedgerError) else ""
    return f"{type(error).__name__}{what}{f' at {where}' if where else ''}"
