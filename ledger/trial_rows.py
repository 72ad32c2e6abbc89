"""Marks and topics of a trial, written in the commit of what made them: a step, or a late word.

Only what a subscriber did since the entry counts: a dialogue that was open before, or that a
process which knew of no trial yet had begun, says nothing of the arm.
"""

from __future__ import annotations

import sqlite3

from ledger import trial_records as t

WITHIN_MS = 24 * 3600 * 1000
"""A repeat contact: the same subscriber with the same topic within 24 hours.

A topic that nobody knows may be any (docs/adr/0017): else a version on which fewer dialogues come
to nothing would have more of them.
"""

_ENTERED = (
    "FROM trial_entries e JOIN sessions f ON f.id = e.session JOIN sessions s ON s.id = ? "
    "WHERE e.trial = ? AND e.subscriber = ? AND s.opened_at >= f.opened_at ON CONFLICT DO NOTHING"
)
_MARK = (
    f"INSERT INTO trial_marks ({', '.join(t.TrialMark._fields)}) "
    f"SELECT e.trial, e.subscriber, ?, e.arm, ?, s.id {_ENTERED}"
)
_TOPIC = (
    f"INSERT INTO trial_topics ({', '.join(t.TrialTopic._fields)}) "
    f"SELECT e.trial, e.subscriber, ?, ?, s.id {_ENTERED}"
)
_FAILED_LATER = (
    f"INSERT INTO trial_marks ({', '.join(t.TrialMark._fields)}) "  # noqa: S608
    "SELECT e.trial, e.subscriber, 'failure', e.arm, ?, s.id FROM requests q "
    "JOIN sessions s ON s.id = q.session "
    "JOIN trial_entries e ON e.subscriber = s.caller JOIN sessions f ON f.id = e.session "
    "JOIN trials t ON t.id = e.trial AND t.traffic = s.traffic "
    f"AND s.digest = CASE e.arm WHEN '{t.CANDIDATE}' THEN t.candidate ELSE t.control END "
    "WHERE q.id = ? AND s.opened_at >= f.opened_at "
    "AND NOT EXISTS (SELECT 1 FROM trial_ends WHERE trial = t.id) ON CONFLICT DO NOTHING"
)
_SEEN = (
    "SELECT 1 FROM trial_topics WHERE trial = :trial AND subscriber = :subscriber "
    "AND at BETWEEN :at - :within AND :at AND session <> :session "
    "AND (leaf IN (:leaf, :unknown) OR :leaf = :unknown) LIMIT 1"
)


def mark(connection: sqlite3.Connection, row: t.TrialMark) -> None:
    """Notes the subscriber's first event of a guard."""
    _mark(connection, row.guard, row.at, row.session, row.trial, row.subscriber)


def failed_later(connection: sqlite3.Connection, order: str, at: int) -> None:
    """Notes that an order of unknown end turned out to have failed, while its trial still runs."""
    connection.execute(_FAILED_LATER, (at, order))


def topic(connection: sqlite3.Connection, row: t.TrialTopic) -> None:
    """Notes a topic; the mark `repeat` too when another dialogue had it within 24 hours."""
    who = (row.session, row.trial, row.subscriber)
    if not connection.execute(_TOPIC, (row.leaf, row.at, *who)).rowcount:
        return
    known = {**row._asdict(), "within": WITHIN_MS, "unknown": t.NO_TOPIC}
    if connection.execute(_SEEN, known).fetchone():
        _mark(connection, "repeat", row.at, *who)


def _mark(
    connection: sqlite3.Connection, guard: str, at: int, session: str, trial: str, subscriber: str
) -> None:
    connection.execute(_MARK, (guard, at, session, trial, subscriber))
