"""SMPP links in the house: texts stored before they are answered, replies sent, receipts noted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from urllib.parse import parse_qs, urlsplit

from dialog.events import TextReceived
from dialog.host import Claim, Delivery, Reply
from dialog.session import TEXT, Origin
from dialog.turn import Perform
from engine import Illegal
from hotline.house import House
from hotline.ids import uuid7
from hotline.mishaps import trail
from hotline.settings import BadSetting
from ledger import records
from ledger.inbox import Kept
from sms_commands.context import context_of
from sms_commands.numbers import national
from sms_commands.pdu import Incoming, Receipt
from sms_commands.sender import LEASE_MS, Outcome, Text, UncertainError, not_sent
from sms_commands.smpp import ANSWER_S, PATIENCE_S, Account, Link

log = logging.getLogger("hotline.smpp")

AT_ONCE_S = 1.0
"""Within this a text is in the record, taken, in nearly all cases. One that is not, because its
line is busy or the BSS away, is kept in the inbox, so that the SMSC need not wait."""
LOOK_EVERY_S = 15.0
OVERDUE_MS = 30_000
"""A kept text that is not in the record by then is handed to the house again."""
BIND_S = 5.0
"""How long a reply waits for a bind; then it is the outbox's, which tries again."""
INCOMPLETE_MS = 10 * 60_000
"""How long the parts of a text wait for the missing ones; then it is taken as it is."""
GAP = "…"
"""Stands where a part never came, so that what is left is never taken for a whole code."""

Record = Callable[[Outcome], Future[None]]
"""Writes what became of a text; done when it is durable."""


def accounts(setting: str) -> list[tuple[Account, int]]:
    """The accounts of HOTLINE_SMPP, each with its number of binds. Raises BadSetting.

    `smpp://id:password@host:port?name=smpp&binds=1&type=VMA&alphabet=gsm7`, several by blanks.
    """
    found: list[tuple[Account, int]] = []
    for word in setting.split():
        try:
            url = urlsplit(word)
            said = {key: values[-1] for key, values in parse_qs(url.query).items()}
            binds, port = int(said.pop("binds", "1")), url.port or 2775
            name, kind = said.pop("name", "smpp"), said.pop("type", "")
            alphabet = said.pop("alphabet", "gsm7")
            good = url.scheme == "smpp" and url.hostname and url.username and not said
            if not good or alphabet not in ("gsm7", "latin1") or not 1 <= binds <= 16:
                raise ValueError
        except ValueError:
            raise BadSetting(
                "HOTLINE_SMPP 应为 smpp://id:password@host:port?name=smpp&binds=1，多个用空格隔开。"
                " HOTLINE_SMPP must be smpp://id:password@host:port?name=smpp&binds=1,"
                " several separated by blanks."
            ) from None
        account = Account(
            name, url.hostname or "", port, url.username or "", url.password or "", kind, alphabet
        )
        found.append((account, binds))
    names = [account.name for account, _ in found]
    if len(set(names)) < len(names):
        raise BadSetting(
            "HOTLINE_SMPP：每条链路要有自己的 name。 HOTLINE_SMPP: each link needs its own name."
        )
    return found


class SmppDesk:
    """One account's binds. `send` is for the outbox's sender; all else runs on the loop."""

    def __init__(self, house: House, account: Account, binds: int, record: Record) -> None:
        self._house, self.account, self._record = house, account, record
        self._owner = uuid7(house.now())
        self._loop = asyncio.get_running_loop()
        self.links = [
            Link(account, self._store, self._receipt, f"{self._owner}.{n}") for n in range(binds)
        ]
        self._looking: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Binds, and takes up what an earlier process kept and did not hand on."""
        self.look(self._house.now())
        for link in self.links:
            link.start()
        self._looking = asyncio.create_task(self._look(), name="smpp inbox")

    async def close(self) -> None:
        """Unbinds."""
        if self._looking is not None:
            self._looking.cancel()
        await asyncio.gather(*(link.close() for link in self.links))
        await asyncio.gather(*self._leaving)  # each is told that the link is gone

    # -- texts in ----------------------------------------------------------------------------

    async def _store(self, incoming: Incoming, bind: str) -> Callable[[], None]:
        """Takes a text, or keeps it when that needs time."""
        ledger, at = self._house.ledger, self._house.now()
        row = self._row(incoming, bind, at)
        standing = tuple([link.bind for link in self.links if link.bound.is_set()])
        taken = row.total == 1 and await self._at_once(incoming, records.Brought(row, standing))
        if taken is not True:
            payload = self._house.vault.seal(json.dumps(incoming[:3]))
            keeping = ledger.inbox_take(row._replace(payload=payload), standing)
            kept: Kept = await asyncio.wrap_future(keeping)
            under_way = taken is None and kept.id == row.id
            if kept.rows and not under_way:
                self._hand_on(kept.id, kept.rows)
            row = row._replace(id=kept.row)
        return lambda: _unheard(ledger.inbox_answered(row.id))

    async def _at_once(self, incoming: Incoming, brought: records.Brought) -> bool | None:
        """Whether a whole text is in the record, taken; None: that is still to be seen."""
        row = brought.row
        stored: asyncio.Future[bool | None] = self._loop.create_future()
        waits = self._loop.call_later(AT_ONCE_S, _settle, stored, None)
        ready = _Ready(self._owner)
        delivery = self._delivery(row.id, incoming, row.at)._replace(
            carrier=ready, beside=(brought,)
        )

        def told(reply: Reply | Exception) -> None:
            waits.cancel()
            _settle(stored, not isinstance(reply, Exception))
            if isinstance(reply, Reply):
                self._replied(delivery, ready, reply)

        self._deliver(delivery, told)
        return await stored

    def _row(self, incoming: Incoming, bind: str, at: int) -> records.Inbox:
        """Without its payload."""
        vault, part = self._house.vault, incoming.part
        ends = f"{self.account.name} {incoming.source} {incoming.destination}"
        line = vault.pseudonym(f"{ends} {part.ref} {part.total}") if part.total > 1 else ""
        return records.Inbox(
            uuid7(at),
            at,
            self.account.name,
            bind,
            vault.pseudonym(f"{ends} {part} {incoming.text}"),
            line,
            part.n,
            part.total,
            "",
        )

    def _hand_on(self, key: str, rows: tuple[records.Inbox, ...]) -> None:
        """Gives a text that was kept to the house; done when its delivery is in the record."""
        house = self._house
        opened = {row.n: json.loads(house.vault.open(row.payload)) for row in rows}
        source, destination, _ = next(iter(opened.values()))
        text = "".join(opened[n][2] if n in opened else GAP for n in range(1, rows[0].total + 1))
        ready = _Ready(self._owner)
        delivery = self._delivery(key, Incoming(source, destination, text), rows[0].at)
        delivery = delivery._replace(carrier=ready)
        ids = [row.id for row in rows]

        def told(reply: Reply | Exception) -> None:
            if isinstance(reply, Exception) and not isinstance(reply, Illegal):
                log.warning("smpp %s: a text waits: %s", self.account.name, trail(reply))
                return
            _unheard(house.ledger.inbox_done(ids))
            if isinstance(reply, Reply):  # else the dialogue it belonged to is over: it was taken
                self._replied(delivery, ready, reply)

        self._deliver(delivery, told)

    def _delivery(self, key: str, text: Incoming, received: int) -> Delivery:
        identity, called = self._house.settings.smpp_identity, text.destination
        ends = national(called), national(text.source)
        return Delivery(
            f"{self.account.name}:{key}",
            "",
            Origin(TEXT, *ends, identity, self.account.name),
            TextReceived(self._house.now(), text.text, received=received),
            context_of(called),
        )

    def _deliver(self, delivery: Delivery, told: Callable[[Reply | Exception], None]) -> None:
        """Gives a text to the house; what that says is told on the loop."""

        def on_reply(reply: Reply | Exception) -> None:
            self._loop.call_soon_threadsafe(told, reply)

        self._house.runner.deliver(delivery, on_reply)

    def look(self, before: int) -> None:
        """Hands on what was kept before that time (UTC ms) and is not in the record."""
        house = self._house
        texts: dict[str, list[records.Inbox]] = defaultdict(list)
        for row in house.ledger.inbox_waiting(before):
            if row.link == self.account.name:
                texts[row.line or row.id].append(row)
        for rows in texts.values():
            parts = {row.n: row for row in rows}
            if len(parts) == rows[0].total or rows[-1].at < house.now() - INCOMPLETE_MS:
                self._hand_on(min(row.id for row in rows), tuple(parts[n] for n in sorted(parts)))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self.look(self._house.now() - OVERDUE_MS)
            except Exception as error:  # noqa: BLE001 - the next look goes on
                log.error("smpp %s: the inbox: %s", self.account.name, trail(error))

    # -- texts out ---------------------------------------------------------------------------

    def _replied(self, delivery: Delivery, ready: _Ready, reply: Reply) -> None:
        """A reply leaves by the link that brought the text."""
        if not reply.text or isinstance(reply.then, Perform):
            return
        leaving = self._claimed(delivery.key) if ready.text is None else self._send(ready.text, 1)
        task = self._loop.create_task(leaving)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _claimed(self, inbound: str) -> None:
        """Sends a reply that another delivery of the text has made, if nobody else does."""
        taking = self._house.ledger.outbox_take(inbound, self._house.now(), self._owner, LEASE_MS)
        claimed = await asyncio.wrap_future(taking)
        if claimed is not None:
            await self._send(claimed.text, claimed.attempt)

    async def _send(self, text: Text, attempt: int) -> None:
        house = self._house
        await self._standing()
        try:
            message = await self._submit(text)
        except Exception as error:  # noqa: BLE001 - each has its outcome
            outcome = not_sent(text, attempt, house.now(), error)
        else:
            outcome = Outcome(text.id, attempt, house.now(), provider_id=message)
        _unheard(self._record(outcome))

    async def _standing(self) -> None:
        """Waits for a bind, BIND_S at most: what an earlier process left may be ready first."""
        if any(link.bound.is_set() for link in self.links):
            return
        waits = [asyncio.create_task(link.bound.wait()) for link in self.links]
        await asyncio.wait(waits, timeout=BIND_S, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _submit(self, text: Text) -> str:
        bound = [link for link in self.links if link.bound.is_set()] or self.links
        link = bound[sum(text.number.encode()) % len(bound)]  # a subscriber's texts by one bind
        return self._provider(await link.submit(text))

    def _provider(self, message: str) -> str:
        return f"{self.account.name}/{message}"

    def send(self, text: Text) -> str:
        """Sends one text, from the outbox's thread; a SendPort."""
        sending = asyncio.run_coroutine_threadsafe(self._submit(text), self._loop)
        try:
            return sending.result(ANSWER_S + PATIENCE_S + 5)
        except TimeoutError:
            sending.cancel()
            raise UncertainError("no_answer") from None

    def _receipt(self, receipt: Receipt) -> None:
        _unheard(
            self._house.ledger.note_receipt(
                self._provider(receipt.message_id), self._house.now(), receipt.state, receipt.error
            )
        )


class _Ready:
    """The link that brought a text, ready to send its reply (a dialog.host.Carrier)."""

    def __init__(self, owner: str) -> None:
        self._claim = Claim(owner=owner, lease_ms=LEASE_MS)
        self.text: Text | None = None  # the reply, once it is the link's

    def claim(self, text: Text) -> Claim | None:
        """Always: an unbound link tells the record so."""
        self.text = text
        return self._claim

    def release(self) -> None:
        """The reply was not committed."""
        self.text = None


def _settle(future: asyncio.Future[bool | None], value: bool | None) -> None:
    if not future.done():
        future.set_result(value)


def _unheard(written: object) -> None:
    """Nobody waits for this row: the next look mends what was not written."""


def desks(house: House, record: Record) -> list[SmppDesk]:
    """The desks of the settings."""
    return [
        SmppDesk(house, account, binds, record) for account, binds in accounts(house.settings.smpp)
    ]
