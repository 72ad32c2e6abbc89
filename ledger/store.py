"""The file: its connections and its writer."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from ledger import commits
from ledger.batch import Batch
from ledger.records import Commit, LedgerError, Row
from ledger.schema import migrate
from ledger.writer import Writer
from ledger.zone import Zone

T = TypeVar("T")

_BUSY_S = 30.0
"""How long a process waits for another's transaction before it gives up."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk before anyone hears of it
    "PRAGMA secure_delete = ON",  # a number that was cleared is not left in a free page
    "PRAGMA cache_size = -2048",  # KiB; a commit may look through all of it (docs/adr/0030)
    "PRAGMA temp_store = MEMORY",
)


class Store:
    """An open record: one writing thread, one reading connection for each thread that reads."""

    def __init__(self, path: Path, zone: str) -> None:
        self.path = path
        self.zone = Zone(zone)
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # full numbers: nobody's but the owner's
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        connection = _connect(path)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            migrate(connection)
        except sqlite3.Error as fault:
            connection.close()
            raise LedgerError(f"{path} cannot be opened as the record: {fault}") from fault
        except BaseException:
            connection.close()
            raise
        self._writer = Writer(connection, path.with_name(f"{path.name}-turn"))
        self._mine = threading.local()

    @classmethod
    def open(cls, path: Path | str, zone: str = "Asia/Shanghai") -> Self:
        """Opens or creates the record; `zone` (IANA) gives rows their local day and hour.

        Raises LedgerError when the file is no record or a newer release wrote it.
        """
        return cls(Path(path), zone)

    def close(self) -> None:
        """Writes what is queued and ends the writer.

        Reading connections end with their threads: closing one under a thread that reads from it
        would take the process down.
        """
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, commit: Commit, told: Callable[[Exception | None], None]) -> None:
        """Writes a step: all of it, durably, or nothing; then `told` gets None.

        Or what was wrong: Conflict (the session's turn moved on, or it exists), Duplicate
        (delivery, dialogue or open text line exists), BadRow, or LedgerError (disk). `told` runs
        on the writer's thread: it must be quick and must not wait for a write.
        """
        self._writer.submit(partial(commits.apply, commit=commit, zone=self.zone), told)

    def write(self, commit: Commit) -> Future[None]:
        """The same for those who wait: a future, which can't be cancelled."""
        return self._submit(partial(commits.apply, commit=commit, zone=self.zone))

    def append(self, rows: Sequence[Row]) -> Future[None]:
        """Writes rows that belong to no step, together or not at all; errors as in `commit`."""
        return self._submit(partial(commits.append, rows=tuple(rows), zone=self.zone))

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What this thread reads within is all of one moment; for reads only, none that writes."""
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    def _submit(self, job: Callable[[Batch], T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def told(result: Any) -> None:
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

        self._writer.submit(job, told)
        return future

    def _read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._reader().execute(sql, values).fetchall()

    def _first(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._reader().execute(sql, values).fetchone()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            connection.execute("PRAGMA query_only = ON")
            self._mine.connection = connection
        return connection


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=_BUSY_S,
        isolation_level=None,  # transactions are begun by hand
        check_same_thread=False,  # opened by one thread, closed by another
        cached_statements=256,
    )
