"""Watches the PBX over AMI (Asterisk Manager Interface): is it there, and does it take calls.

AMI opens before the PBX can take calls; only its event `FullyBooted` says so. The watcher logs in,
waits for that event, keeps the link alive and comes back by itself when the PBX restarts.

asterisk-ami 0.1.7 does the talking, with these cures: its reader ends after 3 s without traffic (a
ping each second), at an exception in a callback (callbacks are wrapped) and for ever at a bad
greeting (reported as a lost link); it sends without a lock, not always all, and lets a line break
into a value (checked, locked, sendall); who waits for an answer is not woken when the link ends
(own queues). Its AutoReconnect is not used: it starts only after a
first login, and logs in again on the socket whose reader has ended. Here each link is a client of
its own.
"""

import itertools
import logging
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from asterisk.ami import Action, AMIClient

State = Literal["lost", "booted"]
Fields = Mapping[str, str]

PING_S = 1.0
"""Seconds between pings; well under the 3 s of silence that end asterisk-ami's reader."""
ANSWER_S = 3.0
"""Seconds that the PBX has to answer an action."""
RETRY_S = 1.0
"""Seconds between two tries to reach a PBX that is away."""

_log = logging.getLogger(__name__)


class AmiError(Exception):
    """The PBX cannot be asked: away, login refused, action refused or no answer in time."""


@dataclass(frozen=True)
class Account:
    """Where AMI listens and who logs in there (a user of manager.conf with `read = system`)."""

    username: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038


class _Client(AMIClient):  # type: ignore[misc]  # asterisk-ami is untyped
    """One link: asterisk-ami's client, its sending and waiting made safe, its end always told."""

    def __init__(self, account: Account) -> None:
        super().__init__(address=account.host, port=account.port)
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting: dict[str, queue.SimpleQueue[Any]] = {}

    def ask(self, name: str, fields: Fields) -> Fields:
        """Sends an action and returns its answer's fields; `AmiError` when refused or none came."""
        own_id, answer = str(next(self._ids)), queue.SimpleQueue[Any]()
        self._waiting[own_id] = answer
        try:
            self.send(Action(name, {**fields, "ActionID": own_id}))
            response = None if self.ended.is_set() else answer.get(timeout=ANSWER_S)
        except queue.Empty:
            response = None
        finally:
            del self._waiting[own_id]
        if response is None:
            raise AmiError(f"no answer to {name}")
        if response.is_error():
            raise AmiError(f"{name} refused: {response.keys.get('Message', 'no reason given')}")
        keys: dict[str, str] = response.keys
        return keys

    def send(self, pack: object) -> None:
        """Sends one action whole, one thread at a time."""
        with self._lock:
            self._socket.sendall(f"{pack}\r\n".encode())

    def fire_recv_reponse(self, response: Any) -> None:  # spelt so by asterisk-ami
        """Hands an answer to the thread that waits for it."""
        if answer := self._waiting.get(response.keys.get("ActionID")):
            answer.put(response)

    def listen(self) -> None:
        """Reads until the link ends, for whatever reason, and says so."""
        try:
            super().listen()
        except Exception as error:  # noqa: BLE001 - a bad greeting raises a bare Exception
            _log.debug("AMI reader ended: %r", error)
        finally:
            self.ended.set()
            for answer in list(self._waiting.values()):
                answer.put(None)

    def disconnect(self) -> None:
        """Ends the link at once: a shutdown wakes the reader, a close alone would not."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            super().disconnect()
        self._socket.close()


class Watcher:
    """Keeps a link to the PBX on a thread of its own.

    `on_state` gets every change of state and `on_event` every AMI event (name, fields); both are
    called on the watcher's threads, and what they raise is logged and goes no further.

    >>> with Watcher(Account("hotline", secret)) as pbx:  # doctest: +SKIP
    ...     pbx.wait_booted(10)
    """

    def __init__(
        self,
        account: Account,
        on_state: Callable[[State], None] | None = None,
        on_event: Callable[[str, Fields], None] | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        self._account = account
        self._on_state = on_state
        self._on_event = on_event
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._state: State = "lost"
        self._client: _Client | None = None
        self._trouble = "not connected yet"
        self._thread = threading.Thread(target=self._run, name="ami-watcher", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> State:
        """`booted` while the PBX is there and takes calls, `lost` otherwise."""
        return self._state

    @property
    def trouble(self) -> str:
        """Why the PBX is lost, in one clause; empty while it is booted."""
        return "" if self._state == "booted" else self._trouble

    def start(self) -> None:
        """Begins to watch; returns at once, whether the PBX is there or not."""
        self._thread.start()

    def close(self) -> None:
        """Ends the link and the thread; may be called twice."""
        self._closing.set()
        if client := self._client:
            client.ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait_booted(self, timeout: float) -> bool:
        """Waits up to `timeout` seconds until the PBX takes calls; tells whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state == "booted", timeout)

    def send_action(self, name: str, **fields: str) -> Fields:
        """Asks the PBX to do something and returns the fields of its answer.

        Raises `ValueError` for a line break in a value, `AmiError` when the PBX is away, refuses
        or does not answer within `ANSWER_S`. The account in deploy/ may only watch.
        """
        for key, value in {"Action": name, **fields}.items():
            if any(mark in key + value for mark in "\r\n"):
                raise ValueError(f"a line break in the field {key!r} of an AMI action")
        client = self._client
        if client is None:
            raise AmiError("the PBX is not connected")
        return client.ask(name, fields)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._link()
                self._trouble = "the link ended"
            except (OSError, AmiError) as error:
                self._trouble = str(error)
            self._enter("lost")
            self._closing.wait(self._retry_s)

    def _link(self) -> None:
        """One link, from connecting to its end. Raises `OSError` or `AmiError` when it fails."""
        client = _Client(self._account)
        client.add_listener(on_event=self._event)
        try:
            client.connect()
            self._client = client
            name, secret = self._account.username, self._account.secret
            client.ask("Login", {"Username": name, "Secret": secret})
            self._trouble = "the PBX is still booting"
            while not self._closing.is_set() and not client.ended.wait(PING_S):
                client.ask("Ping", {})
        finally:
            self._client = None
            client.disconnect()

    def _event(self, event: Any, **_: object) -> None:
        if event.name == "FullyBooted":
            self._enter("booted")
        if self._on_event is not None:
            _guarded(self._on_event, event.name, event.keys)

    def _enter(self, state: State) -> None:
        with self._changed:
            if state == self._state:
                return
            self._state = state
            self._changed.notify_all()
        _log.info("PBX %s", state if state == "booted" else f"lost: {self._trouble}")
        if self._on_state is not None:
            _guarded(self._on_state, state)


def _guarded(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:  # noqa: BLE001 - the reader thread must outlive any callback
        _log.exception("a callback of the AMI watcher failed")
