"""The runner: loads a session, resumes it, commits, and only then lets the reply out.

One for all channels, synchronous, no I/O of its own but the ledger's. `now` (UTC ms) and `new_id`
come from outside; nothing else here reads clock or chance. Any number of runners, in any number of
processes, may serve one ledger: a commit is a compare-and-set on the session's turn, and whoever
loses loads again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import engine
from actions.perform import Performer
from actions.port import Result
from dialog import session as sessions
from dialog.events import (
    ActionDone,
    ActionSlow,
    CallArrived,
    CallEnded,
    Event,
    TextReceived,
    WaitExpired,
)
from dialog.host import Delivery, Reply
from dialog.outcomes import FAILED
from dialog.session import LEFT, OPEN, TEXT, Session
from dialog.turn import Perform, Say, Turn
from hotline import record, sealing
from hotline.bssdesk import BssDesk
from hotline.replies import Replies
from hotline.timers import Timers
from hotline.vault import Vault
from hotline.versions import Versions
from ledger import records
from ledger.ledger import Ledger

log = logging.getLogger("hotline.runner")

OnReply = Callable[[Reply | Exception], None]
PROFILE_PATIENCE_MS = 300
_RETRIES = 8
_LINE_BUSY_MS = 40


@dataclass(slots=True)
class Carriage:
    """An open delivery: who waits for its reply, and what its steps have said so far."""

    delivery: Delivery
    waiting: list[OnReply]
    said: list[Say] = field(default_factory=list)
    recorded: bool = False  # its row is in the ledger


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
    ) -> None:
        self.ledger, self.versions, self.performer = ledger, versions, performer
        self.vault, self.timers, self.now, self._new_id = vault, timers, now, new_id
        self.replies = Replies(versions)
        self.bss = BssDesk(ledger, performer, vault, timers, now, self.answered, self.slow)
        self._open: dict[str, Carriage] = {}  # session -> its open delivery in this process

    # -- Host ----------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery, on_reply: OnReply) -> None:
        """Takes a delivery; see dialog.host.Host."""
        carriage = Carriage(delivery, [on_reply])
        try:
            self._take(carriage)
        except Exception as error:  # noqa: BLE001 - the channel must always get an answer
            self._fail(carriage, error)

    def clips(self, reply: Reply) -> tuple[str, ...]:
        """The reply's audio, of the version it was said by."""
        return self.replies.clips(reply)

    def written(self, reply: Reply) -> str:
        """The reply as characters."""
        return self.replies.written(reply)

    # -- where a delivery goes ---------------------------------------------------------------------

    def _take(self, carriage: Carriage) -> None:
        delivery = carriage.delivery
        origin = delivery.origin
        if origin.channel == TEXT:
            line = self.vault.pseudonym(origin.caller)
            found = self.ledger.open_text(origin.called, line, origin.traffic)
        else:
            standing = self.ledger.dialogue(delivery.dialogue)
            found = standing.session if standing else None
        if found is None:
            if not isinstance(delivery.event, CallArrived | TextReceived):
                raise engine.Illegal(f"{type(delivery.event).__name__} of no known call")
            self._begin(carriage)
            return
        loaded = self._load(found)
        if loaded is None or isinstance(delivery.event, CallArrived):
            self._again(carriage)
        elif origin.channel == TEXT and loaded.wait[:1] == ("Perform",):
            self._when_free(carriage)
        else:
            self._step(loaded, delivery.event, carriage)

    def _when_free(self, carriage: Carriage) -> None:
        """Takes a text again when the BSS has answered the line's last one."""
        if self.ledger.delivery(carriage.delivery.key) is not None:
            self._again(carriage)
            return
        self.timers.after(
            _LINE_BUSY_MS, lambda: self.deliver(carriage.delivery, carriage.waiting[0])
        )

    def _begin(self, carriage: Carriage) -> None:
        origin = carriage.delivery.origin
        if not origin.caller:
            self._opened(carriage, None)
            return
        self.performer.fetch_profile(
            origin.caller,
            PROFILE_PATIENCE_MS,
            lambda profile: self._guarded(carriage, self._opened, profile),
        )

    def _opened(self, carriage: Carriage, profile: Any) -> None:
        delivery = carriage.delivery
        model = self.versions.serving()
        session = engine.begin(self._new_id(self.now()), model, delivery.origin)
        event = delivery.event
        assert isinstance(event, CallArrived | TextReceived)
        self._step(session, event._replace(profile=profile), carriage)

    def _load(self, session_id: str) -> Session | None:
        text = self.ledger.session(session_id)
        return None if text is None else sessions.load(text)

    # -- one step --------------------------------------------------------------------------------

    def _step(
        self,
        session: Session,
        event: Event,
        carriage: Carriage | None,
        more: tuple[records.Row, ...] = (),
        tries: int = _RETRIES,
    ) -> None:
        model = self.versions.model(session.digest)
        sealed = sealing.seal(model, session, event, self.vault)
        try:
            turn = engine.resume(model, session, sealed)
        except engine.Illegal:
            raise
        except Exception:
            log.exception("the engine failed in session %s, node %s", session.id, session.node)
            self._broken(session, carriage)
            return
        at = self.now()
        reply = self._reply(turn, carriage)
        rows = (
            *record.rows(turn, sealed, at, self.vault.pseudonym, self.replies.price_text),
            *more,
            *self._delivered(turn, event, at, carriage, reply),
        )
        new = session.turn == 0
        commit = records.Commit(
            session.id,
            None if new else session.turn,
            rows,
            record.state(turn, at),
            record.opened(
                turn.session,
                carriage.delivery.dialogue if carriage else "",
                at,
                self.vault.pseudonym,
            )
            if new
            else None,
        )
        if carriage is not None and not _closes(turn):
            self._open[session.id] = carriage
        future = self.ledger.write(commit)
        future.add_done_callback(
            lambda done: self._committed(done, session, event, turn, reply, carriage, more, tries)
        )

    def _committed(
        self,
        done: Future[None],
        session: Session,
        event: Event,
        turn: Turn,
        reply: Reply,
        carriage: Carriage | None,
        more: tuple[records.Row, ...],
        tries: int,
    ) -> None:
        error = done.exception()
        if error is None:
            self._carry(event, turn, reply, carriage)
        elif isinstance(error, records.Duplicate) and carriage is not None:
            self._guarded(carriage, lambda c, _: self._again(c), None)
        elif isinstance(error, records.Conflict) and tries:
            self._guarded(
                carriage, lambda c, _: self._reload(session.id, event, c, more, tries - 1), None
            )
        else:
            self._fail(
                carriage, error if isinstance(error, Exception) else RuntimeError(str(error))
            )

    def _reload(
        self,
        session_id: str,
        event: Event,
        carriage: Carriage | None,
        more: tuple[records.Row, ...],
        tries: int,
    ) -> None:
        session = self._load(session_id)
        if session is not None:
            self._step(session, event, carriage, more, tries)
        elif carriage is not None:
            self._take(carriage)

    def _carry(self, event: Event, turn: Turn, reply: Reply, carriage: Carriage | None) -> None:
        """The step is durable: the reply may go, the BSS may be asked."""
        session = turn.session
        if carriage is not None:
            carriage.recorded = True
            if _closes(turn):
                self._open.pop(session.id, None)
            for on_reply in carriage.waiting:
                on_reply(reply)
        then = turn.then
        asked = isinstance(event, ActionSlow) or session.state != OPEN
        if isinstance(then, Perform) and not asked:
            self.bss.ask(session, then)

    def _reply(self, turn: Turn, carriage: Carriage | None) -> Reply:
        session = turn.session
        text = ""
        if carriage is not None:
            carriage.said.extend(turn.say)
            if session.origin.channel == TEXT and _closes(turn):
                text = self.replies.compose(session, carriage.said).text
        return Reply(
            session.id, session.turn, session.digest, session.language, turn.say, turn.then, text
        )

    def _delivered(
        self, turn: Turn, event: Event, at: int, carriage: Carriage | None, reply: Reply
    ) -> Iterable[records.Row]:
        """The delivery's rows and the texts that leave with this step."""
        session = turn.session
        if carriage is not None:
            key = carriage.delivery.key
            if not carriage.recorded:
                yield records.Delivery(key, session.id, session.origin.link, at)
            stored = self.replies.dump(reply)
            if _closes(turn):
                yield records.DeliveryClosing(key, session.turn, at, stored)
            else:
                yield records.DeliveryPart(key, session.turn, at, stored)
            if reply.text:
                yield self.replies.outgoing(session, key, reply.text, at, carriage.delivery)
        left = self._open.get(session.id)
        if isinstance(event, CallEnded | WaitExpired) and left is not None and left is not carriage:
            yield records.DeliveryClosing(left.delivery.key, session.turn, at, "")
            self._open.pop(session.id, None)
        for i, notify in enumerate(turn.notify):
            yield self.replies.notice(session, notify, i, at)

    # -- duplicates, failures ------------------------------------------------------------------------

    def _again(self, carriage: Carriage) -> None:
        """A duplicate: a closed delivery gives its stored reply, an open one lets it wait."""
        key = carriage.delivery.key
        stored = self.ledger.delivery(key)
        if stored is None:
            if not isinstance(carriage.delivery.event, TextReceived):
                raise engine.Illegal("the dialogue is over")
            self._take(carriage)  # another text opened the line's dialogue just now
            return
        if stored.closed:
            for on_reply in carriage.waiting:
                on_reply(self.replies.load(stored.replies[-1]))
            return
        open_here = self._open.get(stored.session)
        if open_here is not None and open_here.delivery.key == key:
            open_here.waiting.extend(carriage.waiting)
        else:
            self.timers.after(
                _LINE_BUSY_MS, lambda: self._guarded(carriage, lambda c, _: self._again(c), None)
            )

    def _broken(self, session: Session, carriage: Carriage | None) -> None:
        """The engine failed: the request says so, the session ends, the channel apologises."""
        at = self.now()
        rows: tuple[records.Row, ...] = ()
        if session.request is not None:
            rows = (records.Closing(session.request.id, at, FAILED, "internal_error", "", 0, 0),)
        if session.turn:
            state = records.SessionState(
                session.turn + 1, None, open=False, ended_at=at, end_reason="internal_error"
            )
            self.ledger.write(records.Commit(session.id, session.turn, rows, state))
        self._fail(carriage, RuntimeError("the engine failed"))

    def _guarded(self, carriage: Carriage | None, call: Callable[..., None], arg: Any) -> None:
        try:
            call(carriage, arg)
        except Exception as error:  # noqa: BLE001 - runs on others' threads
            self._fail(carriage, error)

    def _fail(self, carriage: Carriage | None, error: Exception) -> None:
        if carriage is None:
            if not isinstance(error, engine.Illegal):
                log.error("a step was not recorded: %s", type(error).__name__)
            return
        for on_reply in carriage.waiting:
            on_reply(error)

    # -- what comes by itself --------------------------------------------------------------------

    def slow(self, session_id: str, key: str) -> None:
        """A Perform's patience ran out; nothing happens when its answer is there."""
        session = self._load(session_id)
        if session is None or session.state != OPEN or session.wait[:2] != ("Perform", key):
            return
        event = ActionSlow(self.now(), key)
        self._guarded(self._open.get(session_id), lambda c, _: self._step(session, event, c), None)

    def answered(
        self, session_id: str, key: str, result: Result, more: tuple[records.Row, ...] = ()
    ) -> None:
        """The BSS's answer to a job; `more` are rows to be written with it."""
        event = ActionDone(
            self.now(),
            key,
            result.result,
            dict(result.values),
            result.raw,
            result.quote,
            result.profile,
        )
        self._guarded(
            self._open.get(session_id),
            lambda c, _: self._reload(session_id, event, c, more, _RETRIES),
            None,
        )

    def expire(self, session_id: str) -> None:
        """The sweeper found the session's wait overdue."""
        session = self._load(session_id)
        if session is not None:
            event = WaitExpired(self.now())
            self._guarded(None, lambda c, _: self._step(session, event, c), None)

    def resume_delivery(self, session_id: str, delivery: Delivery) -> None:
        """After a crash: the delivery that the session's next steps belong to."""
        self._open[session_id] = Carriage(delivery, [], recorded=True)


def _closes(turn: Turn) -> bool:
    """Whether the turn waits for the subscriber, or for nothing any more."""
    return not isinstance(turn.then, Perform) or turn.session.state == LEFT
