"""Orders as staff need them: where each one stands, and all that came of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ledger import records as r
from ledger.store import Store

QUOTED = "quoted"
"""The state of an order without a move: its price was said, and nobody has answered yet."""

# a session is forgotten before its orders are: what is left then counts as real
_TRAFFIC = "COALESCE(s.traffic, 'real')"
_STANDING = f"""
SELECT {", ".join(f"o.{field}" for field in r.Order._fields)},
COALESCE(m.state, '{QUOTED}'), COALESCE(m.reason, ''), COALESCE(m.at, o.at),
{_TRAFFIC}, COALESCE(s.channel, ''), COALESCE(s.called, ''), COALESCE(s.link, '')
FROM orders o LEFT JOIN order_moves m ON m.order_id = o.id
AND m.n = (SELECT MAX(n) FROM order_moves WHERE order_id = o.id)
LEFT JOIN sessions s ON s.id = o.session
"""  # noqa: S608
_MOVES = (
    f"SELECT {', '.join(r.OrderMove._fields)} FROM order_moves "  # noqa: S608
    "WHERE order_id = ? ORDER BY n"
)
# the keys of a dialogue's texts begin with its own
_TEXTS = (
    f"SELECT {', '.join(r.Outbox._fields)} FROM outbox "  # noqa: S608
    "WHERE id > ? AND id < ? ORDER BY at, id"
)


class Placed(NamedTuple):
    """An order and where it stands since `moved_at`; how it came, "" once that is purged."""

    order: r.Order
    state: str
    reason: str
    moved_at: int
    traffic: str
    channel: str
    called: str
    link: str


class Orders(Store):
    """Look-ups over all orders that are kept; no index serves them but that of their time."""

    def orders(
        self,
        traffic: str,
        limit: int,
        *,
        states: Sequence[str] = (),
        number: str | None = None,
        first: str = "",
        last: str = "",
    ) -> list[Placed]:
        """The latest `limit` orders of a kind of traffic, the newest last.

        Of these states (none = all) and this number (in full), placed on the local days `first`
        to `last` ("" = no bound).
        """
        where, values = [f"{_TRAFFIC} = ?"], [traffic]
        if states:
            where.append(f"COALESCE(m.state, '{QUOTED}') IN ({', '.join('?' * len(states))})")
            values += states
        if number is not None:
            where.append("o.number = ?")
            values.append(number)
        bounds = []
        if first:
            where.append("o.at >= ?")
            bounds.append(self.zone.start(first))
        if last:
            where.append("o.at < ?")
            bounds.append(self.zone.end(last))
        sql = f"{_STANDING} WHERE {' AND '.join(where)} ORDER BY o.at DESC, o.id DESC LIMIT ?"
        return [_placed(row) for row in self._read(sql, (*values, *bounds, limit))][::-1]

    def orders_named(self, begin: str, limit: int) -> list[Placed]:
        """The orders whose id begins so, `limit` at most."""
        sql = f"{_STANDING} WHERE o.id >= ? AND o.id < ? ORDER BY o.id LIMIT ?"
        return [_placed(row) for row in self._read(sql, (begin, f"{begin}~", limit))]

    def order_moves(self, order: str) -> list[r.OrderMove]:
        """All that happened to an order, in order."""
        return [r.OrderMove(*row) for row in self._read(_MOVES, (order,))]

    def order_texts(self, order: r.Order) -> list[r.Outbox]:
        """The texts that an order's own steps sent, and the late answer that was promised."""
        at = {order.at, *(move.at for move in self.order_moves(order.id))}
        found = self._read(_TEXTS, (f"{order.session}.", f"{order.session}/"))
        texts = (r.Outbox(*row) for row in found)
        return [text for text in texts if text.at in at or text.id == f"{order.id}.later"]


def _placed(row: tuple[object, ...]) -> Placed:
    width = len(r.Order._fields)
    return Placed(r.Order(*row[:width]), *row[width:])  # type: ignore[arg-type]
