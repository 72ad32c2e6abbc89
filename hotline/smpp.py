"""SMPP links in the house: texts kept before they are answered, replies sent, receipts recorded."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from urllib.parse import parse_qs, urlsplit

from dialog.events import TextReceived
from dialog.host import Delivery, Reply
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

    # -- texts in ----------------------------------------------------------------------------

    async def _store(self, incoming: Incoming, bind: str) -> Callable[[], None]:
        ledger, at = self._house.ledger, self._house.now()
        standing = [link.bind for link in self.links if link.bound.is_set()]
        taken = ledger.inbox_take(self._row(incoming, bind, at), standing)
        kept: Kept = await asyncio.wrap_future(taken)
        if kept.rows:
            self._hand_on(kept.id, kept.rows)
        return lambda: _unheard(ledger.inbox_answered(kept.row))

    def _row(self, incoming: Incoming, bind: str, at: int) -> records.Inbox:
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
            vault.seal(json.dumps([incoming.source, incoming.destination, incoming.text])),
        )

    def _hand_on(self, key: str, rows: tuple[records.Inbox, ...]) -> None:
        """Gives a text to the house; its rows are done when its delivery is in the record."""
        house = self._house
        opened = {row.n: json.loads(house.vault.open(row.payload)) for row in rows}
        source, destination, _ = next(iter(opened.values()))
        text = "".join(opened[n][2] if n in opened else GAP for n in range(1, rows[0].total + 1))
        origin = Origin(
            TEXT,
            national(destination),
            national(source),
            house.settings.smpp_identity,
            self.account.name,
        )
        event = TextReceived(house.now(), text, received=rows[0].at)
        context = context_of(destination)
        delivery = Delivery(f"{self.account.name}:{key}", "", origin, event, context)
        ids = [row.id for row in rows]

        def on_reply(reply: Reply | Exception) -> None:
            if isinstance(reply, Exception):
                if isinstance(reply, Illegal):  # the dialogue it belonged to is over: it was taken
                    _unheard(house.ledger.inbox_done(ids))
                else:
                    log.warning("smpp %s: a text waits: %s", self.account.name, trail(reply))
                return
            _unheard(house.ledger.inbox_done(ids))
            if reply.text and not isinstance(reply.then, Perform):
                asyncio.run_coroutine_threadsafe(self._carry(delivery.key), self._loop)

        house.runner.deliver(delivery, on_reply)

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

    async def _carry(self, inbound: str) -> None:
        """The reply leaves by the link that brought the text, as soon as that is bound."""
        house = self._house
        await self._standing()
        claimed = await asyncio.wrap_future(
            house.ledger.outbox_take(inbound, house.now(), self._owner, LEASE_MS)
        )
        if claimed is None:
            return
        try:
            message = await self._submit(claimed.text)
        except Exception as error:  # noqa: BLE001 - each has its outcome
            outcome = not_sent(claimed, house.now(), error)
        else:
            outcome = Outcome(claimed.text.id, claimed.attempt, house.now(), provider_id=message)
        await asyncio.wrap_future(self._record(outcome))

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


def _unheard(written: object) -> None:
    """Nobody waits for this row: the next look mends what was not written."""


def desks(house: House, record: Record) -> list[SmppDesk]:
    """The desks of the settings."""
    return [
        SmppDesk(house, account, binds, record) for account, binds in accounts(house.settings.smpp)
    ]
