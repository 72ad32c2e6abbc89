"""What one subscriber asked for lately: an index look-up of a few rows."""

from __future__ import annotations

from typing import NamedTuple

from ledger.counts import NO_LEAF
from ledger.store import Store

# the index of `requests` by subscriber holds what led somewhere
_OWN = f"FROM requests r LEFT JOIN closings c ON c.request = r.id WHERE r.leaf <> '{NO_LEAF}'"
_REACHED = f"""
SELECT DISTINCT r.node, COALESCE(c.reason, '') {_OWN}
AND r.subscriber = ? AND r.at >= ? AND r.channel = 'text' AND r.called = ? AND r.traffic = ?
"""


class Reached(NamedTuple):
    """A node that a text led to, and the reason that it failed or was refused with, if it was."""

    node: str
    reason: str


class History(Store):
    """Of subscribers by their pseudonym; nobody is known by "" and has no history."""

    def reached(self, subscriber: str, called: str, traffic: str, since: int) -> list[Reached]:
        """What a subscriber's texts to a number reached from that time (UTC ms) on."""
        if not subscriber:
            return []
        found = self._read(_REACHED, (subscriber, since, called, traffic))
        return [Reached(*row) for row in found]
