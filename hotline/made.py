"""A turn made ready: the commit that it needs, and the reply that leaves when that is durable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


class Made(NamedTuple):
    """What is committed and what leaves then."""

    turn: Turn
    reply: Reply
    said: tuple[Say, ...]
    left: Carriage | None  # the delivery that a call's end leaves without its reply
    commit: records.Commit


def make(
    replies: Replies,
    pseudonym: Callable[[str], str],
    at: int,
    turn: Turn,
    event: Event,
    session: Session,
    carriage: Carriage | None,
    left: Carriage | None,
    trial: Trial | None,
    *,
    afresh: bool = False,
) -> Made:
    """The commit and the reply of a turn; `afresh` leaves out what was said before it.

    `trial` is the one that runs.
    """
    said: tuple[Say, ...] = ()
    if carriage is not None:
        said = turn.say if afresh else (*carriage.said, *turn.say)
    reply = _reply(replies, turn, said)
    rows = (
        *record.rows(turn, event, at, pseudonym, replies.price_text),
        *_delivered(replies, turn, at, carriage, reply),
        *_notices(replies, turn, at),
    )
    if trial is not None:
        rows += (*exposure.rows(trial, session, turn, event, at, pseudonym),)
    if left is not None and not left.delivery.held:
        rows += (records.DeliveryClosing(left.delivery.key, turn.session.turn, at, ""),)
    new = session.turn == 0
    dialogue = carriage.delivery.dialogue if carriage is not None else ""
    commit = records.Commit(
        session.id,
        None if new else session.turn,
        rows,
        record.state(turn, at),
        record.opened(turn.session, dialogue, at, pseudonym) if new else None,
    )
    return Made(turn, reply, said, left, commit)


def _reply(replies: Replies, turn: Turn, said: tuple[Say, ...]) -> Reply:
    session = turn.session
    text = ""
    if said and session.origin.channel == TEXT and closes(turn):
        text = replies.compose(session, said).text
    return Reply(
        session.id, session.turn, session.digest, session.language, turn.say, turn.then, text
    )


def _delivered(
    replies: Replies, turn: Turn, at: int, carriage: Carriage | None, reply: Reply
) -> Iterable[records.Row]:
    """The delivery's rows, and a text's reply. A held line needs none: its steps are there."""
    if carriage is None or carriage.delivery.held:
        return
    session, key = turn.session, carriage.delivery.key
    if not carriage.session:
        yield records.Delivery(key, session.id, session.origin.link, at)
    stored = replies.dump(sealing.stored(reply))
    if closes(turn):
        yield records.DeliveryClosing(key, session.turn, at, stored)
    else:
        yield records.DeliveryPart(key, session.turn, at, stored)
    if reply.text:
        yield replies.outgoing(session, key, reply.text, at, carriage.delivery)


def _notices(replies: Replies, turn: Turn, at: int) -> Iterable[records.Row]:
    """Texts beside the dialogue; a withheld number gets none."""
    session = turn.session
    if session.acting or session.origin.caller:
        for i, notify in enumerate(turn.notify):
            yield replies.notice(session, notify, i, at)


def closes(turn: Turn) -> bool:
    """Whether the turn waits for the subscriber, or for nothing any more."""
    return not isinstance(turn.then, Perform) or turn.session.state == LEFT
