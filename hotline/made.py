"""Turns made ready: the commit that they need, and the reply that leaves when that is durable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dialog.events import Event
from dialog.host import Delivery, Reply
from dialog.session import LEFT, TEXT, Session
from dialog.turn import Perform, Say, Turn
from hotline import exposure, record, sealing
from hotline.replies import Replies
from ledger import records
from ledger.trial_records import Trial

OnReply = Callable[[Reply | Exception], None]


@dataclass(slots=True)
class Carriage:
    """A delivery on its way: who waits for its reply, and what its steps have said so far."""

    delivery: Delivery
    waiting: list[OnReply]
    until: int  # UTC ms
    tries: int  # how often it may be overtaken
    said: tuple[Say, ...] = ()
    session: str = ""  # set when its row is in the ledger
    job: str = ""  # the key of the job it waits for


class Taken(NamedTuple):
    """An event that a session was resumed with, as the engine saw it, and the turn it made."""

    before: Session
    event: Event
    turn: Turn


class Made(NamedTuple):
    """What is committed and what leaves then."""

    turn: Turn
    event: Event
    reply: Reply
    said: tuple[Say, ...]
    left: Carriage | None  # the delivery that a call's end leaves without its reply
    commit: records.Commit


def make(
    replies: Replies,
    pseudonym: Callable[[str], str],
    at: int,
    taken: Sequence[Taken],
    carriage: Carriage | None,
    left: Carriage | None,
    trial: Trial | None,
    *,
    afresh: bool = False,
) -> Made:
    """The one commit of turns that follow each other, and the reply of the last.

    `afresh` leaves out what was said before that one. `trial` is the one that runs.
    """
    (before, _, first), (_, event, turn) = taken[0], taken[-1]
    say = turn.say if afresh else tuple([say for step in taken for say in step.turn.say])
    said: tuple[Say, ...] = ()
    if carriage is not None:
        said = say if afresh else (*carriage.said, *say)
    reply = _reply(replies, turn, say, said)
    rows: list[records.Row] = []
    for step in taken:
        rows += record.rows(step.turn, step.event, at, pseudonym, replies.price_text)
        rows += _notices(replies, step.turn, at)
        if trial is not None:
            rows += exposure.rows(trial, step.before, step.turn, step.event, at, pseudonym)
    rows += _delivered(replies, turn, at, carriage, reply)
    if left is not None and not left.delivery.held:
        rows.append(records.DeliveryClosing(left.delivery.key, turn.session.turn, at, ""))
    dialogue = carriage.delivery.dialogue if carriage is not None else ""
    new = before.turn == 0
    commit = records.Commit(
        before.id,
        None if new else before.turn,
        tuple(rows),
        record.state(turn, at),
        record.opened(first.session, dialogue, at, pseudonym) if new else None,
    )
    return Made(turn, event, reply, said, left, commit)


def _reply(replies: Replies, turn: Turn, say: tuple[Say, ...], said: tuple[Say, ...]) -> Reply:
    session = turn.session
    text = ""
    if said and session.origin.channel == TEXT and closes(turn):
        text = replies.compose(session, said).text
    return Reply(session.id, session.turn, session.digest, session.language, say, turn.then, text)


def _delivered(
    replies: Replies, turn: Turn, at: int, carriage: Carriage | None, reply: Reply
) -> Iterable[records.Row]:
    """The delivery's rows, and a text's reply. A held line needs none: its steps are there."""
    if carriage is None or carriage.delivery.held:
        return
    session, key = turn.session, carriage.delivery.key
    if not carriage.session:
        yield records.Delivery(key, session.id, session.origin.link, at)
        yield from carriage.delivery.beside
    stored = replies.dump(sealing.stored(reply))
    if closes(turn):
        yield records.DeliveryClosing(key, session.turn, at, stored)
    else:
        yield records.DeliveryPart(key, session.turn, at, stored)
    if reply.text:
        yield from replies.outgoing(session, reply.text, at, carriage.delivery)


def _notices(replies: Replies, turn: Turn, at: int) -> Iterable[records.Row]:
    """Texts beside the dialogue; a withheld number gets none."""
    session = turn.session
    if session.acting or session.origin.caller:
        for i, notify in enumerate(turn.notify):
            yield replies.notice(session, notify, i, at)


def closes(turn: Turn) -> bool:
    """Whether the turn waits for the subscriber, or for nothing any more."""
    return not isinstance(turn.then, Perform) or turn.session.state == LEFT
