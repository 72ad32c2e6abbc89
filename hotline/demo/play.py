"""One dialogue of somebody of the demo, through the real engine, as one commit of the record.

The rows are those that the runner would write, step by step; no link carries anything, so there
are neither deliveries nor outgoing texts. The stand-in BSS and the agents' legs are the demo's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import NamedTuple

import engine
from actions.port import Result
from dialog.events import (
    ActionDone,
    ActionSlow,
    CallArrived,
    CallEnded,
    Event,
    TextReceived,
    TransferEnded,
)
from dialog.outcomes import FAILED, SUCCEEDED, UNKNOWN
from dialog.session import ENDED, LEFT, NETWORK, VOICE, Origin, Session
from dialog.turn import OrderWritten, Perform, Transfer, Turn
from hotline import record, sealing
from hotline.demo.callers import Caller, Habits
from hotline.demo.parameters import Parameters
from hotline.demo.population import Contact, Person, pick
from hotline.demo.spoken import Spoken
from hotline.demo.standin import Answer, StandIn
from hotline.demo.texters import Texter
from hotline.demo.ways import Ways
from hotline.ids import uuid7
from hotline.vault import Vault
from ledger import records
from menus.model import Model
from menus.render import write
from sms_commands.compose import compose

TRAFFIC, LINK = "demo", "demo"
_WEEK_MS = 7 * 24 * 3_600_000
_MARGIN_MS = 24 * 3_600_000
_PROVING = frozenset(("subscriber", "change_password"))

Beside = Callable[[Session, Turn, Event, int, record.Pseudonym], Iterable[records.Row]]
"""Rows that somebody else wants beside a step's, such as a trial's: of the session before the
step, the step's turn, its event and its time."""


def nothing(
    _before: Session, _turn: Turn, _event: Event, _at: int, _pseudonym: record.Pseudonym
) -> tuple[records.Row, ...]:
    """No rows beside."""
    return ()


class Version(NamedTuple):
    """A version of the dialogue with what is worked out of it once."""

    model: Model
    ways: Ways
    spoken: Spoken


class Noted(NamedTuple):
    """An agent has closed a talk with a wrap-up code."""

    at: int
    code: str


class Played(NamedTuple):
    """A dialogue: its commit, the planted cause of what went wrong in it, what agents noted.

    `well`: what was wanted was done, by self-service or an agent. `over`: when it ended (UTC ms).
    """

    commit: records.Commit
    mishap: str
    wrap_ups: tuple[Noted, ...]
    well: bool
    over: int
    causes: tuple[tuple[str, str], ...]  # (request, planted cause) of each failed one


class Stage(NamedTuple):
    """What every dialogue is played with.

    `until`: when the span is over (UTC ms). `mark` tells the run from others of the same people.
    `codes`: the wrap-up code of each target that has one.
    """

    plan: Parameters
    bss: StandIn
    vault: Vault
    called: str
    until: int
    mark: str
    codes: Mapping[str, str] = {}
    beside: Beside = nothing


def play(
    stage: Stage, version: Version, person: Person, contact: Contact, habits: Habits
) -> Played:
    """Plays a contact to its end."""
    return _Dialogue(stage, version, person, contact, habits).play()


def session_of(contact: Contact, mark: str) -> str:
    """The id of a contact's dialogue: the same in the same run, never a second one."""
    dice = Random(f"{contact.seed}/{mark}")  # noqa: S311  must come out again
    return uuid7(contact.at, dice.randbytes)


class _Dialogue:
    """One dialogue while it is played."""

    def __init__(
        self,
        stage: Stage,
        version: Version,
        person: Person,
        contact: Contact,
        habits: Habits,
    ) -> None:
        self.stage, self.version, self.person, self.contact = stage, version, person, contact
        self.dice = dice = Random(contact.seed)  # noqa: S311  a simulation
        self.mind: Caller | Texter
        if contact.channel == VOICE:
            parts = stage.plan, person, contact, version.ways
            self.mind = Caller(*parts, version.spoken, habits, dice)
        else:
            parts = stage.plan, person, contact, version.ways
            self.mind = Texter(*parts, stage.called, dice)
        origin = Origin(contact.channel, stage.called, person.number, NETWORK, LINK, TRAFFIC)
        self.session = engine.begin(session_of(contact, stage.mark), version.model, origin)
        self.rows: list[records.Row] = []
        self.wrap_ups: list[Noted] = []
        self.helped = False  # by an agent
        self.causes: list[tuple[str, str]] = []
        self.pending: tuple[Answer, int] | None = None  # what the BSS will say, and when

    def play(self) -> Played:
        """From the first event to the end."""
        turn = self._resume(self._arrival())
        opened = record.opened(turn.session, self._dialogue(), self.contact.at, self._name)
        while turn.session.state != ENDED:
            turn = self._resume(self._next(turn))
        state = record.state(turn, self.mind.at)
        self._settle()
        return Played(
            records.Commit(self.session.id, None, tuple(self.rows), state, opened),
            self.mind.mishap,
            tuple(self.wrap_ups),
            self._well(),
            self.mind.at,
            tuple(self.causes),
        )

    def _dialogue(self) -> str:
        return f"{LINK}/{self.session.id}" if self.contact.channel == VOICE else ""

    def _name(self, known: str) -> str:
        """The pseudonym of the person, or of the one that is acted for."""
        if known.startswith("demo-") or not known:
            return known
        return self.person.name

    def _arrival(self) -> Event:
        profile, ms = self.stage.bss.known(self.mind.at, self.person.profile, self.dice)
        self.mind.at += ms
        if isinstance(self.mind, Texter):
            return TextReceived(self.mind.at, self.mind.first(), profile)
        return CallArrived(self.mind.at, profile)

    # -- the dialogue ------------------------------------------------------------------------

    def _resume(self, event: Event) -> Turn:
        before = self.session
        sealed = sealing.seal(self.version.model, before, event, self.stage.vault)
        turn = engine.resume(self.version.model, before, sealed)
        self.session = turn.session
        if isinstance(self.mind, Caller):
            self.mind.notice(turn)
        rows = record.rows(turn, sealed, event.at, self._name, self._price_text)
        self.rows += rows
        self.rows += self.stage.beside(before, turn, sealed, event.at, self._name)
        for row in rows:
            if isinstance(row, records.Closing) and row.outcome == FAILED:
                self.causes.append((row.request, self.mind.mishap))
        return turn

    def _price_text(self, turn: Turn) -> str:
        if not any(isinstance(fact, OrderWritten) for fact in turn.facts):
            return ""
        model, language = self.version.model, turn.session.language
        if turn.session.origin.channel == VOICE:
            return "".join(write(model, language, say, medium="voice") for say in turn.say)
        return compose(model, language, turn.say).text

    def _next(self, turn: Turn) -> Event:
        if isinstance(turn.then, Perform):
            return self._bss(turn, turn.then)
        if isinstance(turn.then, Transfer):
            return self._agent(turn.then)
        return self.mind.act(turn)

    # -- the BSS -----------------------------------------------------------------------------

    def _bss(self, turn: Turn, job: Perform) -> Event:
        mind = self.mind
        if self.pending is None:
            answer = self._asked(job)
            self.pending = (answer, mind.at + answer.ms)
            slow = answer.ms > job.patience_ms and isinstance(mind, Caller)
            if slow and self._stays(job.patience_ms):
                return ActionSlow(mind.at, job.key)
        answer, due = self.pending
        if turn.session.state != LEFT and not self._stays(due - mind.at):
            return CallEnded(mind.at, "caller", 0)
        self.pending, mind.at = None, max(due, mind.at)
        return self._answered(job, answer)

    def _stays(self, ms: int) -> bool:
        mind = self.mind
        if isinstance(mind, Caller):
            return mind.waits(ms)
        mind.at += ms
        return True

    def _asked(self, job: Perform) -> Answer:
        mind = self.mind
        return self.stage.bss.answer(
            job, mind.at, self.person.name, self.dice, mistaken=mind.mistaken
        )

    def _answered(self, job: Perform, answer: Answer) -> ActionDone:
        mind, result = self.mind, answer.result
        if answer.fault:
            mind.mishap = answer.fault
        if job.name in _PROVING and job.call != "quote":
            self._tried(job, result)
        if job.call == "verify" and result.result == SUCCEEDED:
            other = self.person.profile._replace(subscriber=f"{self.person.name}-other")
            result = result._replace(profile=other)
        elif not job.subscriber and self.session.profile is None:
            result = result._replace(profile=self.person.profile)
        return ActionDone(
            mind.at, job.key, result.result, dict(result.values), result.raw, result.quote,
            result.profile,
        )  # fmt: skip

    def _tried(self, job: Perform, result: Result) -> None:
        if result.result in (SUCCEEDED, "wrong_password"):
            target = f"{self.person.name}-other" if job.args.get("number") else self.person.name
            ok = result.result == SUCCEEDED
            self.rows.append(records.PasswordTry(target, self.person.name, self.mind.at, ok=ok))

    def _settle(self) -> None:
        """What the BSS says of an order of unknown end, later on: every order is known at last.

        None is left that recovery or reconciling would ask about: only those too old for it stay.
        """
        faults, dice, until = self.stage.plan.faults, self.dice, self.stage.until
        for row in [row for row in self.rows if isinstance(row, records.OrderMove)]:
            if row.state != UNKNOWN:
                continue
            old = row.at < until - _WEEK_MS - _MARGIN_MS
            if old and dice.random() < faults.never:
                continue
            hours = dice.uniform(*faults.settled_h)
            at = max(min(row.at + int(hours * 3_600_000), until), row.at)
            word = SUCCEEDED if dice.random() < 0.7 else "backend_error"
            self.rows.append(records.OrderMove(row.order_id, at, records.RECONCILED, word))

    # -- agents ------------------------------------------------------------------------------

    def _agent(self, wait: Transfer) -> Event:
        """An agent's leg: no PBX is behind it, the demo says how it ended."""
        mind, agents, dice = self.mind, self.stage.plan.agents, self.dice
        assert isinstance(mind, Caller)
        queued = int(dice.uniform(*agents.queue_s) * 1000)
        mind.at += queued
        if dice.random() < agents.gives_up:
            return CallEnded(mind.at, "caller", 0)
        status = pick(dice, agents.ends)
        if status == "answered":
            median, sigma = agents.talk_s
            mind.at += int(median * math.exp(sigma * dice.gauss(0, 1)) * 1000)
            self.helped = True
            if code := self.stage.codes.get(mind.want):
                self.wrap_ups.append(Noted(mind.at, code))
        else:
            mind.turned_away()
        return TransferEnded(mind.at, wait.topic, status)

    def _well(self) -> bool:
        if self.helped:
            return True
        target = self.version.ways.targets.get(self.contact.target)
        ended = {
            row.request
            for row in self.rows
            if isinstance(row, records.Closing) and row.outcome != FAILED
        }
        return target is not None and any(
            isinstance(row, records.Request) and row.leaf == target.leaf and row.id in ended
            for row in self.rows
        )
