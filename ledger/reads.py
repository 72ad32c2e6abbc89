"""What the runner and recovery ask of the record."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from ledger import records as r
from ledger.commits import text_line
from ledger.schema import NAMES, TABLES
from ledger.store import Store

R = TypeVar("R")


class Standing(NamedTuple):
    """Where a dialogue stands."""

    session: str
    turn: int
    open: bool


class Delivered(NamedTuple):
    """A delivery that is known: what its steps said (JSON), complete once `closed`."""

    session: str
    closed: bool
    replies: tuple[str, ...]


class OpenOrder(NamedTuple):
    """An order between its confirmation and its end: `state` is one of IN_FLIGHT."""

    order: r.Order
    state: str
    moved_at: int


class Failures(NamedTuple):
    """Wrong service passwords: how many, and when the last (0 = never)."""

    wrong: int
    last: int


IN_FLIGHT = ("confirmed", "submitted", "unknown")
"""Last states of orders that must still reach a known end."""

_ORDERS = f"""
SELECT {", ".join(f"o.{field}" for field in r.Order._fields)}, m.state, m.at
FROM orders o JOIN order_moves m ON m.order_id = o.id
WHERE o.at >= ? AND m.state IN ({", ".join("?" * len(IN_FLIGHT))})
AND m.n = (SELECT MAX(n) FROM order_moves WHERE order_id = o.id)
ORDER BY o.at, o.id
"""  # noqa: S608

_SENT = """
SELECT 1 FROM orders o JOIN order_moves m ON m.order_id = o.id
JOIN order_moves s ON s.order_id = o.id AND s.state = 'submitted'
WHERE o.subscriber = ? AND o.target = ? AND o.id <> ? AND m.state IN ('submitted', 'unknown')
AND m.n = (SELECT MAX(n) FROM order_moves WHERE order_id = o.id) AND s.at >= ?
AND (s.at, o.id) < (SELECT at, order_id FROM order_moves WHERE order_id = ? AND state = 'submitted')
"""

_UNFINISHED = """
SELECT d.key, d.session, d.link, d.opened_at FROM deliveries d
LEFT JOIN delivery_closings c ON c.delivery = d.key
WHERE c.delivery IS NULL AND d.opened_at >= ? ORDER BY d.opened_at, d.key
"""

_REPLIES = """
SELECT reply FROM (
SELECT n, reply FROM delivery_parts WHERE delivery = ?
UNION ALL SELECT n, reply FROM delivery_closings WHERE delivery = ?) said ORDER BY n
"""

# An accepted password forgives: the target's earlier failures, whoever made them ...
_TARGET_FAILURES = """
SELECT COUNT(*), COALESCE(MAX(at), 0) FROM password_tries
WHERE target = ? AND ok = 0 AND at > ?
AND at > COALESCE((SELECT MAX(at) FROM password_tries WHERE target = ? AND ok = 1), 0)
"""
# ... but of a caller only those at the same target: its own password is no cover for guessing
_CALLER_FAILURES = """
SELECT COUNT(*), COALESCE(MAX(f.at), 0) FROM password_tries f
WHERE f.caller = ? AND f.ok = 0 AND f.at > ? AND NOT EXISTS (
SELECT 1 FROM password_tries o
WHERE o.caller = ? AND o.target = f.target AND o.ok = 1 AND o.at >= f.at)
"""
_FAILURES = {"target": _TARGET_FAILURES, "caller": _CALLER_FAILURES}


class Reads(Store):
    """Look-ups; each sees all commits that were acknowledged before it began."""

    def session(self, session: str) -> str | None:
        """A session's state JSON; None when it has ended or there is none."""
        row = self._first("SELECT state FROM sessions WHERE id = ?", (session,))
        return row[0] if row else None

    def language(self, session: str) -> str:
        """The language that a session began in, open or ended; "" when there is none."""
        row = self._first("SELECT language FROM sessions WHERE id = ?", (session,))
        return row[0] if row else ""

    def turn(self, session: str) -> int | None:
        """A session's turn, open or ended; None when there is none."""
        row = self._first("SELECT turn FROM sessions WHERE id = ?", (session,))
        return row[0] if row else None

    def dialogue(self, key: str) -> Standing | None:
        """The session of a call, open or ended."""
        row = self._first("SELECT id, turn, open FROM sessions WHERE dialogue = ?", (key,))
        return Standing(row[0], row[1], bool(row[2])) if row else None

    def open_text(self, called: str, caller: str, traffic: str = "real") -> str | None:
        """The open text session of a called number and a texter's pseudonym."""
        line = text_line(called, caller, traffic)
        row = self._first("SELECT id FROM sessions WHERE text_line = ?", (line,))
        return row[0] if row else None

    def delivery(self, key: str) -> Delivered | None:
        """What became of a delivery; None when it is new."""
        row = self._first(
            "SELECT d.session, c.delivery IS NOT NULL FROM deliveries d "
            "LEFT JOIN delivery_closings c ON c.delivery = d.key WHERE d.key = ?",
            (key,),
        )
        if row is None:
            return None
        replies = self._read(_REPLIES, (key, key))
        return Delivered(row[0], bool(row[1]), tuple(reply for (reply,) in replies))

    def overdue(self, now: int, limit: int = 100) -> list[str]:
        """Sessions whose deadline is past, the longest first."""
        sql = "SELECT id FROM sessions WHERE deadline <= ? ORDER BY deadline LIMIT ?"
        return [session for (session,) in self._read(sql, (now, limit))]

    def open_orders(self, since: int = 0) -> list[OpenOrder]:
        """Orders written since then that are confirmed, submitted or unknown, oldest first."""
        width = len(r.Order._fields)
        rows = self._read(_ORDERS, (since, *IN_FLIGHT))
        return [OpenOrder(r.Order(*row[:width]), *row[width:]) for row in rows]

    def unfinished_deliveries(self, since: int = 0) -> list[r.Delivery]:
        """Deliveries opened since then that no step has closed, oldest first."""
        return [r.Delivery(*row) for row in self._read(_UNFINISHED, (since,))]

    def open_voice(self) -> list[str]:
        """Voice sessions that keep a state, oldest first."""
        sql = (
            "SELECT id FROM sessions WHERE state IS NOT NULL AND channel = 'voice' "
            "ORDER BY opened_at, id"
        )
        return [session for (session,) in self._read(sql)]

    def order_in_flight(self, subscriber: str, target: str, order: str, since: int) -> bool:
        """Whether another order of this target was sent before `order`, since then, and not ended.

        `order` itself is sent: of two sent at once exactly one is told of the other.
        """
        return self._first(_SENT, (subscriber, target, order, since, order)) is not None

    def failures_since(self, who: str, pseudonym: str, at: int) -> Failures:
        """Wrong passwords of a `target` or `caller` later than `at` that none since made good.

        "" (a withheld number) has none: nobody is locked out for another's withheld number.
        """
        if not pseudonym:
            return Failures(0, 0)
        return Failures(*self._first(_FAILURES[who], (pseudonym, at, pseudonym)))

    def opted_out(self, called: str, subscriber: str) -> bool:
        """Whether the subscriber stopped the called number's own messages."""
        sql = (
            "SELECT state FROM opt_outs WHERE called = ? AND subscriber = ? "
            "ORDER BY at DESC LIMIT 1"
        )
        row = self._first(sql, (called, subscriber))
        return bool(row and row[0] == "stop")

    def rows(self, record: type[R], **equal: Any) -> list[R]:
        """The rows of a record (not of SessionFacts), by equal fields, in no promised order.

        For the console, tuning and tests; a look-up that no key serves reads the whole table.
        """
        fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
        if unknown := set(equal) - set(fields):
            raise ValueError(f"{record.__name__} has no field {', '.join(sorted(unknown))}")
        where = " AND ".join(f"{field} = ?" for field in equal) or "1 = 1"
        sql = f"SELECT {', '.join(fields)} FROM {NAMES[record]} WHERE {where}"  # noqa: S608
        return [record(*row) for row in self._read(sql, tuple(equal.values()))]

    def search(self, text: str) -> list[str]:
        """Every `table.column` in which the text stands anywhere: the check for secrets."""
        found = []
        for table in TABLES:
            cursor = self._reader().execute(f"SELECT * FROM {table.name}")  # noqa: S608
            names = [column[0] for column in cursor.description]
            hits = {
                name
                for row in cursor
                for name, cell in zip(names, row, strict=True)
                if text in str(cell)
            }
            found += [f"{table.name}.{name}" for name in names if name in hits]
        return found
