"""The outbox: never two texts for one.

Whoever sends a text claims it first. A claim is one conditional change in one transaction: of any
number of senders, and the HTTP answer beside them, one gets it. A sender's claim is a lease; of
one that dies nobody knows whether its text went out, so that it is not sent again: when the lease
is over the text is finished as failed, LOST. Only a sender that says that the text surely did not
leave lets it be claimed once more. Each claim and its end are rows of `outbox_sends`.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from typing import NamedTuple

from ledger import records as r
from ledger.batch import Batch
from ledger.commits import append
from ledger.store import Store

_FIELDS = ", ".join(r.Outbox._fields)

_FINISH = "UPDATE outbox SET due_at = NULL, owner = '', number = '' WHERE id = ?"
_LEASE = (
    "UPDATE outbox SET due_at = ?, attempts = attempts + 1, owner = ? "
    "WHERE id = ? AND attempts = ? AND due_at <= ?"
)
_CARRY = (
    "UPDATE outbox SET due_at = NULL, attempts = 1, number = '' "
    "WHERE inbound = ? AND attempts = 0 AND due_at IS NOT NULL"
)
_REPLY = (
    f"SELECT {_FIELDS} FROM outbox "  # noqa: S608
    "WHERE inbound = ? AND attempts = 0 AND due_at IS NOT NULL"
)
_BY_PROVIDER = "SELECT outbox FROM outbox_sends WHERE provider_id = ? LIMIT 1"
_CARRIED = (
    "SELECT 1 FROM outbox o JOIN outbox_sends s ON s.outbox = o.id "
    "WHERE o.inbound = ? AND s.status = 'carried'"
)
_HELD = "id = ? AND attempts = ? AND due_at IS NOT NULL"
_GIVE_UP = f"UPDATE outbox SET due_at = NULL, owner = '', number = '' WHERE {_HELD}"  # noqa: S608
_RETRY = f"UPDATE outbox SET due_at = ?, owner = '' WHERE {_HELD}"  # noqa: S608
_LOST = "SELECT id, attempts FROM outbox WHERE due_at <= ? AND owner <> ''"
_EXPIRED = "SELECT id, attempts FROM outbox WHERE due_at <= ? AND expires_at <= ?"


class Outgoing(NamedTuple):
    """A text that its sender has claimed; `attempt` over 1: an earlier one surely failed."""

    text: r.Outbox
    attempt: int


class OutboxClaims(Store):
    """Claims and their ends. The writes' futures resolve when durable."""

    def outbox_due(
        self,
        now: int,
        limit: int,
        owner: str,
        lease_ms: int,
        links: Collection[str] | None = None,
    ) -> Future[list[Outgoing]]:
        """Claims the texts that are due, of these links (None = all), for `lease_ms`.

        Texts whose sender's lease ran out are finished as failed, LOST, and texts past their time
        as expired, whatever their link; neither is given.
        """

        def job(batch: Batch) -> list[Outgoing]:
            _finish(batch, self, _LOST, (now,), r.OutboxSend("", 0, now, "failed", r.LOST))
            _finish(batch, self, _EXPIRED, (now, now), r.OutboxSend("", 0, now, "expired"))
            where, of = "", tuple(links or ())
            if links is not None:
                where = f"AND link IN ({', '.join('?' * len(of))}) "
            due = batch.connection.execute(
                f"SELECT {_FIELDS} FROM outbox WHERE due_at <= ? {where}"  # noqa: S608
                "ORDER BY due_at LIMIT ?",
                (now, *of, limit),
            ).fetchall()
            claimed = []
            for row in due:
                text = r.Outbox(*row)
                lease = (now + lease_ms, owner, text.id, text.attempts, now)
                if batch.connection.execute(_LEASE, lease).rowcount:
                    claimed.append(Outgoing(text, text.attempts + 1))
            taken = [r.OutboxSend(out.text.id, out.attempt, now, "taken") for out in claimed]
            append(batch, taken, self.zone)
            return claimed

        return self._submit(job)

    def outbox_take(
        self, inbound: str, now: int, owner: str, lease_ms: int
    ) -> Future[Outgoing | None]:
        """Claims the reply to `inbound` for the link that brought it; None when another has it."""

        def job(batch: Batch) -> Outgoing | None:
            found = batch.connection.execute(_REPLY, (inbound,)).fetchone()
            if found is None:
                return None
            text = r.Outbox(*found)
            lease = (now + lease_ms, owner, text.id, 0, text.due_at)
            if not batch.connection.execute(_LEASE, lease).rowcount:
                return None
            append(batch, [r.OutboxSend(text.id, 1, now, "taken")], self.zone)
            return Outgoing(text, 1)

        return self._submit(job)

    def outbox_carry(self, inbound: str, at: int, provider_id: str = "") -> Future[bool]:
        """The HTTP answer claims the reply to `inbound` and carries it: True once, then never.

        `provider_id` is what its receipts will name, where the link lets us choose it.
        """

        def job(batch: Batch) -> bool:
            if not batch.connection.execute(_CARRY, (inbound,)).rowcount:
                return False
            (text,) = batch.connection.execute(
                "SELECT id FROM outbox WHERE inbound = ?", (inbound,)
            ).fetchone()
            append(batch, [r.OutboxSend(text, 1, at, "carried", "", provider_id)], self.zone)
            return True

        return self._submit(job)

    def outbox_carried(self, inbound: str) -> bool:
        """Whether an HTTP answer claimed the reply: the one whose it is when `inbound` comes again.

        A read, for a provider's repeated request: its first answer may never have arrived.
        """
        return self._first(_CARRIED, (inbound,)) is not None

    def outbox_sent(
        self, outbox: str, attempt: int, at: int, provider_id: str = ""
    ) -> Future[None]:
        """The link took the text: it is finished and its number cleared.

        Recorded also when the lease ran out meanwhile: the text was not lost after all.
        """

        def job(batch: Batch) -> None:
            batch.connection.execute(_FINISH, (outbox,))
            append(batch, [r.OutboxSend(outbox, attempt, at, "sent", "", provider_id)], self.zone)

        return self._submit(job)

    def outbox_failed(
        self, outbox: str, attempt: int, at: int, error: str, retry_at: int | None = None
    ) -> Future[None]:
        """The link surely did not take it: due again at `retry_at`, or given up (None).

        Too late when the lease ran out: the text stands as lost, and nothing is changed.
        """

        def job(batch: Batch) -> None:
            execute = batch.connection.execute
            if retry_at is None:
                held = execute(_GIVE_UP, (outbox, attempt)).rowcount
            else:
                held = execute(_RETRY, (retry_at, outbox, attempt)).rowcount
            if held:
                append(batch, [r.OutboxSend(outbox, attempt, at, "failed", error)], self.zone)

        return self._submit(job)

    def note_receipt(self, provider_id: str, at: int, state: str, error: str = "") -> Future[None]:
        """What the provider says of a text it took: sent | delivered | failed, `error` its code."""

        def job(batch: Batch) -> None:
            found = batch.connection.execute(_BY_PROVIDER, (provider_id,)).fetchone()
            outbox = found[0] if found else ""
            append(batch, [r.Receipt(provider_id, at, state, error, outbox)], self.zone)

        return self._submit(job)


def _finish(
    batch: Batch, store: Store, which: str, values: tuple[int, ...], end: r.OutboxSend
) -> None:
    for text, attempts in batch.connection.execute(which, values).fetchall():
        batch.connection.execute(_FINISH, (text,))
        append(batch, [end._replace(outbox=text, attempt=attempts)], store.zone)
