"""What happens by itself: overdue waits lapse, unknown orders are asked for, a trial is guarded."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Callable

from actions.port import Result
from dialog import session as sessions
from dialog.events import TextReceived
from dialog.host import Delivery
from dialog.outcomes import DONE, FAILED, UNKNOWN, outcome_of
from dialog.session import LEFT, TEXT, Session
from dialog.turn import Perform, Say, load_wait
from hotline import trials
from hotline.house import House
from hotline.mishaps import REASON, trail
from ledger import records
from menus.model import Action
from nodes import telling

log = logging.getLogger("hotline.sweep")

EVERY_S = 1.0
RECONCILE_EVERY_S = 20.0
TRIAL_EVERY_S = 60.0
RECONCILED_AT_ONCE = 50
"""Orders asked for in one round: callers' orders use the same lane."""
LOOK_BACK_MS = 7 * 24 * 3600 * 1000
"""Older leftovers are for people: nobody waits for their answer any more."""


def sweep(house: House, now: int) -> int:
    """Ends or finishes every session whose wait is overdue; returns how many there were."""
    overdue = house.ledger.overdue(now)
    for session_id in overdue:
        session = _session(house, session_id)
        if session is None:
            continue
        if _performing(session) and (
            session.stage == "submit" or session.state == LEFT or session.origin.channel == TEXT
        ):
            for delivery in house.ledger.unfinished_deliveries(now - LOOK_BACK_MS):
                if delivery.session == session_id:
                    _adopt(house, session, delivery)
            finish(house, session)
        else:
            house.runner.expire(session_id, now)
    return len(overdue)


def recover(house: House) -> int:
    """At start, before anything is taken in and while no other process serves this ledger.

    Finishes what the last process left: texts whose answer was under way are answered through the
    outbox, orders that were sent are asked for by their key, held lines are lost. Returns how
    many dialogues were touched.
    """
    touched = set()
    for delivery in house.ledger.unfinished_deliveries(house.now() - LOOK_BACK_MS):
        touched.add(delivery.session)
        session = _session(house, delivery.session)
        if session is None or not _performing(session):
            _close(house, delivery)
            continue
        _adopt(house, session, delivery)
        if session.origin.channel == TEXT:
            finish(house, session)
    for session_id in house.ledger.open_voice():
        touched.add(session_id)
        session = _session(house, session_id)
        if session is None:
            continue
        if session.state != LEFT:
            house.runner.expire(session_id, session.deadline)
        if session.stage == "submit" and _performing(session):
            finish(house, session)
    return len(touched)


def finish(house: House, session: Session) -> None:
    """Brings a dialogue that waits for the BSS to its answer without doing anything twice."""
    job = load_wait(list(session.wait))
    assert isinstance(job, Perform)
    if job.call != "submit" or house.performer.repeatable:
        house.runner.bss.ask(session, job, again=True)
        return

    def known(result: Result | None) -> None:
        house.runner.answered(session.id, job.key, result or Result(UNKNOWN))

    house.performer.reconcile(job.key, known)


def reconcile(house: House, now: int, after: str = "") -> str:
    """Asks the BSS how orders of unknown end came out, some at a time.

    The answer is a new row of the order. Returns the last order asked for: the next round goes
    on `after` it, and from the first one again when there are no more ("").
    """
    unknown = sorted(
        order.order.id
        for order in house.ledger.open_orders(now - LOOK_BACK_MS)
        if order.state == UNKNOWN and order.order.id > after
    )
    for order in unknown[:RECONCILED_AT_ONCE]:
        house.performer.reconcile(order, _settle(house, order))
    return unknown[RECONCILED_AT_ONCE - 1] if len(unknown) > RECONCILED_AT_ONCE else ""


def ask(house: House, order_id: str) -> None:
    """Asks the BSS how one order of unknown end came out, however old it is, and waits for it."""
    result = house.performer.reconcile(order_id).result()
    if result is not None:
        with contextlib.suppress(records.BadRow):  # the sweeper was faster: its text is there
            house.ledger.append(_settled(house, order_id, result)).result()


def _settle(house: House, order_id: str) -> Callable[[Result | None], None]:
    def known(result: Result | None) -> None:
        if result is not None:
            house.ledger.append(_settled(house, order_id, result))

    return known


def _settled(house: House, order_id: str, result: Result) -> list[records.Row]:
    at = house.now()
    move = records.OrderMove(order_id, at, records.RECONCILED, result.result, result.raw)
    return [move, *later_word(house, order_id, result, at)]


def later_word(house: House, order_id: str, result: Result, at: int) -> list[records.Row]:
    """The text that the owner of an order of unknown end was promised.

    It says what the dialogue would have said; nothing when the version or the order is gone.
    """
    ledger = house.ledger
    orders = ledger.rows(records.Order, id=order_id)
    requests = ledger.rows(records.Request, id=order_id)
    if not orders or not requests or not orders[0].number:
        return []
    order, request = orders[0], requests[0]
    model = house.versions.model(request.digest)
    node = model.nodes[request.node]
    assert isinstance(node, Action)
    constants = dict(zip(node.constants, request.leaf.split("/")[1:], strict=True))
    quote = (order.price, order.cycle, order.tariff, order.effective, ())
    known = telling.values_of(node, constants, json.loads(order.args), quote)
    outcome, _ = outcome_of(result.result)
    text = (
        telling.answer(node, constants, outcome)
        if outcome in DONE
        else telling.text_of(model, node, result.result)
    )
    if not text:
        return []
    language = ledger.language(order.session) or model.languages[0]
    say = Say(text, {**known, **result.values})
    return [house.runner.replies.later(request, order.number, language, say, at)]


def _performing(session: Session) -> bool:
    return session.wait[:1] == ("Perform",)


def _session(house: House, session_id: str) -> Session | None:
    """A session that waits; None when it has ended, or is ended here because it can't be read."""
    text = house.ledger.session(session_id)
    if text is None:
        return None
    try:
        session = sessions.load(text)
        house.versions.model(session.digest)
    except (ValueError, TypeError, LookupError) as error:
        log.error("session %s is given up: %s", session_id, trail(error))
        _give_up(house, session_id)
        return None
    return session


def _give_up(house: House, session_id: str) -> None:
    """Ends a session of another release and what waits for it.

    Its order, if one was sent, is left to `reconcile`.
    """
    at, ledger = house.now(), house.ledger
    turn = ledger.turn(session_id)
    if turn is None:
        return
    sent = [
        records.OrderMove(order.order.id, at, UNKNOWN, REASON)
        for order in ledger.open_orders(at - LOOK_BACK_MS)
        if order.order.session == session_id
    ]
    ended = [
        records.Closing(request.id, at, *((UNKNOWN, "") if sent else (FAILED, REASON)), "", 0, 0)
        for request in ledger.rows(records.Request, session=session_id)
    ]
    closed = [
        records.DeliveryClosing(delivery.key, turn + 1, at, "")
        for delivery in ledger.unfinished_deliveries(at - LOOK_BACK_MS)
        if delivery.session == session_id
    ]
    over = records.SessionState(turn + 1, None, open=False, ended_at=at, end_reason=REASON)
    ledger.write(records.Commit(session_id, turn, (*sent, *ended, *closed), over))


def _adopt(house: House, session: Session, delivery: records.Delivery) -> None:
    """A delivery that a lost process left open is carried on by this one."""
    event = TextReceived(house.now(), "")
    house.runner.resume_delivery(session, Delivery(delivery.key, "", session.origin, event))


def _close(house: House, delivery: records.Delivery) -> None:
    """A delivery that no step will ever close."""
    n = house.ledger.turn(delivery.session) or 0
    house.ledger.append([records.DeliveryClosing(delivery.key, n, house.now(), "")])


class Sweeper:
    """A thread that sweeps until it is stopped; of several, one reconciles and guards the trial."""

    def __init__(self, house: House, *, leads: bool = True) -> None:
        self._house, self._leads = house, leads
        self._stop = threading.Event()
        self._after = ""
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stops after the round that is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        rest = unseen = 0.0
        while not self._stop.wait(EVERY_S):
            rest, unseen = rest + EVERY_S, unseen + EVERY_S
            self._guarded(lambda: sweep(self._house, self._house.now()))
            self._guarded(self._house.versions.follow)
            if not self._leads:
                continue
            if rest >= RECONCILE_EVERY_S:
                rest = 0.0
                self._guarded(self._reconcile)
            if unseen >= TRIAL_EVERY_S:
                unseen = 0.0
                self._guarded(self._look)

    def _reconcile(self) -> None:
        self._after = reconcile(self._house, self._house.now(), self._after)

    def _look(self) -> None:
        house = self._house
        trials.look(house.ledger, house.versions, house.now(), house.settings.bill_day)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the next round goes on
            log.error("a round of the sweeper failed: %s", trail(error))
