"""What the jobs of one transaction share, and what a process remembers from one to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger import tallies
from ledger.rollups import COUNTS, VISITS, Key
from ledger.sums import Adder
from ledger.tallies import Line

_MOST = 50_000
"""Sessions and requests that are remembered; beyond it all of them are forgotten and looked up."""


class Memory:
    """What later facts of a session and of a request are counted by, so that none is looked up.

    Only what is in the record may be remembered: after a transaction that was undone, `forget`.
    """

    __slots__ = ("_lines", "_open", "counts", "visits")

    def __init__(self, process: int) -> None:
        self.counts, self.visits = Adder(COUNTS, process), Adder(VISITS, process)
        self._lines: dict[str, Line] = {}
        self._open: dict[str, Key] = {}

    def forget(self) -> None:
        """Forgets everything."""
        self.counts.forget()
        self.visits.forget()
        self._lines.clear()
        self._open.clear()

    def session(self, session: str, line: Line) -> None:
        """A session goes on."""
        if len(self._lines) >= _MOST:
            self._lines.clear()
        self._lines[session] = line

    def ended(self, session: str) -> None:
        """A session is over."""
        self._lines.pop(session, None)

    def line(self, connection: sqlite3.Connection, session: str) -> Line:
        """A session's line."""
        line = self._lines.get(session)
        if line is None:
            line = tallies.line_of(connection, session)
            if line is not tallies.NO_LINE:
                self.session(session, line)
        return line

    def request(self, request: str, counted: Key) -> None:
        """A request is open."""
        if len(self._open) >= _MOST:
            self._open.clear()
        self._open[request] = counted

    def opened(self, connection: sqlite3.Connection, request: str) -> Key | None:
        """What a request counted as at its opening; None without the request."""
        return self._open.pop(request, None) or tallies.opened_as(connection, request)


class Batch:
    """One transaction. What its jobs add to one sum is added once, at its end."""

    __slots__ = ("connection", "memory")

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self.connection, self.memory = connection, memory

    def count(self, counted: Key, n: int) -> None:
        """Adds to a count."""
        self.memory.counts.row(self.connection, counted)[-1] += n

    def visit(self, visited: Key, n: int, heard_ms: int) -> None:
        """Adds visits, and what was listened to in all."""
        row = self.memory.visits.row(self.connection, visited)
        row[-2] += n
        row[-1] += heard_ms

    def add_up(self) -> None:
        """Adds what the jobs counted to the roll-ups."""
        self.memory.counts.write(self.connection)
        self.memory.visits.write(self.connection)


Job = Callable[[Batch], Any]
