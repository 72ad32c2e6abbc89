"""One SMPP 3.4 link: a transceiver's bind, texts in and out, receipts.

aiosmpplib keeps the session (bind, reconnect, enquire_link, framing); what its messages say is read
and written in `pdu`. A deliver_sm is answered when its text is stored, and later ones are read
meanwhile; one that could not be stored is answered with ESME_RX_T_APPN, so that the SMSC brings it
again. A throttled submit_sm is repeated before anything else is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from aiosmpplib import ESME, PhoneNumber, SubmitSm
from aiosmpplib.correlator import SimpleCorrelator
from aiosmpplib.hook import AbstractHook
from aiosmpplib.protocol import DeliverSmResp, GenericNack, SmppMessage, SubmitSmResp
from aiosmpplib.retrytimer import SimpleExponentialBackoff
from aiosmpplib.state import NPI, TON, SmppCommand, SmppCommandStatus

from sms_commands.context import FROM, said
from sms_commands.numbers import international
from sms_commands.pdu import BadPdu, Incoming, Outgoing, Receipt, deliver_sm, submits
from sms_commands.sender import PermanentError, SendError, TemporaryError, Text, UncertainError

log = logging.getLogger("hotline.smpp")

HEADER = 16
"""Octets of a PDU before its body."""

ANSWER_S = 20.0
"""How long an SMSC may take to answer a submit_sm."""
THROTTLED_S = 1.0
PATIENCE_S = 25.0
"""How long a throttled text is repeated here before the outbox takes it back."""
WINDOW = 32
"""Unanswered submit_sm's at once."""

_BUSY = frozenset((SmppCommandStatus.ESME_RTHROTTLED, SmppCommandStatus.ESME_RMSGQFUL))
_HOURLY = frozenset(
    (
        SmppCommandStatus.ESME_RSYSERR,
        SmppCommandStatus.ESME_RINVBNDSTS,
        SmppCommandStatus.ESME_RSUBMITFAIL,
    )
)
"""Refusals that have to do with the hour, not with the text."""


class Account(NamedTuple):
    """An SMSC and who we are there. `name` is the link's, for ever: keys and receipts hold it."""

    name: str
    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    default: str = "gsm7"  # the alphabet of data_coding 0: gsm7 | latin1


Store = Callable[[Incoming, str], Awaitable[Callable[[], None]]]
"""Stores a text that came in a bind session; done when it is durable. Gives what is to be called
once the SMSC has been answered."""


class Link:
    """A link that binds, and binds again, until it is stopped. Everything runs on one loop."""

    def __init__(
        self, account: Account, store: Store, receipt: Callable[[Receipt], None], session: str
    ) -> None:
        self.account, self._store, self._receipt = account, store, receipt
        self._session, self._binds = session, count(1)
        self.bind = ""  # the session that stands, or stood last
        self._refs = count()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._quiet_until = 0.0  # the SMSC is throttling
        self._window = asyncio.Semaphore(WINDOW)
        self._owed: dict[int, asyncio.Future[SmppMessage]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.bound = asyncio.Event()
        self._esme = _Esme(self)
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Binds in the background."""
        self._running = asyncio.create_task(self._esme.start(), name=f"smpp {self.account.name}")

    async def close(self) -> None:
        """Unbinds."""
        for task in tuple(self._tasks):
            await asyncio.wait((task,), timeout=5)
        if self._running is not None:
            await self._esme.stop()
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    # -- texts out ---------------------------------------------------------------------------

    async def submit(self, text: Text) -> str:
        """Sends a text; the SMSC's id of its last part.

        Raises TemporaryError (surely not taken), PermanentError, UncertainError.
        """
        parts = submits(text.text, next(self._refs) & 0xFF)
        message_id = ""
        line = self._lines.get(text.number) or asyncio.Lock()
        self._lines[text.number] = line
        async with line, self._window:  # a subscriber's texts keep their order
            for n, part in enumerate(parts):
                try:
                    message_id = await self._part(text, part, last=n == len(parts) - 1)
                except TemporaryError as error:
                    if n:  # the handset would join a part that comes again with nothing
                        raise UncertainError(str(error)) from None
                    raise
        return message_id

    async def _part(self, text: Text, part: Outgoing, *, last: bool) -> str:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while True:
            while (wait := self._quiet_until - loop.time()) > 0:
                await asyncio.sleep(wait)
            answer = await self._asked(_submit_sm(text, part, receipt=last))
            status = answer.command_status
            if status == SmppCommandStatus.ESME_ROK and isinstance(answer, SubmitSmResp):
                return str(answer.message_id)
            if status not in _BUSY:
                raise _refusal(status)
            if loop.time() > end:
                raise TemporaryError("smpp_throttled")
            self._quiet_until = loop.time() + THROTTLED_S

    async def _asked(self, message: SubmitSm) -> SmppMessage:
        if not self.bound.is_set():
            raise TemporaryError("not_bound")
        try:
            owed = await self._esme.ask(message)
        except ValueError as error:  # it can't be put into a PDU
            raise PermanentError(type(error).__name__) from None
        except OSError:
            raise UncertainError("connection_lost") from None
        try:
            return await asyncio.wait_for(owed, ANSWER_S)
        except (TimeoutError, ConnectionError):
            raise UncertainError("no_answer") from None

    def owe(self, sequence: int, owed: asyncio.Future[SmppMessage]) -> None:
        """A request is about to leave; its answer will be handed to `owed`."""
        self._owed[sequence] = owed
        owed.add_done_callback(lambda _: self._owed.pop(sequence, None))

    def answered(self, answer: SmppMessage) -> None:
        """The SMSC answered a request."""
        owed = self._owed.get(answer.sequence_num)
        if owed is not None and not owed.done():
            owed.set_result(answer)

    def lost(self) -> None:
        """The connection is gone: what was sent and not answered may have been taken."""
        self.bound.clear()
        for owed in tuple(self._owed.values()):
            if not owed.done():
                owed.set_exception(ConnectionError())

    # -- texts in ----------------------------------------------------------------------------

    def begin(self) -> None:
        """A bind stands."""
        self.bind = f"{self._session}.{next(self._binds)}"
        self.bound.set()

    def brought(self, body: bytes, sequence: int) -> None:
        """Takes a deliver_sm; it is answered when what it brought is stored."""
        task = asyncio.create_task(self._take(body, sequence, self.bind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, body: bytes, sequence: int, bind: str) -> None:
        status, after = SmppCommandStatus.ESME_ROK, _nothing
        try:
            found = deliver_sm(body, default=self.account.default)
            if isinstance(found, Incoming):
                after = await self._store(found, bind)
            elif found is not None:
                self._receipt(found)
        except BadPdu as bad:
            log.warning("smpp %s: %s", self.account.name, bad)
            status = SmppCommandStatus.ESME_RX_P_APPN
        except Exception as error:  # noqa: BLE001 - not stored, so the SMSC must keep it
            log.error("smpp %s: a text was not stored: %s", self.account.name, type(error).__name__)
            status = SmppCommandStatus.ESME_RX_T_APPN
        if bind == self.bind and await self._esme.answer(DeliverSmResp(sequence, status)):
            after()


def _nothing() -> None:
    return None


def _submit_sm(text: Text, part: Outgoing, *, receipt: bool) -> SubmitSm:
    number = international(text.number)
    ton = TON.INTERNATIONAL if number.startswith("+") else TON.UNKNOWN
    message = SubmitSm(
        short_message=text.text,
        source=PhoneNumber(said(text.reply_context, FROM) or text.called, TON.UNKNOWN, NPI.ISDN),
        destination=PhoneNumber(number.lstrip("+"), ton, NPI.ISDN),
        esm_class=part.esm_class,
        registered_delivery=int(receipt),
        encoding="ucs2" if part.data_coding else None,
        log_id=text.id,
    )
    message.set_encoded_message(part.data)
    return message


def _refusal(status: SmppCommandStatus) -> SendError:
    word = f"smpp_{status.value:x}"
    return TemporaryError(word) if status in _HOURLY else PermanentError(word)


class _Correlator(SimpleCorrelator):
    """Remembers nothing: answers are matched by the link, receipts by the record."""

    async def put(self, smpp_message: SmppMessage) -> None:
        del smpp_message

    async def get(self, response: SmppMessage) -> SmppMessage | None:
        return response


class _Hook(AbstractHook):
    """Nothing of a message is logged, and nothing here can raise: that would end the session."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.asking: dict[int, asyncio.Future[SmppMessage]] = {}  # by the message's identity

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        del pdu, client_id
        owed = self.asking.pop(id(smpp_message), None)
        if owed is not None:  # its answer may come before the sending returns
            self._link.owe(smpp_message.sequence_num, owed)

    async def received(
        self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str
    ) -> None: ...

    async def send_error(
        self, smpp_message: SmppMessage, error: Exception, client_id: str
    ) -> None: ...


class _Esme(ESME):
    """The session. Uses `_send_data`, `_handle_request` and `_handle_response` of the pinned 0.7.4:

    its own hooks see a long text only when its parts were answered, hold up the reader while a text
    is stored, and end the session at a receipt of unusual form.
    """

    def __init__(self, link: Link) -> None:
        account, self._asks = link.account, _Hook(link)
        super().__init__(
            account.host,
            account.port,
            account.system_id,
            account.password,
            account.system_type,
            enquire_link_interval=30.0,
            log_level=logging.CRITICAL,
            hook=self._asks,
            correlator=_Correlator(account.system_id),
            retry_timer=SimpleExponentialBackoff(500, 5),
        )
        self._link = link

    async def connect(self) -> None:
        """Binds; the link hears of it when it stands and, later, when it is gone."""
        self._link.lost()
        try:
            await super().connect()
        except Exception as error:
            log.warning("smpp %s: no bind: %s", self._link.account.name, type(error).__name__)
            raise
        self._link.begin()

    async def ask(self, message: SubmitSm) -> asyncio.Future[SmppMessage]:
        """Sends a request; the future of its answer."""
        owed: asyncio.Future[SmppMessage] = asyncio.get_running_loop().create_future()
        self._asks.asking[id(message)] = owed
        try:
            await self._send_data(message)
        finally:
            self._asks.asking.pop(id(message), None)
        return owed

    async def answer(self, message: DeliverSmResp) -> bool:
        """Answers a request; False when the connection is gone."""
        try:
            await self._send_data(message)
        except (OSError, AssertionError):
            return False
        return True

    async def _handle_request(self, pdu: bytes, header: Any) -> SmppMessage | None:
        if header.smpp_command != SmppCommand.DELIVER_SM:
            return await super()._handle_request(pdu, header)
        self._link.brought(pdu[HEADER:], header.sequence_num)
        return None  # answered later, by the link

    async def _handle_response(self, pdu: bytes, header: Any) -> SmppMessage | None:
        kind = {
            SmppCommand.SUBMIT_SM_RESP: SubmitSmResp,
            SmppCommand.GENERIC_NACK: GenericNack,
        }.get(header.smpp_command)
        if kind is None:
            return None  # enquire_link_resp and unbind_resp: that they came is all
        self._link.answered(kind.from_pdu(pdu, header))
        return None

    async def _receive_data(self) -> bytes | None:
        try:
            last: bytes | None = await super()._receive_data()
            return last
        finally:
            self._link.lost()
