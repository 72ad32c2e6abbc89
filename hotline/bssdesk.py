"""Between the runner and perform.py: who is asked about, who is locked out, what is in flight."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from actions.perform import Performer
from actions.port import Result
from actions.timers import Timer, Timers
from dialog.events import Profile
from dialog.outcomes import SUCCEEDED, UNKNOWN
from dialog.session import VOICE, Session
from dialog.signature import PERFORM_ADDS
from dialog.turn import Perform
from hotline.mishaps import trail
from hotline.vault import Vault
from ledger import records
from ledger.ledger import Ledger

log = logging.getLogger("hotline.bss")

MOST_WRONG = 3
LOCK_MS = 24 * 3600 * 1000
"""Three wrong passwords for a subscriber, or from a number, lock for the rest of 24 hours."""
UNKNOWN_MS = 24 * 3600 * 1000
"""An order of unknown end counts as failed after this and keeps no other one waiting."""
_TURN_MS = 20
_PROFILE_MS = 1000
_PROVING = frozenset(("subscriber", "change_password"))
"""The jobs that test a service password."""


class Answered(Protocol):
    """Runner.answered."""

    def __call__(self, session_id: str, key: str, result: Result) -> None:
        """Takes the one result of a job."""


class BssDesk:
    """Hands the engine's jobs to perform.py once they may go, and their answers back."""

    def __init__(
        self,
        ledger: Ledger,
        performer: Performer,
        vault: Vault,
        timers: Timers,
        now: Callable[[], int],
        answered: Answered,
        slow: Callable[[str, str], None],
    ) -> None:
        self._ledger, self._performer, self._vault = ledger, performer, vault
        self._timers, self._now, self._answered, self._slow = timers, now, answered, slow
        self._under_way: dict[str, Timer | None] = {}  # the jobs asked here and their patience
        self._proving: dict[str, str] = {}  # target -> the job that tests its password now
        self._lock = threading.Lock()

    def ask(self, session: Session, job: Perform, *, again: bool = False) -> None:
        """Starts a job; `answered` gets its one result, `slow` comes before a late one.

        A job that is under way here already goes on alone. `again`: it may have been sent before,
        so that only the BSS can say how it ended, no rule of ours.
        """
        with self._lock:
            if job.key in self._under_way:
                return
            self._under_way[job.key] = None
        self._start(session, job, lambda: self._ask(session, job, again))

    def at_once(self, session: Session, job: Perform) -> Result | None:
        """The answer of a BSS at hand to what changes nothing; None when the job is to be asked."""
        nameless = session.origin.caller and not job.subscriber  # `ask` looks for the profile first
        if job.name in _PROVING or nameless:
            return None
        return self._performer.at_once(job)

    def _start(self, session: Session, job: Perform, start: Callable[[], None]) -> None:
        try:
            start()
        except Exception as error:  # noqa: BLE001 - the dialogue must go on
            log.error("a job was not started: %s", trail(error))
            self._answer(session, job, Result("internal_error", raw=type(error).__name__))

    def _answer(
        self, session: Session, job: Perform, result: Result, more: tuple[records.Row, ...] = ()
    ) -> None:
        if more:
            # the try is on the disk before anyone hears of it, and before the next one may go
            self._ledger.append(more).add_done_callback(
                lambda _: self._hand_over(session, job, result)
            )
        else:
            self._hand_over(session, job, result)

    def _hand_over(self, session: Session, job: Perform, result: Result) -> None:
        with self._lock:
            patience = self._under_way.pop(job.key, None)
            for target in [t for t, key in self._proving.items() if key == job.key]:
                del self._proving[target]
        if patience is not None:
            patience.cancel()
        self._answered(session.id, job.key, result)

    def _ask(self, session: Session, job: Perform, again: bool) -> None:
        if session.origin.channel == VOICE:
            slow = partial(self._slow, session.id, job.key)
            self._under_way[job.key] = self._timers.after(job.patience_ms, slow)
        self._go(session, job, again)

    def _go(self, session: Session, job: Perform, again: bool) -> None:
        if not self._turn(session, job):
            # one guess at a time for each target: the last one's result counts for the next
            later = partial(self._start, session, job, partial(self._go, session, job, again))
            self._timers.after(_TURN_MS, later)
            return
        refusal = "" if again else self._refusal(session, job)
        if refusal:
            self._answer(session, job, Result(refusal))
        elif job.call == "verify" or job.subscriber or not session.origin.caller:
            self._perform(session, job, again=again)
        else:
            # the BSS was away, or did not know the number, when the dialogue began
            self._performer.fetch_profile(
                session.acting or session.origin.caller,
                _PROFILE_MS,
                lambda found: self._start(session, job, lambda: self._perform(session, job, found)),
            )

    def _perform(
        self,
        session: Session,
        job: Perform,
        profile: Profile | None = None,
        *,
        again: bool = False,
    ) -> None:
        if profile is not None:
            job = job._replace(subscriber=profile.subscriber)

        def done(result: Result) -> None:
            if again and job.call == "submit" and result.result in PERFORM_ADDS:
                result = Result(UNKNOWN, raw=result.raw)  # the first sending may have done it
            if profile is not None and result.profile is None:
                result = result._replace(profile=profile)
            self._answer(session, job, result, self._tried(session, job, result))

        self._performer.perform(job, done)

    def _turn(self, session: Session, job: Perform) -> bool:
        """Whether the job may go: of those that test one target's password one at a time."""
        if job.name not in _PROVING or job.call == "quote":
            return True
        target, _ = self._who(session, job)
        with self._lock:
            return self._proving.setdefault(target, job.key) == job.key

    def _refusal(self, session: Session, job: Perform) -> str:
        if job.name in _PROVING and self._locked(session, job):
            return "password_locked"
        if job.call == "submit" and self._in_flight(job):
            return "order_in_progress"
        return ""

    def _in_flight(self, job: Perform) -> bool:
        target = job.args.get("service") or job.name
        subscriber = self._vault.pseudonym(job.subscriber)
        since = self._now() - UNKNOWN_MS
        return self._ledger.order_in_flight(subscriber, target, job.key, since)

    def _locked(self, session: Session, job: Perform) -> bool:
        since = self._now() - LOCK_MS
        target, caller = self._who(session, job)
        return (
            self._ledger.failures_since("target", target, since).wrong >= MOST_WRONG
            or self._ledger.failures_since("caller", caller, since).wrong >= MOST_WRONG
        )

    def _who(self, session: Session, job: Perform) -> tuple[str, str]:
        """Pseudonyms of the target and the caller; a rehearsal never locks a real subscriber."""
        origin = session.origin
        prefix = "" if origin.traffic == "real" else f"{origin.traffic}/"
        target = job.args.get("number") or session.acting or origin.caller
        caller = f"{prefix}{origin.caller}" if origin.caller else ""
        return self._vault.pseudonym(prefix + target), self._vault.pseudonym(caller)

    def _tried(self, session: Session, job: Perform, result: Result) -> tuple[records.Row, ...]:
        if job.name not in _PROVING or job.call == "quote":
            return ()
        if result.result not in (SUCCEEDED, "wrong_password"):
            return ()
        target, caller = self._who(session, job)
        return (records.PasswordTry(target, caller, self._now(), ok=result.result == SUCCEEDED),)
