"""The inbox: texts of links that want their answer at once, kept until their delivery is recorded.

One that is taken at once is written with its step instead (records.Brought). Which of two equal
texts is new: inbox_rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from ledger import records as r
from ledger.batch import Batch
from ledger.commits import append
from ledger.inbox_rows import DONE, first_coming
from ledger.store import Store

JOINED_MS = 3600 * 1000
"""How far apart the parts of one text may come: references are used again and again."""

_FIELDS = ", ".join(r.Inbox._fields)
_SAME_BIND = "UPDATE inbox SET bind = ? WHERE id = ?"
_PARTS = f"SELECT {_FIELDS} FROM inbox WHERE line = ? AND at >= ? AND open = 1 ORDER BY n, at"  # noqa: S608
_ONE = f"SELECT {_FIELDS} FROM inbox WHERE id = ? AND open = 1"  # noqa: S608
_WAITING = f"SELECT {_FIELDS} FROM inbox WHERE open = 1 AND at <= ? ORDER BY at, id LIMIT ?"  # noqa: S608
_ANSWERED = "UPDATE inbox SET answered = 1 WHERE id = ?"


class Kept(NamedTuple):
    """A text in the inbox: its id for ever, and the rows that make it, in order.

    `rows` is empty while parts are missing, and when the text was worked on before.
    """

    id: str
    row: str  # the row that has just been brought
    rows: tuple[r.Inbox, ...]


class InboxRows(Store):
    """What waits in the inbox. The writes' futures resolve when durable."""

    def inbox_take(self, row: r.Inbox, standing: Collection[str] = ()) -> Future[Kept]:
        """Keeps a text or a part, once. `standing` are the link's sessions that are not over."""

        def job(batch: Batch) -> Kept:
            execute = batch.connection.execute
            known = first_coming(batch.connection, row, standing)
            mine = known or row.id
            if known:
                execute(_SAME_BIND, (row.bind, mine))
            else:
                append(batch, [row], self.zone)
            if not row.line:
                return Kept(mine, mine, tuple(r.Inbox(*one) for one in execute(_ONE, (mine,))))
            return _joined(mine, [r.Inbox(*one) for one in execute(_PARTS, _since(row))])

        return self._submit(job)

    def inbox_answered(self, row: str) -> Future[None]:
        """The link was told that the text is kept: it will not bring it again."""
        return self._mark(_ANSWERED, (row,))

    def inbox_done(self, rows: Sequence[str]) -> Future[None]:
        """The text's delivery is in the record: what it said is cleared here."""
        return self._mark(DONE, rows)

    def inbox_waiting(self, before: int, limit: int = 200) -> list[r.Inbox]:
        """Rows that came before that time (UTC ms) and are not done, oldest first."""
        return [r.Inbox(*row) for row in self._read(_WAITING, (before, limit))]

    def _mark(self, sql: str, rows: Sequence[str]) -> Future[None]:
        def job(batch: Batch) -> None:
            batch.connection.executemany(sql, [(row,) for row in rows])

        return self._submit(job)


def _since(row: r.Inbox) -> tuple[str, int]:
    return row.line, row.at - JOINED_MS


def _joined(mine: str, rows: list[r.Inbox]) -> Kept:
    parts = {row.n: row for row in rows}  # of one that came twice the later
    whole = bool(rows) and len(parts) == rows[0].total
    made = tuple(parts[n] for n in sorted(parts)) if whole else ()
    return Kept(min((row.id for row in rows), default=mine), mine, made)
