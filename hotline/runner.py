"""The runner: loads a session, resumes it, commits, and only then lets the reply out.

One for all channels, synchronous, no I/O of its own but the ledger's. `now` (UTC ms) and `new_id`
come from outside; nothing else here reads clock or chance. Any number of runners, in any number of
processes, may serve one ledger: a commit is a compare-and-set on the session's turn, and whoever
loses loads again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import engine
from actions.perform import Performer
from actions.port import Result
from actions.timers import Timers
from dialog import session as sessions
from dialog.events import (
    ActionDone,
    ActionSlow,
    CallArrived,
    CallEnded,
    Event,
    Profile,
    TextReceived,
    WaitExpired,
)
from dialog.host import Busy, Delivery, Reply
from dialog.session import OPEN, TEXT, Session
from dialog.turn import Perform
from hotline.bssdesk import BssDesk
from hotline.guard import NO_LIMITS, Limits
from hotline.made import Carriage, Made, OnReply, closes, make
from hotline.mishaps import trail
from hotline.recall import Recall
from hotline.replies import Replies
from hotline.turns import Turns, done
from hotline.vault import Vault
from hotline.versions import Versions
from ledger import records
from ledger.ledger import Ledger

log = logging.getLogger("hotline.runner")

PROFILE_PATIENCE_MS = 300
_RETRIES = 8
_LINE_BUSY_MS = 40
_LONGEST_MS = 60_000
"""Nobody waits longer than this for a line whose last delivery does not end."""


class Runner:
    """dialog.host.Host over a ledger, the menus versions and the BSS."""

    def __init__(
        self,
        ledger: Ledger,
        versions: Versions,
        performer: Performer,
        vault: Vault,
        timers: Timers,
        *,
        now: Callable[[], int],
        new_id: Callable[[int], str],
        notices: str = "",
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.ledger, self.versions, self.performer = ledger, versions, performer
        self.vault, self.timers, self.now, self._new_id = vault, timers, now, new_id
        self.replies = Replies(versions, notices)
        self.bss = BssDesk(ledger, performer, vault, timers, now, self.answered, self.slow)
        recall = Recall(ledger, vault.pseudonym, limits)
        self._turns = Turns(versions, recall, vault, self.bss, now)
        self._open: dict[str, Carriage] = {}  # session -> its open delivery in this process
        self._lock = threading.Lock()  # over _open and the carriages in it
        self._held: dict[str, str] = {}  # session -> the line, of calls that this process holds
        self._lines: dict[str, Session] = {}  # line -> its session, as last committed

    # -- Host ----------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery, on_reply: OnReply) -> None:
        """Takes a delivery; see dialog.host.Host."""
        self._guarded(
            self._take, Carriage(delivery, [on_reply], self.now() + _LONGEST_MS, _RETRIES)
        )

    def clips(self, reply: Reply) -> tuple[str, ...]:
        """The reply's audio, of the version it was said by."""
        return self.replies.clips(reply)

    def written(self, reply: Reply) -> str:
        """The reply as characters."""
        return self.replies.written(reply)

    # -- where a delivery goes -----------------------------------------------------------------

    def _take(self, carriage: Carriage) -> None:
        delivery = carriage.delivery
        origin, event = delivery.origin, delivery.event
        if delivery.held:
            known = self._lines.get(delivery.dialogue)
            if known is not None:
                self._step_of(carriage, known, event)
                return
            if isinstance(event, CallArrived):
                self._begin(carriage)
                return
        if origin.channel == TEXT:
            line = self.vault.pseudonym(origin.caller)
            found = self.ledger.open_text(origin.called, line, origin.traffic)
        else:
            standing = self.ledger.dialogue(delivery.dialogue)
            found = standing.session if standing else None
        session = self._load(found) if found is not None else None
        if session is None:
            if found is not None or self.ledger.delivery(delivery.key) is not None:
                self._again(carriage)
            elif isinstance(event, CallArrived | TextReceived):
                self._begin(carriage)
            elif delivery.held and isinstance(event, CallEnded):
                self._later(self._take, carriage)  # its arrival is on its way to the record
            else:
                raise engine.Illegal(f"{type(event).__name__} of no known call")
        elif isinstance(event, TextReceived) and session.wait[:1] == ("Perform",):
            self._when_free(carriage)
        elif isinstance(event, TextReceived) and taken_at(event) >= session.deadline:
            self._too_late(session, carriage)
        else:
            self._step_of(carriage, session, event)

    def _step_of(self, carriage: Carriage, session: Session, event: Event) -> None:
        """A delivery's first step. One that doesn't fit may be a duplicate that came late."""
        try:
            self._step(session, event, carriage, lambda: self._retake(carriage))
        except engine.Illegal:
            if self.ledger.delivery(carriage.delivery.key) is None:
                raise
            self._again(carriage)

    def _retake(self, carriage: Carriage) -> None:
        carriage.tries -= 1
        if carriage.tries < 0:
            raise Busy("the dialogue moves on without this delivery")
        self._take(carriage)

    def _when_free(self, carriage: Carriage) -> None:
        """Takes a text again when the BSS has answered the line's last one."""
        if self.ledger.delivery(carriage.delivery.key) is not None:
            self._again(carriage)
        else:
            self._later(self._take, carriage)

    def _too_late(self, session: Session, carriage: Carriage) -> None:
        """A text came after the question's time, before the sweeper did: it answers nothing."""
        if self.ledger.delivery(carriage.delivery.key) is not None:
            self._again(carriage)
            return
        self.expire(session.id, self.now())
        self._later(self._take, carriage)

    def _later(self, call: Callable[[Carriage], None], carriage: Carriage) -> None:
        if self.now() > carriage.until:
            raise Busy("the line's last delivery does not end")
        self.timers.after(_LINE_BUSY_MS, lambda: self._guarded(call, carriage))

    def _begin(self, carriage: Carriage) -> None:
        origin, event = carriage.delivery.origin, carriage.delivery.event
        assert isinstance(event, CallArrived | TextReceived)
        if event.profile is not None or not origin.caller:
            self._opened(carriage, event.profile)  # a rehearsal says whom it plays
            return
        self.performer.fetch_profile(
            origin.caller,
            PROFILE_PATIENCE_MS,
            lambda profile: self._guarded(lambda c: self._opened(c, profile), carriage),
        )

    def _opened(self, carriage: Carriage, profile: Profile | None) -> None:
        delivery = carriage.delivery
        model = self.versions.of(delivery.origin, self.vault.pseudonym)
        session = engine.begin(self._new_id(self.now()), model, delivery.origin)
        event = delivery.event
        assert isinstance(event, CallArrived | TextReceived)
        self._step_of(carriage, session, event._replace(profile=profile))

    def _load(self, session_id: str) -> Session | None:
        known = self._lines.get(self._held.get(session_id, ""))
        if known is not None:
            return known
        text = self.ledger.session(session_id)
        return None if text is None else sessions.load(text)

    # -- one step ------------------------------------------------------------------------------

    def _step(
        self,
        session: Session,
        event: Event,
        carriage: Carriage | None,
        retry: Callable[[], None],
    ) -> None:
        """Resumes and commits; `retry` is called when another step was faster."""
        left = self._left(session, event, carriage)
        taken = self._turns.take(session, event)
        by = self.replies, self.vault.pseudonym, self.now()
        trial = self.versions.trial
        try:
            made = make(*by, taken, carriage, left, trial)
        except Exception as error:  # noqa: BLE001 - whatever it is, the subscriber must hear of it
            taken[-1] = self._turns.broken(taken[-1].before, taken[-1].event, error)
            made = make(*by, taken, carriage, left, trial, afresh=True)

        def committed(error: Exception | None) -> None:
            if error is None:
                self._guarded(lambda c: self._carry(made, c), carriage)
                return
            if carriage is not None and carriage.delivery.carrier is not None:
                carriage.delivery.carrier.release()
            if isinstance(error, records.Duplicate) and carriage is not None:
                self._guarded(self._again, carriage)
            elif isinstance(error, records.Conflict):
                self._forget(session.id)
                self._guarded(lambda _: retry(), carriage)
            else:
                self._forget(session.id)
                self._fail(carriage, error)

        self.ledger.commit(made.commit, committed)

    def _left(self, session: Session, event: Event, carriage: Carriage | None) -> Carriage | None:
        if not isinstance(event, CallEnded | WaitExpired) or session.wait[:1] != ("Perform",):
            return None
        left = self._waiting_for(session.id, session.wait[1])
        return None if left is carriage else left

    def _waiting_for(self, session_id: str, job: str) -> Carriage | None:
        """The delivery that is open here for a job; what waits for another one is not meant."""
        there = self._open.get(session_id)
        return there if there is not None and there.job == job else None

    def _carry(self, made: Made, carriage: Carriage | None) -> None:
        """The step is durable: the reply may go, the BSS may be asked."""
        session, then = made.turn.session, made.turn.then
        waiting: tuple[OnReply, ...] = ()
        self._remember(session, carriage)
        with self._lock:
            there = self._open.pop(session.id, None)
            if carriage is not None:
                carriage.session, carriage.said = session.id, made.said
                carriage.job = then.key if isinstance(then, Perform) else ""
                waiting = tuple(carriage.waiting)
            still = None if closes(made.turn) else carriage or there
            if still is not None:
                self._open[session.id] = still
            elif carriage is not None:
                carriage.waiting = []  # they have heard it all
        for on_reply in waiting:
            _tell(on_reply, made.reply)
        if made.left is not None:
            self._fail(made.left, engine.Illegal("the call is over"))
        elif there is not None and there is not carriage and there is not still:
            self._guarded(self._elsewhere, there)
        asked = isinstance(made.event, ActionSlow) or session.state != OPEN
        if isinstance(then, Perform) and not asked:
            self.bss.ask(session, then)

    def _remember(self, session: Session, carriage: Carriage | None) -> None:
        """Keeps the state of a held line at hand; the ledger's compare-and-set guards it."""
        if carriage is not None and carriage.delivery.held:
            self._held[session.id] = carriage.delivery.dialogue
        dialogue = self._held.get(session.id)
        if dialogue is None:
            return
        if session.state == OPEN:
            self._lines[dialogue] = session
        else:
            self._forget(session.id)

    def _forget(self, session_id: str) -> None:
        self._lines.pop(self._held.pop(session_id, ""), None)

    # -- duplicates, failures ------------------------------------------------------------------

    def _again(self, carriage: Carriage) -> None:
        """A duplicate: a closed delivery gives its stored reply, an open one lets it wait."""
        stored = self.ledger.delivery(carriage.delivery.key)
        if stored is None:
            if not isinstance(carriage.delivery.event, TextReceived):
                raise engine.Illegal("the dialogue is over")
            self._retake(carriage)  # another text opened the line's dialogue just now
        elif not stored.closed:
            if not self._joined(stored.session, carriage):
                self._later(self._again, carriage)
        elif not stored.replies[-1]:
            raise engine.Illegal("the call is over")
        else:
            reply = self.replies.load(stored.replies[-1])
            for on_reply in carriage.waiting:
                _tell(on_reply, reply)

    def _joined(self, session_id: str, carriage: Carriage) -> bool:
        """Waits with the delivery that is open in this process, if it is."""
        with self._lock:
            there = self._open.get(session_id)
            if there is None or there.delivery.key != carriage.delivery.key:
                return False
            there.waiting.extend(carriage.waiting)
            return True

    def _guarded(self, call: Callable[[Any], None], carriage: Carriage | None) -> None:
        """Whatever goes wrong, on whatever thread, the channel gets an answer."""
        try:
            call(carriage)
        except Exception as error:  # noqa: BLE001
            self._fail(carriage, error)

    def _fail(self, carriage: Carriage | None, error: BaseException) -> None:
        if not isinstance(error, engine.Illegal | Busy | records.BroughtBefore):
            log.error("a step was not taken: %s", trail(error))
        if carriage is None:
            return
        with self._lock:
            if self._open.get(carriage.session) is carriage:
                del self._open[carriage.session]
            waiting, carriage.waiting = carriage.waiting, []
        told = error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
        for on_reply in waiting:
            _tell(on_reply, told)

    # -- what comes by itself ------------------------------------------------------------------

    def slow(self, session_id: str, key: str) -> None:
        """A Perform's patience ran out; nothing happens when its answer is there."""
        self._happened(session_id, ActionSlow(self.now(), key))

    def answered(self, session_id: str, key: str, result: Result) -> None:
        """The BSS's answer to a job."""
        self._happened(session_id, done(self.now(), key, result))

    def expire(self, session_id: str, at: int) -> None:
        """The session's wait was overdue at a time (UTC ms); nothing when it has moved on since."""
        self._happened(session_id, WaitExpired(at))

    def _happened(
        self,
        session_id: str,
        event: ActionDone | ActionSlow | WaitExpired,
        tries: int = _RETRIES,
    ) -> None:
        """Something that no channel brought. What comes too late changes nothing."""
        carriage = None
        if not isinstance(event, WaitExpired):
            carriage = self._waiting_for(session_id, event.key)

        def retry() -> None:
            if not tries:
                raise Busy("the dialogue moves on without this")
            self._happened(session_id, event, tries - 1)

        try:
            session = self._load(session_id)
            if session is None:
                raise engine.Illegal("the dialogue is over")
            if isinstance(event, ActionSlow) and session.state != OPEN:
                raise engine.Illegal("nobody waits")
            if isinstance(event, WaitExpired) and session.deadline > event.at:
                raise engine.Illegal("somebody answered in time")
            self._step(session, event, carriage, retry)
        except engine.Illegal:
            if isinstance(event, ActionDone) and carriage is not None:
                self._guarded(self._elsewhere, carriage)
        except Exception as error:  # noqa: BLE001 - runs on others' threads
            self._fail(carriage, error)

    def _elsewhere(self, carriage: Carriage) -> None:
        """Another process went on with the dialogue while the BSS was asked here."""
        with self._lock:
            if self._open.get(carriage.session) is carriage:
                del self._open[carriage.session]
        key, session_id = carriage.delivery.key, carriage.session
        # The dialogue is looked at first: the step that ends it closes the delivery with it.
        over = self.ledger.session(session_id) is None
        stored = self.ledger.delivery(key)
        if over and stored is not None and not stored.closed:
            n = self.ledger.turn(session_id) or 0
            self.ledger.append([records.DeliveryClosing(key, n, self.now(), "")])
            raise engine.Illegal("the dialogue is over")
        self._again(carriage)

    def resume_delivery(self, session: Session, delivery: Delivery) -> None:
        """After a crash: the delivery that waits for the BSS in a lost process's place."""
        stored = self.ledger.delivery(delivery.key)
        parts = stored.replies if stored is not None else ()
        said = tuple(say for part in parts for say in self.replies.load(part).say)
        carriage = Carriage(delivery, [], 0, 0, said, session.id, session.wait[1])
        with self._lock:
            there = self._open.get(session.id)
            if there is not None and there.delivery.key == delivery.key:
                return
            self._open[session.id] = carriage
        if there is not None:
            self._guarded(self._elsewhere, there)


def taken_at(event: TextReceived) -> int:
    """When the link took a text (UTC ms); never later than it came."""
    return min(event.received or event.at, event.at)


def _tell(on_reply: OnReply, reply: Reply | Exception) -> None:
    """Nobody's failure to listen keeps the others from hearing."""
    try:
        on_reply(reply)
    except Exception as error:  # noqa: BLE001
        log.error("a reply was not taken: %s", trail(error))
