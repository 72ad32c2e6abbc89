"""What the jobs of one transaction share, and what a process remembers from one to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from ledger import tallies
from ledger.rollups import COUNTS, VISITS, Adder
from ledger.tallies import Counted, Line, Visited

_MOST = 50_000
"""Sessions and requests that are remembered; beyond it all of them are forgotten and looked up."""
_NONE = (0, 0)


class Memory:
    """What later facts of a session and of a request are counted by, so that none is looked up.

    Only what is in the record may be remembered: after a transaction that was undone, `forget`.
    """

    __slots__ = ("_lines", "_open", "adder")

    def __init__(self, writer: int) -> None:
        self.adder = Adder(writer)
        self._lines: dict[str, Line] = {}
        self._open: dict[str, Counted] = {}

    def forget(self) -> None:
        """Forgets everything."""
        self.adder.forget()
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

    def request(self, request: str, counted: Counted) -> None:
        """A request is open."""
        if len(self._open) >= _MOST:
            self._open.clear()
        self._open[request] = counted

    def opened(self, connection: sqlite3.Connection, request: str) -> Counted | None:
        """What a request counted as at its opening; None without the request."""
        return self._open.pop(request, None) or tallies.opened_as(connection, request)


class Batch:
    """One transaction. What its jobs add to one sum is added once, at its end."""

    __slots__ = ("connection", "counts", "memory", "visits")

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self.connection, self.memory = connection, memory
        self.counts: dict[Counted, tuple[int]] = {}
        self.visits: dict[Visited, tuple[int, int]] = {}

    def count(self, counted: Counted, n: int) -> None:
        """Adds to a count."""
        there = self.counts.get(counted)
        self.counts[counted] = (n,) if there is None else (there[0] + n,)

    def visit(self, visited: Visited, heard_ms: int) -> None:
        """Adds a visit; a channel that can't tell what was heard (below 0) says none of it."""
        n, heard = self.visits.get(visited, _NONE)
        self.visits[visited] = n + 1, heard + heard_ms if heard_ms > 0 else heard

    def add_up(self) -> None:
        """Adds what the jobs counted to the roll-ups."""
        adder = self.memory.adder
        adder.add(self.connection, COUNTS, self.counts)
        adder.add(self.connection, VISITS, self.visits)


Job = Callable[[Batch], Any]
