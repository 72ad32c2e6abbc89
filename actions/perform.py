"""Carries out what the engine asks of the BSS: the only place with time-outs and retries.

A query may be asked twice; a change must never be made twice. So queries and quotes are repeated
within their time, and a submit is repeated only as far as the BSS drops duplicates:

- by key: the same key again;
- by state: after reading back that the order is not known;
- not at all: one attempt, then reading back.

A refusal that follows a lost answer is read back too, for our own lost attempt may be its cause;
it counts only once the BSS confirms it as the order's answer.
When a change was sent and its end can't be learnt in time the result is `unknown`, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from actions.lanes import Call, Lane, LaneFull, LaneSettings, OutOfTime, Pause, Script
from actions.port import (
    BY_KEY,
    NOT_AT_ALL,
    BssError,
    NoAnswer,
    Permanent,
    Port,
    Result,
    Temporary,
)
from actions.timers import Timers
from dialog.events import Profile, load_quote
from dialog.outcomes import DONE, REASONS, UNKNOWN
from dialog.turn import Perform

PROFILE, QUERY, ORDER, VERIFY = "profile", "query", "order", "verify"

LANES: Mapping[str, LaneSettings] = {
    PROFILE: LaneSettings(threads=4, attempt_ms=1000, total_ms=1000, attempts=1),
    QUERY: LaneSettings(),
    ORDER: LaneSettings(attempt_ms=5000, total_ms=15_000),
    VERIFY: LaneSettings(threads=4, total_ms=5000),
}
"""One lane for each class of backend call, so that a hanging one stalls nobody else."""

_LANE = {"query": QUERY, "quote": ORDER, "submit": ORDER, "verify": VERIFY}
_READING = frozenset(("query", "quote"))
_SEALED = re.compile(r"~[A-Z2-7=]+~")
_WORDS = DONE | {UNKNOWN} | frozenset(REASONS)
_NO_STATE = frozenset(("redeem", "reset_password"))  # a second one can't be told from the first

Done = Callable[[Result], None]


class Performer:
    """Runs the jobs of the engine against a port, on lanes of its own.

    `open_secret` opens what the runner sealed. `done` callbacks come on a thread of the lane (or
    at once with `overload`) and must hand over quickly.
    """

    def __init__(
        self,
        port: Port,
        *,
        open_secret: Callable[[str], str],
        lanes: Mapping[str, LaneSettings] = LANES,
    ) -> None:
        self.port = port
        self._open = open_secret
        self._timers = Timers()
        self._lanes = {name: Lane(name, lanes[name], self._timers) for name in LANES}

    def perform(self, job: Perform, done: Done | None = None) -> Future[Result]:
        """Carries out a job; the future and `done` get its one result.

        The result is a word of the action's signature, or backend_error, backend_timeout,
        overload, internal_error, or for a submit `unknown`.
        """
        lane = self._lanes[_LANE[job.call]]
        return lane.start(self._script(job, lane.settings), lane.settings.total_ms, done, _broken)

    def at_once(self, job: Perform) -> Result | None:
        """The answer of a BSS at hand to what changes nothing, without a lane.

        None: `perform` is to carry it out, for such is the job or the BSS, or the BSS failed.
        """
        if job.call not in _READING or not self.port.at_hand:
            return None
        ask = self.port.query if job.call == "query" else self.port.quote
        try:
            return _mapped(ask(job.name, job.subscriber, self._args(job)))
        except Exception:  # noqa: BLE001 - it is asked again, and then says what is wrong
            return None

    def reconcile(
        self, key: str, done: Callable[[Result | None], None] | None = None
    ) -> Future[Result | None]:
        """Asks how the order of this key ended; None while the BSS does not know or answer."""
        lane = self._lanes[ORDER]
        script = _reconciled(self.port, key, lane.settings)
        return lane.start(script, lane.settings.total_ms, done, lambda _: None)

    def fetch_profile(
        self, number: str, patience_ms: int, done: Callable[[Profile | None], None]
    ) -> None:
        """Asks who calls; None when nobody is known or the BSS is away, after `patience_ms`.

        A BSS at hand is asked on this thread, which then calls `done`.
        """
        if self.port.at_hand:
            try:
                found = self.port.profile(number)
            except Exception:  # noqa: BLE001 - as on the lane
                found = None
            done(found)
            return
        lane = self._lanes[PROFILE]
        script = _profiled(self.port, number)
        lane.start(script, min(patience_ms, lane.settings.total_ms), done, lambda _: None)

    def profile(self, number: str, patience_ms: int) -> Profile | None:
        """The same, waiting for it."""
        found: Future[Profile | None] = Future()
        self.fetch_profile(number, patience_ms, found.set_result)
        return found.result()

    @property
    def repeatable(self) -> bool:
        """A submit whose end is not known may be performed again (recovery after a crash)."""
        return self.port.drops_duplicates == BY_KEY

    def close(self) -> None:
        """Takes no more; calls under way end by themselves."""
        for lane in self._lanes.values():
            lane.close()
        self._timers.close()

    def _script(self, job: Perform, settings: LaneSettings) -> Script[Result]:
        port, name, who, args = self.port, job.name, job.subscriber, self._args(job)
        if job.call == "query":
            return (yield from _asked(lambda: port.query(name, who, args), settings))
        if job.call == "quote":
            return (yield from _asked(lambda: port.quote(name, who, args), settings))
        if job.call == "verify":
            number, password = args["number"], args["password"]
            # not asked again without an answer: the BSS may count wrong passwords
            return (yield from _asked(lambda: port.verify(number, password), settings, twice=False))
        quote = load_quote(job.quote)
        return (
            yield from _submitted(
                port, job.key, name, lambda: port.submit(job.key, name, who, args, quote), settings
            )
        )

    def _args(self, job: Perform) -> dict[str, str]:
        return {key: self._opened(value) for key, value in job.args.items()}

    def _opened(self, value: str) -> str:
        return self._open(value) if _SEALED.fullmatch(value) else value


def _broken(error: Exception) -> Result:
    """Only the class: an exception's text may quote a password."""
    return Result("internal_error", raw=type(error).__name__)


def _mapped(result: Result) -> Result:
    if result.result in _WORDS:
        return result
    return Result("backend_error", raw=result.raw or result.result)


def _asked(
    ask: Callable[[], Result], settings: LaneSettings, *, twice: bool = True
) -> Script[Result]:
    """A call that changes nothing: repeated while its time lasts."""
    worst = Result("backend_timeout")
    for attempt in range(settings.attempts):
        try:
            if attempt:
                yield Pause(settings.backoff_ms << attempt - 1)
            return _mapped((yield Call(ask)))
        except OutOfTime:
            return worst
        except LaneFull:
            return Result("overload")
        except NoAnswer as error:
            worst = Result("backend_timeout", raw=error.raw)
            if not twice:
                return worst
        except Temporary as error:
            worst = Result("backend_error", raw=error.raw)
        except BssError as error:
            return Result("backend_error", raw=error.raw)
    return worst


def _profiled(port: Port, number: str) -> Script[Profile | None]:
    try:
        profile: Profile | None = yield Call(lambda: port.profile(number))
    except (BssError, OutOfTime, LaneFull):
        return None
    return profile


def _submitted(
    port: Port, key: str, verb: str, send: Callable[[], Result], settings: LaneSettings
) -> Script[Result]:
    """A change: at most once, and never guessed."""
    drops = NOT_AT_ALL if verb in _NO_STATE and port.drops_duplicates != BY_KEY else None
    drops = drops or port.drops_duplicates
    sent = False  # an attempt may have done it
    last = Result("backend_timeout")  # while nothing was done for sure
    for attempt in range(1 if drops == NOT_AT_ALL else settings.attempts):
        try:
            if attempt:
                yield Pause(settings.backoff_ms << attempt - 1)
            if sent and drops != BY_KEY and (known := (yield Call(lambda: port.find(key)))):
                return _mapped(known)
            result: Result = yield Call(send)
            if not sent or result.result in DONE:
                return _mapped(result)
            # a refusal: of the order, or of its second attempt because the first one did it
            return (yield from _found(port, key, settings)) or Result(UNKNOWN, raw=result.raw)
        except OutOfTime:
            break
        except LaneFull:
            last = Result("overload")
            break
        except Temporary as error:
            last = Result("backend_error", raw=error.raw)
        except Permanent as error:
            last = Result("backend_error", raw=error.raw)
            break
        except Exception as error:  # noqa: BLE001  NoAnswer or worse: it may have been done
            sent = True
            last = Result(UNKNOWN, raw=_raw(error))
    if not sent:
        return last
    return (yield from _found(port, key, settings)) or Result(UNKNOWN, raw=last.raw)


def _found(port: Port, key: str, settings: LaneSettings) -> Script[Result | None]:
    """Reads an order back, a few times: an attempt that was lost may still be on its way.

    None while the BSS does not know the order or does not answer: neither says how it ends.
    """
    for attempt in range(settings.attempts):
        try:
            if attempt:
                yield Pause(settings.backoff_ms << attempt - 1)
            known: Result | None = yield Call(lambda: port.find(key))
        except (OutOfTime, LaneFull):
            break
        except Exception:  # noqa: BLE001, S112  no answer, however it came about
            continue
        if known is not None:
            return _mapped(known)
    return None


def _reconciled(port: Port, key: str, settings: LaneSettings) -> Script[Result | None]:
    known = yield from _found(port, key, settings)
    return None if known is None or known.result == UNKNOWN else known


def _raw(error: Exception) -> str:
    return error.raw if isinstance(error, BssError) else type(error).__name__
