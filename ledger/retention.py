"""How long the record is kept, and the purge that keeps to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ledger import records as r
from ledger.batch import Batch
from ledger.commits import append
from ledger.counting import Counting

RETENTION: Mapping[str, int] = {
    "deliveries": 30,
    "delivery_parts": 30,
    "delivery_closings": 30,
    "trial_topics": 30,
    "inbox": 30,
    "password_tries": 90,
    "outbox": 90,
    "outbox_sends": 90,
    "receipts": 90,
    "steps": 400,
    "requests": 400,  # with their closings
    "attempts": 400,
    "told": 400,
    "call_ends": 400,
    "wrap_ups": 400,
    "sessions": 430,  # longer than their steps, which are counted by their session's facts
    "trial_entries": 400,
    "trial_marks": 400,
    "complaints": 730,
    "complaint_moves": 730,
    "orders": 1830,
    "order_moves": 1830,
}
"""Whole local days by table. What is not named is kept for good: versions, serving, trials with
their ends, opt_outs (the subscriber's will), purges, and the roll-ups with the repeats, which are
sums and name nobody. Orders are evidence and outlive what led to them."""

_TIME = {"sessions": "opened_at", "deliveries": "opened_at"}
_ONLY = {
    "sessions": "state IS NULL",  # not one that still waits
    "inbox": "open = 0",  # not a text that nobody has looked at
    "outbox": "due_at IS NULL",  # not a text that is still to go
    # not a complaint that nobody has answered, nor what was done about one that is kept
    "complaints": "id IN (SELECT complaint FROM complaint_moves WHERE state = 'closed')",
    "complaint_moves": "complaint NOT IN (SELECT id FROM complaints)",
}
_CLOSINGS = "DELETE FROM closings WHERE request IN (SELECT id FROM requests WHERE at < ?)"


class Retention(Counting):
    """Purging is an act in the record: who, when, which table, how far, how many rows."""

    def purge(self, now: int, actor: str, days: Mapping[str, int] = RETENTION) -> list[r.Purge]:
        """Deletes what is older than its days, then merges the writers' sums; returns when durable.

        Goes day by day, each a transaction with its own row in `purges`, so that no caller waits
        long and a purge that is broken off is simply taken up by the next.
        """
        done = []
        for table, keep in days.items():
            before = self.zone.midnight(now, keep)
            while (oldest := self._oldest(table)) is not None and oldest < before:
                act = r.Purge(now, actor, table, self.zone.midnight(oldest, -1), 0)
                done.append(self._submit(partial(self._delete, act=act)).result())
        self.merge_writers(self.zone.local(now)[0])
        return done

    def _oldest(self, table: str) -> int | None:
        time, spared = _TIME.get(table, "at"), _ONLY.get(table, "1 = 1")
        row = self._first(f"SELECT MIN({time}) FROM {table} WHERE {spared}")  # noqa: S608
        oldest: int | None = row[0]
        return oldest

    def _delete(self, batch: Batch, act: r.Purge) -> r.Purge:
        execute = batch.connection.execute
        time, spared = _TIME.get(act.name, "at"), _ONLY.get(act.name, "1 = 1")
        if act.name == "requests":
            execute(_CLOSINGS, (act.before,))
        sql = f"DELETE FROM {act.name} WHERE {time} < ? AND {spared}"  # noqa: S608
        done = act._replace(gone=execute(sql, (act.before,)).rowcount)
        append(batch, [done], self.zone)
        return done
