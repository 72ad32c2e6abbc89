"""Group commit: one writer thread a process puts all that is queued into one transaction.

The thread takes what is there: alone a job costs one sync of the disk, under load many share it.
After a group it lets GATHER_S pass, so that the next one is as large; a job that came alone, or a
full group that left more behind, is followed by no pause.

A job is a function of a Batch. It checks before it writes: one that raises without having changed
anything is simply answered. One that raises after a change makes the whole batch be rolled back
and done again with a savepoint round each job, so that a bad one never spoils the rest; savepoints
copy every page they touch, which is why they are not the rule.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ledger.batch import Batch, Job, Memory
from ledger.records import BadRow, LedgerError

log = logging.getLogger(__name__)

BATCH = 500
GATHER_S = 0.002
"""Seconds between two groups: a sync and the changes of thread cost the same for two as for fifty.
Nobody on a line hears them (docs/adr/0013)."""

Told = Callable[[Any], None]


class _Queued(NamedTuple):
    job: Job
    told: Told


class _Spoilt(Exception):
    """A job failed after it had changed something."""


class Writer:
    """Owns the connection that writes.

    Processes take turns by a lock on the file `turn`: the kernel wakes the one that waits, where
    SQLite's own waiting would look again at growing intervals while a busy process goes on.
    """

    def __init__(self, connection: sqlite3.Connection, turn: Path) -> None:
        self._connection = connection
        self._turn = os.open(turn, os.O_CREAT | os.O_RDWR, 0o600)
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._memory = Memory(os.getpid())
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job, told: Told) -> None:
        """Queues a job; `told` gets its result when its transaction is on the disk, or its error.

        It runs on the writer thread, outside the transaction: it must be quick and must not wait
        for another job. Raises LedgerError after close.
        """
        with self._lock:  # nothing may be queued behind the closing mark
            if self._closed:
                raise LedgerError("the record is closed")
            self._queue.put(_Queued(job, told))

    def close(self) -> None:
        """Writes what is queued, then ends the thread and closes the connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            batch: list[_Queued] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            going = item is not None
            if batch:
                self._commit(batch)
            if going and 1 < len(batch) < BATCH:
                time.sleep(GATHER_S)
        self._connection.close()
        os.close(self._turn)

    def _commit(self, batch: list[_Queued]) -> None:
        try:
            try:
                results = self._transact(batch, _bare)
            except _Spoilt:
                results = self._transact(batch, _guarded)
        except BaseException as fault:  # noqa: BLE001 (a full disk, a bug: the callers must hear it)
            error = LedgerError(f"the record could not be written: {fault}")
            error.__cause__ = fault
            results = [error] * len(batch)
        for (_, told), result in zip(batch, results, strict=True):
            try:
                told(result)
            except Exception as fault:  # noqa: BLE001 - one that fails must not stop the others
                log.error("a commit was not taken note of: %s", type(fault).__name__)

    def _transact(self, batch: list[_Queued], run: Callable[[Batch, Job], Any]) -> list[Any]:
        connection = self._connection
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            connection.execute("BEGIN IMMEDIATE")
            shared = Batch(connection, self._memory)
            results = [run(shared, item.job) for item in batch]
            shared.add_up()
            connection.execute("COMMIT")
        except BaseException:
            self._memory.forget()
            if connection.in_transaction:  # SQLite may have rolled back by itself
                connection.execute("ROLLBACK")
            raise
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)
        return results


def _bare(batch: Batch, job: Job) -> Any:
    before = batch.connection.total_changes
    try:
        return job(batch)
    except Exception as fault:
        if batch.connection.total_changes != before or not batch.connection.in_transaction:
            raise _Spoilt from fault
        return _named(fault)


def _guarded(batch: Batch, job: Job) -> Any:
    connection = batch.connection
    connection.execute("SAVEPOINT job")
    try:
        result = job(batch)
        batch.add_up()
    except Exception as fault:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO job")
        batch.memory.forget()
        result = _named(fault)
    connection.execute("RELEASE job")
    return result


def _named(fault: Exception) -> Exception:
    """What the caller hears: rules of the tables that were broken become BadRow."""
    if isinstance(fault, sqlite3.Error) and not isinstance(fault, sqlite3.OperationalError):
        named = BadRow(str(fault))
        named.__cause__ = fault
        return named
    return fault
