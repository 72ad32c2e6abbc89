"""The FastAGI server: Asterisk opens one TCP connection a call, this carries it.

asyncio protocols, no task and no lock a call: a line sends one command, and its answer or the
house's reply drives it on. The house may answer from any thread.
"""

import asyncio
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

from dialog.host import Delivery, Host, Reply
from dialog.session import CLAIMED
from ivr import agi
from ivr.origin import CALL_ID, origin_of
from ivr.sounds import Sounds
from ivr.voice import Await, Call, Command, Gone, House, Steps

PORT = 4573
"""FastAGI's registered port."""
OPENING_S = 5.0
"""Seconds in which the PBX must have sent the environment."""
_WATCH_S = 1.0
_BACKLOG = 1024

_log = logging.getLogger(__name__)


def utc_ms() -> int:
    """Now, UTC milliseconds."""
    return time.time_ns() // 1_000_000


class FastAgiServer:
    """Serves calls on one address, or on a `bound` socket that other processes may share.

    `sounds` is the site's prompts folder. `apology` are clips in it, played when the house fails.
    A call over `most_calls` is refused at once: the dialplan then apologises. `link` and
    `identity` hold where the dialplan states none.

    Raises ValueError when Asterisk could not play from `sounds`.
    """

    def __init__(
        self,
        host_: Host,
        sounds: Path,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        bound: socket.socket | None = None,
        link: str = "asterisk",
        identity: str = CLAIMED,
        apology: tuple[str, ...] = (),
        most_calls: int = 10_000,
        now: Callable[[], int] = utc_ms,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.house = House(host_, Sounds(sounds), now, clock, apology)
        self.link, self.identity = link, identity
        self._address, self._bound = (host, port), bound
        self._most = most_calls
        self._lines: set[_Line] = set()
        self._empty = asyncio.Event()
        self._replies: deque[tuple[_Line, int, Reply | Exception]] = deque()
        self._woken = False
        self._thread = 0
        self.loop: asyncio.AbstractEventLoop
        self._server: asyncio.Server | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._refused = 0

    async def start(self) -> int:
        """Listens; the port that it got. Raises OSError when the address is taken."""
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        sock = self._bound or socket.create_server(self._address)
        self._server = await self.loop.create_server(
            lambda: _Line(self), sock=sock, backlog=_BACKLOG
        )
        self._watching()
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self, drain_s: float = 10.0) -> None:
        """Takes no more calls, lets those there end for `drain_s` seconds, then gives them up.

        A call that is given up goes on in the dialplan, which apologises and looks for an agent.
        """
        if self._server is None:
            return
        self._server.close()
        if self._lines:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), drain_s)
            except TimeoutError:
                for line in tuple(self._lines):
                    line.give_up("hotline")
        await self._server.wait_closed()
        if self._watch:
            self._watch.cancel()

    @property
    def calls(self) -> int:
        """Calls on the line now."""
        return len(self._lines)

    # -- lines -------------------------------------------------------------------------------

    def admit(self, line: "_Line") -> bool:
        """Takes a new line in, unless the server is full."""
        if len(self._lines) >= self._most:
            self._refused += 1  # told once a second: a line each would make it worse
            return False
        self._lines.add(line)
        return True

    def discard(self, line: "_Line") -> None:
        """The line has ended."""
        self._lines.discard(line)
        if not self._lines:
            self._empty.set()

    def _watching(self) -> None:
        """Once a second: closes lines whose peer has been silent for too long."""
        now = self.loop.time()
        for line in [line for line in self._lines if line.deadline < now]:
            _log.warning("%s: the PBX has been silent too long; closed", line)
            line.give_up("network")
        if self._refused:
            _log.warning("%d calls refused: %d on the line", self._refused, len(self._lines))
            self._refused = 0
        self._watch = self.loop.call_later(_WATCH_S, self._watching)

    # -- replies from any thread ---------------------------------------------------------------

    def post(self, line: "_Line", n: int, reply: Reply | Exception) -> None:
        """A reply to the line's n-th delivery. Many that come together wake the loop once."""
        if threading.get_ident() == self._thread:
            line.replied(n, reply)
            return
        self._replies.append((line, n, reply))
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._hand_out)
            except RuntimeError:  # the loop is closed: nobody waits for it any more
                _log.debug("a reply came after the end")

    def _hand_out(self) -> None:
        self._woken = False  # before the deque is emptied, so that no reply is left lying
        while self._replies:
            line, n, reply = self._replies.popleft()
            line.replied(n, reply)


class _Line(asyncio.Protocol):
    """One connection: drives the steps of one call."""

    __slots__ = (
        "_asked",
        "_call",
        "_decoder",
        "_delivered",
        "_inbox",
        "_owed",
        "_server",
        "_steps",
        "_timer",
        "_transport",
        "deadline",
    )

    def __init__(self, server: FastAgiServer) -> None:
        self._server = server
        self._decoder = agi.Decoder()
        self._transport: asyncio.Transport | None = None
        self._call: Call | None = None
        self._steps: Steps | None = None  # None before the environment and after the end
        self._owed = False  # the PBX owes the answer to a command
        self._asked = False  # the call waits for the house
        self._inbox: deque[Reply | Exception] = deque()
        self._delivered = 0
        self._timer: asyncio.TimerHandle | None = None
        self.deadline = 0.0

    def __str__(self) -> str:
        return str(self._call) if self._call else "a call without an environment"

    # -- from the network --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asterisk is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.deadline = self._server.loop.time() + OPENING_S
        if not self._server.admit(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Lines of AGI, cut anywhere."""
        events = self._decoder.feed(data)
        for event in events:
            if isinstance(event, agi.Reply):
                # A -1 that the hang-up follows at once needs no question after the line's state.
                if event.result != "-1" or agi.HangupNotice() not in events:
                    self._answered(event)
            elif isinstance(event, agi.Environment):
                self._begin(event)
            elif isinstance(event, agi.HangupNotice):
                self._lost("caller")
            elif isinstance(event, agi.Malformed):
                self._broken(event.reason)
                return

    def connection_lost(self, exc: Exception | None) -> None:
        """Asterisk, or this side, has closed."""
        del exc
        self._lost("network")
        self._server.discard(self)

    def _begin(self, environment: agi.Environment) -> None:
        call_id = environment.get("uniqueid")
        if not CALL_ID.fullmatch(call_id):
            self._broken("no agi_uniqueid that can name a call")
            return
        origin = origin_of(environment, self._server.link, self._server.identity)
        self._call = Call(self._server.house, origin, call_id)
        self._steps = self._call.run()
        self._advance()

    def _answered(self, reply: agi.Reply) -> None:
        if not self._owed:
            # After the end, the answer to a command that a hang-up overtook.
            if self._steps is not None:
                self._broken("an answer to no command")
            return
        self._owed = False
        self._advance(reply)

    def _broken(self, reason: str) -> None:
        _log.warning("%s: %s; closed", self, reason)
        self.give_up("network")

    # -- from the house ----------------------------------------------------------------------

    def replied(self, n: int, reply: Reply | Exception) -> None:
        """The house's reply to the n-th delivery; one that nobody waits for is dropped."""
        if n != self._delivered or self._steps is None:
            return
        self._inbox.append(reply)
        if self._asked:
            self._settle()
            self._advance(self._inbox.popleft())

    def _waited(self) -> None:
        self._asked, self._timer = False, None
        self._advance(None)

    def _settle(self) -> None:
        self._asked = False
        if self._timer:
            self._timer.cancel()
            self._timer = None

    # -- the call ----------------------------------------------------------------------------

    def give_up(self, by: str) -> None:
        """Ends the call from this side, and the connection."""
        self._lost(by)
        if self._transport:
            self._transport.close()

    def _lost(self, by: str) -> None:
        self._settle()
        self._owed = False
        if self._steps is not None:
            self._advance(Gone(by))

    def _advance(self, value: agi.Reply | Reply | Exception | None = None) -> None:
        """Runs the call until it waits for the PBX or the house."""
        steps = self._steps
        assert steps is not None
        assert self._transport is not None
        try:
            while True:
                step = steps.throw(value) if isinstance(value, Gone) else steps.send(value)
                value = None
                if isinstance(step, Command):
                    self._owed = True
                    self.deadline = self._server.loop.time() + step.seconds
                    self._transport.write(step.line)
                    return
                if isinstance(step, Delivery):
                    self._deliver(step)
                elif self._inbox:
                    value = self._inbox.popleft()
                elif step.seconds:
                    self._wait(step)
                    return
        except StopIteration:
            self._steps = None
            self._transport.close()

    def _deliver(self, delivery: Delivery) -> None:
        self._delivered += 1
        self._inbox.clear()
        try:
            self._server.house.host.deliver(
                delivery, partial(self._server.post, self, self._delivered)
            )
        except Exception as error:  # noqa: BLE001 - refused: the call apologises
            self._inbox.append(error)

    def _wait(self, step: Await) -> None:
        self._asked = True
        self.deadline = float("inf")
        self._timer = self._server.loop.call_later(step.seconds, self._waited)
