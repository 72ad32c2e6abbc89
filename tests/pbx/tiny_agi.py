"""A tiny FastAGI server over the project's codec: proves the rig, and the codec on real bytes."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from ivr import agi


class Line:
    """One call, seen by its script: ask a command, get its reply; the hang-up is noted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = agi.Decoder()
        self._events: list[agi.Event] = []
        self.environment = agi.Environment({})
        self.hung_up = False

    async def event(self) -> agi.Event:
        """The next thing that the PBX says. Raises `ConnectionError` when it closes."""
        while not self._events:
            data = await self._reader.read(4096)
            if not data:
                raise ConnectionError("the PBX closed the connection")
            self._events += self._decoder.feed(data)
        return self._events.pop(0)

    async def ask(self, command: bytes) -> agi.Reply:
        """Sends a command and returns its reply."""
        self._writer.write(command)
        while True:
            event = await self.event()
            if isinstance(event, agi.Reply):
                return event
            assert isinstance(event, agi.HangupNotice | agi.Trying), event
            self.hung_up |= isinstance(event, agi.HangupNotice)

    async def wait_hangup(self) -> None:
        """Waits for the PBX's notice that the caller is gone."""
        while not self.hung_up:
            self.hung_up = isinstance(await self.event(), agi.HangupNotice)


Script = Callable[[Line], Awaitable[Any]]


class TinyAgi:
    """Serves `script` on a free port; `result` is what it returned for a caller."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._results: defaultdict[str, Future[Any]] = defaultdict(Future)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def result(self, caller: str, timeout: float = 30) -> Any:
        """Waits for what the script returned to this caller; raises what it raised."""
        return self._results[caller].result(timeout)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        opening = await line.event()
        assert isinstance(opening, agi.Environment), opening
        line.environment = opening
        result = self._results[opening.get("callerid")]
        try:
            result.set_result(await self._script(line))
        except Exception as error:  # noqa: BLE001 - handed to the test that waits for the result
            result.set_exception(error)
        finally:
            writer.close()
