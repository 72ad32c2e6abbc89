"""What a turn says, made ready for a channel and for the record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dialog.events import load_values
from dialog.host import Delivery, Reply
from dialog.session import VOICE, Session
from dialog.turn import Notify, OrderWritten, Say, Turn, dump_wait, load_wait
from hotline.versions import Versions
from ivr.playlist import playlist
from ledger import records
from menus.render import write
from sms_commands.compose import Message, compose, split

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))

HTTP_WINDOW_MS = 12_000
"""How long an HTTP answer may carry a reply before the sender takes it (Twilio waits 15 s)."""
REPLY_EXPIRES_MS = 24 * 3600 * 1000


class Replies:
    """Renders by the version that said it."""

    def __init__(self, versions: Versions, notices: str = "") -> None:
        self._versions, self._notices = versions, notices

    def clips(self, reply: Reply) -> tuple[str, ...]:
        """Clip paths under prompts/, in order."""
        return playlist(self._versions.model(reply.digest), reply.language, reply.say)

    def written(self, reply: Reply) -> str:
        """The spoken wording as characters, one text a line."""
        model = self._versions.model(reply.digest)
        return "\n".join(write(model, reply.language, say, medium="voice") for say in reply.say)

    def compose(self, session: Session, says: Iterable[Say]) -> Message:
        """The says of a text dialogue as one message."""
        return compose(self._versions.model(session.digest), session.language, says)

    def price_text(self, turn: Turn) -> str:
        """What the subscriber is told when an order is written: its evidence."""
        if not any(isinstance(fact, OrderWritten) for fact in turn.facts):
            return ""
        session = turn.session
        if session.origin.channel == VOICE:
            model = self._versions.model(session.digest)
            return "".join(write(model, session.language, say, medium="voice") for say in turn.say)
        return self.compose(session, turn.say).text

    def outgoing(
        self, session: Session, text: str, at: int, delivery: Delivery
    ) -> Iterable[records.Row]:
        """The reply to a text: one row for each inbound message, whoever carries it.

        Claimed as it is made when somebody stands ready to carry it.
        """
        reply = records.Outbox(
            f"{session.id}.{session.turn}.reply",
            delivery.key,
            session.id,
            at,
            session.origin.caller,
            session.origin.called,
            session.origin.link,
            "reply",
            session.language,
            text,
            len(split(text)),
            at + REPLY_EXPIRES_MS,
            delivery.reply_context,
            at + HTTP_WINDOW_MS,
        )
        claim = delivery.carrier.claim(reply) if delivery.carrier is not None else None
        if claim is None:
            yield reply
        elif claim.owner:
            until = at + claim.lease_ms
            yield reply._replace(due_at=until, attempts=1, owner=claim.owner)
            yield records.OutboxSend(reply.id, 1, at, "taken")
        else:
            yield reply._replace(due_at=None, attempts=1, number="")
            yield records.OutboxSend(reply.id, 1, at, "carried", "", claim.provider_id)

    def notice(self, session: Session, notify: Notify, i: int, at: int) -> records.Outbox:
        """A text beside the dialogue, to the owner of what was changed.

        A real call's leaves by the link for notices; a rehearsal's never leaves the house.
        """
        origin, model = session.origin, self._versions.model(session.digest)
        language = session.language
        if session.acting and session.profile and session.profile.language in model.languages:
            language = session.profile.language  # the owner's, not the caller's
        return self._beside(
            f"{session.id}.{session.turn}.notify{i}",
            (session.id, origin.channel, origin.traffic, origin.called, origin.link),
            session.acting or origin.caller,
            compose(model, language, (Say(notify.text, notify.values),)),
            language,
            at,
        )

    def later(
        self, request: records.Request, number: str, language: str, say: Say, at: int
    ) -> records.Outbox:
        """A text about a request whose dialogue is long over."""
        origin = (request.session, request.channel, request.traffic, request.called, request.link)
        message = compose(self._versions.model(request.digest), language, (say,))
        row = f"{request.id}.later"
        return self._beside(row, origin, number, message, language, at)._replace(kind="later")

    def _beside(
        self,
        row: str,
        origin: tuple[str, str, str, str, str],
        number: str,
        message: Message,
        language: str,
        at: int,
    ) -> records.Outbox:
        session, channel, traffic, called, link = origin
        notices = self._notices if channel == VOICE and traffic == "real" else ""
        return records.Outbox(
            row,
            None,
            session,
            at,
            number,
            called,
            notices or link,
            "notify",
            language,
            message.text,
            message.segments,
            at + REPLY_EXPIRES_MS,
            "",
            at,
        )

    @staticmethod
    def dump(reply: Reply) -> str:
        """A reply as JSON text, for duplicates."""
        row: list[Any] = list(reply._replace(then=dump_wait(reply.then)))  # type: ignore[arg-type]
        return _ENCODER.encode(row)

    @staticmethod
    def load(text: str) -> Reply:
        """A reply back from `dump`, marked as replayed."""
        row = json.loads(text)
        row[4] = tuple(Say(say[0], load_values(say[1])) for say in row[4])
        row[5] = load_wait(row[5])
        return Reply(*row)._replace(replayed=True)
