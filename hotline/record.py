"""A turn as rows of the record: what the engine says happened, in the ledger's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

from dialog.events import CallEnded, Event, Profile, WaitExpired
from dialog.session import ENDED, OPEN, VOICE, Session
from dialog.turn import (
    Attempt,
    Complained,
    End,
    Fact,
    Opted,
    OrderMoved,
    OrderWritten,
    RequestClosed,
    RequestOpened,
    Told,
    Turn,
    Visited,
)
from ledger import records
from ledger.complaint_records import Complaint
from ledger.records import Row, SessionFacts, SessionState

Pseudonym = Callable[[str], str]

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def _json(value: object) -> str:
    return _ENCODER.encode(value)


@lru_cache(maxsize=4096)
def _words(words: tuple[str, ...]) -> str:
    """Ids and keys of the menus as a JSON list: the same few lists in every call."""
    return _json(words)


def opened(session: Session, dialogue: str, at: int, pseudonym: Pseudonym) -> SessionFacts:
    """What is known when the session opens."""
    origin, profile = session.origin, session.profile or Profile("")
    return SessionFacts(
        session.id,
        dialogue or None,
        origin.channel,
        origin.called,
        pseudonym(profile.subscriber or origin.caller),
        pseudonym(origin.caller),
        origin.identity,
        origin.link,
        origin.traffic,
        session.digest,
        profile.operator,
        profile.brand,
        profile.tier,
        profile.province,
        session.language,
        at,
    )


def state(turn: Turn, at: int) -> SessionState:
    """The session's working state after the turn. An ended one keeps nothing but its end."""
    session = turn.session
    over = session.state == ENDED
    return SessionState(
        session.turn,
        None if over else session.dump(),
        session.deadline,
        open=session.state == OPEN,
        ended_at=at if over else None,
        end_reason=turn.then.reason if isinstance(turn.then, End) else "",
    )


def rows(
    turn: Turn, event: Event, at: int, pseudonym: Pseudonym, price_text: Callable[[Turn], str]
) -> list[Row]:
    """The rows of one step: the step itself, then its facts in order, then the call's end."""
    session = turn.session
    visited = Visited(session.node, session.stage)
    facts: list[Row] = []
    for fact in turn.facts:
        if isinstance(fact, Visited):
            visited = fact
        elif (row := _fact(fact, turn, at, pseudonym, price_text)) is not None:
            facts.append(row)
    step = records.Step(
        session.id,
        session.turn,
        at,
        type(event).__name__,
        visited.node,
        visited.stage,
        visited.tries,
        visited.key,
        getattr(event, "heard_ms", 0),
        _words(visited.options),
        _words(tuple([say.text for say in turn.say])),
        _words(getattr(event, "failed_prompts", ())),
    )
    if session.origin.channel == VOICE and isinstance(event, (CallEnded, WaitExpired)):
        whole = isinstance(turn.then, End) and turn.then.reason == "done"
        by = "hotline" if whole else getattr(event, "by", "network")
        facts.append(_call_end(session, by, at))
    return [step, *facts]


def _call_end(session: Session, by: str, at: int) -> records.CallEnd:
    origin = session.origin
    return records.CallEnd(
        session.id,
        at,
        origin.channel,
        origin.called,
        origin.traffic,
        session.digest,
        session.profile.brand if session.profile else "",
        by,
        session.leaves,
        session.errors,
        session.agent,
        session.node,
    )


def _fact(
    fact: Fact, turn: Turn, at: int, pseudonym: Pseudonym, price_text: Callable[[Turn], str]
) -> Row | None:
    session = turn.session
    match fact:
        case RequestOpened():
            return _request(fact, session, at, pseudonym)
        case RequestClosed():
            return records.Closing(
                fact.id, at, fact.outcome, fact.reason, fact.raw, fact.errors, fact.repeats
            )
        case Attempt():
            return records.Attempt(
                session.id, session.turn, at, fact.request, fact.node, fact.reason
            )
        case Told():
            return records.Told(fact.request, at, fact.told, fact.heard_ms)
        case OrderWritten():
            return _order(fact, session, at, pseudonym, price_text(turn))
        case OrderMoved():
            return records.OrderMove(
                fact.id, at, fact.state, fact.reason, fact.raw, fact.reply, fact.heard_ms
            )
        case Complained():
            origin, profile = session.origin, session.profile or Profile("")
            return Complaint(
                fact.receipt,
                session.id,
                at,
                pseudonym(profile.subscriber or origin.caller),
                origin.caller,
                origin.called,
                origin.link,
                origin.traffic,
                fact.text,
            )
        case Opted():
            return records.OptOut(
                session.origin.called, pseudonym(session.origin.caller), at, fact.state
            )
        case _:
            return None


def _request(
    fact: RequestOpened, session: Session, at: int, pseudonym: Pseudonym
) -> records.Request:
    origin, profile = session.origin, session.profile or Profile("")
    return records.Request(
        fact.id,
        session.id,
        session.turn,
        at,
        fact.leaf,
        fact.node,
        fact.kind,
        fact.service,
        fact.keyword,
        origin.channel,
        origin.called,
        origin.link,
        origin.identity,
        origin.traffic,
        session.digest,
        pseudonym(profile.subscriber or origin.caller),
        profile.operator,
        profile.brand,
        profile.tier,
        profile.province,
    )


def _order(
    fact: OrderWritten, session: Session, at: int, pseudonym: Pseudonym, said: str
) -> records.Order:
    price, cycle, tariff, effective, _targets = fact.quote
    profile = session.profile or Profile("")
    return records.Order(
        fact.id,
        session.id,
        at,
        pseudonym(profile.subscriber),
        session.acting or session.origin.caller,
        fact.verb,
        fact.target,
        _json(fact.args),
        price,
        cycle,
        tariff,
        effective,
        said,
        fact.authenticated,
    )
