"""What happens without anybody: overdue waits lapse, orders of unknown end are asked for again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from actions.port import Result
from dialog import session as sessions
from dialog.events import TextReceived
from dialog.host import Delivery
from dialog.session import LEFT, TEXT, Session
from dialog.turn import Perform, load_wait
from hotline.house import House, clock
from ledger import records

log = logging.getLogger("hotline.sweep")

EVERY_S = 1.0
RECONCILE_EVERY_S = 20.0
LOOK_BACK_MS = 7 * 24 * 3600 * 1000
"""Older leftovers are for people: nobody waits for their answer any more."""


def sweep(house: House, now: int) -> int:
    """Sends WaitExpired to every overdue session; returns how many there were."""
    overdue = house.ledger.overdue(now)
    for session_id in overdue:
        text = house.ledger.session(session_id)
        session = sessions.load(text) if text else None
        if session is not None and _performing(session):
            finish(house, session)
        else:
            house.runner.expire(session_id)
    return len(overdue)


def _performing(session: Session) -> bool:
    return session.wait[:1] == ("Perform",) and (
        session.stage == "submit" or session.state == LEFT or session.origin.channel == TEXT
    )


def recover(house: House) -> int:
    """At start, when no other process serves this ledger: finishes what the last one left.

    Texts whose answer was under way are answered through the outbox, orders that were sent are
    asked for by their key, held lines are lost. Returns how many dialogues were touched.
    """
    done = 0
    for delivery in house.ledger.unfinished_deliveries(clock() - LOOK_BACK_MS):
        text = house.ledger.session(delivery.session)
        if text is None:
            continue
        session = sessions.load(text)
        if session.origin.channel == TEXT:
            event = TextReceived(clock(), "")
            again = Delivery(delivery.key, "", session.origin, event)
            house.runner.resume_delivery(session.id, again)
            finish(house, session)
            done += 1
    for session_id in house.ledger.open_voice():
        text = house.ledger.session(session_id)
        session = sessions.load(text) if text else None
        if session is None:
            continue
        if session.state != LEFT:
            house.runner.expire(session_id)
        if session.stage == "submit" and session.wait[:1] == ("Perform",):
            finish(house, session)
        done += 1
    return done


def finish(house: House, session: Session) -> None:
    """Brings a dialogue that waits for the BSS to its answer without doing anything twice."""
    job = load_wait(session.wait)
    assert isinstance(job, Perform)
    if job.call != "submit" or house.performer.repeatable:
        house.runner.bss.ask(session, job)
        return

    def known(result: Result | None) -> None:
        house.runner.answered(session.id, job.key, result or Result("unknown"))

    house.performer.reconcile(job.key, known)


def reconcile(house: House, now: int) -> int:
    """Asks the BSS how orders of unknown end came out; returns how many were asked for.

    The answer is a new row of the order. An order unknown for 24 hours counts as failed.
    """
    unknown = [o for o in house.ledger.open_orders(now - LOOK_BACK_MS) if o.state == "unknown"]
    for order in unknown:
        house.performer.reconcile(order.order.id, _settle(house, order.order.id))
    return len(unknown)


def _settle(house: House, order_id: str) -> Callable[[Result | None], None]:
    def known(result: Result | None) -> None:
        if result is not None:
            house.ledger.append(
                [records.OrderMove(order_id, clock(), "reconciled", result.result, result.raw)]
            )

    return known


class Sweeper:
    """A thread that sweeps and reconciles until it is stopped."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stops after the round that is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        rest = 0.0
        while not self._stop.wait(EVERY_S):
            rest += EVERY_S
            try:
                sweep(self._house, clock())
                self._house.versions.follow()
                if rest >= RECONCILE_EVERY_S:
                    rest = 0.0
                    reconcile(self._house, clock())
            except Exception:
                log.exception("a sweep failed; the next one goes on")
