"""The jobs that write rows: a step's commit and rows without a step."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from dialog.outcomes import DONE, FAILED, REASONS, outcome_of
from ledger import complaint_records as c
from ledger import inbox_rows, tallies, trial_rows
from ledger import records as r
from ledger import trial_records as t
from ledger.batch import Batch
from ledger.rollups import Key
from ledger.schema import DATED, insert
from ledger.zone import Zone

_KEEP_FIRST = " ON CONFLICT DO NOTHING"
_SETTLED = DONE | frozenset(REASONS)
_FIRST_STAYS = (
    r.Closing,
    r.Delivery,
    r.DeliveryClosing,
    r.Version,
    r.Receipt,
    t.TrialEnd,
    t.TrialEntry,
)

INSERTS: dict[type[Any], str] = {
    kind: insert(kind, _KEEP_FIRST if kind in _FIRST_STAYS else "")
    for kind in (
        r.Step,
        r.Request,
        r.Closing,
        r.Attempt,
        r.Told,
        r.CallEnd,
        r.Order,
        r.Delivery,
        r.DeliveryPart,
        r.DeliveryClosing,
        r.Inbox,
        r.Outbox,
        r.OutboxSend,
        r.Receipt,
        r.PasswordTry,
        r.OptOut,
        c.Complaint,
        c.ComplaintMove,
        r.Version,
        t.Trial,
        t.TrialEnd,
        t.TrialEntry,
        r.Purge,
    )
}

_MOVE = (
    f"INSERT INTO order_moves (n, {', '.join(r.OrderMove._fields)}) "  # noqa: S608
    f"SELECT COALESCE(MAX(n), 0) + 1, {', '.join('?' * len(r.OrderMove._fields))} "
    "FROM order_moves WHERE order_id = ?"
)
_SERVE = (
    f"INSERT INTO serving (n, {', '.join(r.Serving._fields)}) "  # noqa: S608
    f"SELECT COALESCE(MAX(n), 0) + 1, {', '.join('?' * len(r.Serving._fields))} FROM serving"
)

_BY_HAND: dict[type[Any], Callable[[sqlite3.Connection, Any], object]] = {
    r.Serving: lambda connection, row: connection.execute(_SERVE, row),
    t.TrialMark: trial_rows.mark,
    t.TrialTopic: trial_rows.topic,
    r.Brought: inbox_rows.brought,
}
"""What more than one INSERT writes, or one that looks at other rows."""

_SESSION_COLUMNS = (
    *r.SessionFacts._fields,
    *r.SessionState._fields,
    "text_line",
    "zone",
    "day",
    "hour",
)
_OPEN = (
    f"INSERT INTO sessions ({', '.join(_SESSION_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(_SESSION_COLUMNS))}) ON CONFLICT DO NOTHING"
)
_GO_ON = "UPDATE sessions SET turn = ?, state = ?, deadline = ? WHERE id = ? AND turn = ?"
_LEAVE = (
    "UPDATE sessions SET turn = ?, state = ?, deadline = ?, open = ?, ended_at = ?, "
    "end_reason = ?, text_line = NULL WHERE id = ? AND turn = ?"
)


def text_line(called: str, caller: str, traffic: str) -> str:
    """The key that at most one open text session holds; rehearsals never meet real texts."""
    return f"{traffic}/{called}/{caller}"


def apply(batch: Batch, commit: r.Commit, zone: Zone) -> None:
    """Writes a step's commit. Raises Conflict or Duplicate."""
    if commit.expected is None:
        _open(batch, commit, zone)
    else:
        _move_on(batch, commit)
    append(batch, commit.rows, zone)
    if commit.state.state is None:
        batch.memory.ended(commit.session)


def append(batch: Batch, rows: Iterable[r.Row], zone: Zone) -> None:
    """Writes rows in their order. Raises Duplicate for a delivery that is there already.

    A row is counted once it is written: a job that fails before it wrote anything counts nothing,
    and of one that fails later the writer undoes all.
    """
    execute = batch.connection.execute
    for row in rows:
        kind = type(row)
        if kind in DATED:
            _dated(batch, row, zone)
        elif isinstance(row, r.OrderMove):
            moved = _settled(batch, row) if row.state == r.RECONCILED else ()
            execute(_MOVE, (*row, row.order_id))
            for counted, n in moved:
                batch.count(counted, n)
        elif by_hand := _BY_HAND.get(kind):
            by_hand(batch.connection, row)
        else:
            new = execute(INSERTS[kind], row).rowcount
            if not new and isinstance(row, r.Delivery):
                raise r.Duplicate(row.key)


def _dated(batch: Batch, row: Any, zone: Zone) -> None:
    connection, memory = batch.connection, batch.memory
    times = zone.local(row.at)
    new = connection.execute(INSERTS[type(row)], (*row, *times)).rowcount
    if isinstance(row, r.Step):
        line, heard_ms = memory.line(connection, row.session), row.heard_ms
        # a channel that can't tell what was heard says -1
        batch.visit(tallies.stepped(row, times[0], line), 1, heard_ms if heard_ms > 0 else 0)
    elif isinstance(row, r.Request):
        counted = tallies.opened(row, times)
        batch.count(counted, 1)
        memory.request(row.id, counted)
    elif isinstance(row, r.Closing):
        if new:
            _close(batch, row)
    elif isinstance(row, r.CallEnd):
        batch.count(tallies.ended(row, times), 1)
    elif isinstance(row, r.Attempt):
        line = memory.line(connection, row.session)
        batch.visit(tallies.attempted(row, times[0], line), 1, 0)


def _close(batch: Batch, row: r.Closing) -> None:
    counted = batch.memory.opened(batch.connection, row.request)
    if counted is None:
        raise r.BadRow(f"closing of a request that is not in the record: {row.request}")
    batch.count(counted, -1)
    batch.count(tallies.closed(batch.connection, row, counted), 1)


def _settled(batch: Batch, row: r.OrderMove) -> tuple[tuple[Key, int], ...]:
    if row.reason not in _SETTLED:
        raise r.BadRow(f"an order is reconciled to an outcome or a reason, not {row.reason!r}")
    moved = tallies.reconciled(batch.connection, row)
    if moved is None:
        return ()
    if outcome_of(row.reason)[0] == FAILED:
        trial_rows.failed_later(batch.connection, row.order_id, row.at)
    return (moved[0], -1), (moved[1], 1)


def _open(batch: Batch, commit: r.Commit, zone: Zone) -> None:
    facts, state = commit.opened, commit.state
    if facts is None or facts.id != commit.session:
        raise r.BadRow("a new session's commit needs its SessionFacts")
    line = None
    if facts.dialogue is None and state.open:
        line = text_line(facts.called, facts.caller, facts.traffic)
    day, hour = zone.local(facts.opened_at)
    turn, text, deadline, *rest = state
    values = (*facts, turn, text, deadline or None, *rest, line, zone.name, day, hour)
    if batch.connection.execute(_OPEN, values).rowcount:
        batch.memory.session(facts.id, (facts.channel, facts.traffic, facts.digest))
        return
    find = batch.connection.execute
    if find("SELECT 1 FROM sessions WHERE id = ?", (facts.id,)).fetchone():
        raise r.Conflict(f"session {facts.id} exists")
    raise r.Duplicate(facts.dialogue or line or facts.id)


def _move_on(batch: Batch, commit: r.Commit) -> None:
    state = commit.state
    where = (commit.session, commit.expected)
    deadline = state.deadline or None
    execute = batch.connection.execute
    if state.open:
        moved = execute(_GO_ON, (state.turn, state.state, deadline, *where)).rowcount
    else:
        values = (state.turn, state.state, deadline, state.open, state.ended_at, state.end_reason)
        moved = execute(_LEAVE, (*values, *where)).rowcount
    if moved:
        return
    # a delivery that is known already is why the turn moved: tell that rather than the conflict
    for row in commit.rows:
        if isinstance(row, r.Delivery):
            found = execute("SELECT 1 FROM deliveries WHERE key = ?", (row.key,)).fetchone()
            if found:
                raise r.Duplicate(row.key)
    raise r.Conflict(f"session {commit.session} is past turn {commit.expected}")
