"""What a step of a trial's subscriber adds to the record: the entry, topics, the guards' marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dialog.events import CallEnded, DigitsEntered, Event, TextReceived, WaitExpired
from dialog.outcomes import FAILED
from dialog.session import VOICE, Session
from dialog.turn import Attempt, RequestClosed, RequestOpened, Turn
from ledger.counts import NO_LEAF
from ledger.records import Row
from ledger.trial_records import CANDIDATE, NO_TOPIC, Trial, TrialEntry, TrialMark, TrialTopic
from tuning.split import arm_of

FAILURE = "failure"
OPT_OUT = "opt_out"


def rows(
    trial: Trial,
    before: Session,
    turn: Turn,
    event: Event,
    at: int,
    pseudonym: Callable[[str], str],
) -> Iterable[Row]:
    """The rows of one step; none of a dialogue that is not on its subscriber's version.

    The ledger keeps the first of each and drops what belongs to a dialogue older than the entry.
    """
    topics = list(_topics(turn, event))
    failed, opted_out = _lost(turn, event) or _failed(turn), _opted_out(before, turn, event)
    if before.turn and not (topics or failed or opted_out):
        return  # most steps: nobody need be told apart
    session, origin = turn.session, turn.session.origin
    who = pseudonym(origin.caller)
    arm = arm_of(trial, who, origin.traffic)
    if not arm or session.digest != (trial.candidate if arm == CANDIDATE else trial.control):
        return
    if not before.turn:
        yield TrialEntry(trial.id, who, arm, at, session.id)
    for leaf in topics:
        yield TrialTopic(trial.id, who, leaf, at, session.id)
    for guard, met in ((FAILURE, failed), (OPT_OUT, opted_out)):
        if met:
            yield TrialMark(trial.id, who, guard, arm, at, session.id)


def _topics(turn: Turn, event: Event) -> Iterable[str]:
    """What the step says of the subscriber's wishes."""
    for fact in turn.facts:
        if isinstance(fact, RequestOpened):
            if fact.kind != "none":
                yield fact.leaf
            elif fact.leaf == NO_LEAF:
                yield NO_TOPIC
    if _lost(turn, event):
        yield NO_TOPIC


def _lost(turn: Turn, event: Event) -> bool:
    """Whether a call has ended before any leaf: with a failed request a failure of R3."""
    session = turn.session
    over = session.origin.channel == VOICE and isinstance(event, CallEnded | WaitExpired)
    return over and not session.leaves


def _failed(turn: Turn) -> bool:
    return any(isinstance(fact, RequestClosed) and fact.outcome == FAILED for fact in turn.facts)


def _opted_out(before: Session, turn: Turn, event: Event) -> bool:
    """Whether the subscriber asked for an agent, as against being sent to one after errors."""
    asked = turn.session.agent and not before.agent
    by_key = isinstance(event, DigitsEntered | TextReceived)
    return asked and by_key and not any(isinstance(fact, Attempt) for fact in turn.facts)
