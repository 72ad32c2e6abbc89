"""What one subscriber asked for lately: an index look-up of a few rows."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import NamedTuple

from dialog.outcomes import ACCEPTED, SUCCEEDED
from ledger.counts import NO_LEAF
from ledger.store import Store

# the index of `requests` by subscriber holds what led somewhere
_OWN = f"FROM requests r LEFT JOIN closings c ON c.request = r.id WHERE r.leaf <> '{NO_LEAF}'"
_REACHED = f"""
SELECT DISTINCT r.node, COALESCE(c.reason, '') {_OWN}
AND r.subscriber = ? AND r.at >= ? AND r.channel = 'text' AND r.called = ? AND r.traffic = ?
"""
# most callers have asked for little, and so much is told by a few entries of the index
_ENOUGH = f"""
SELECT COUNT(*) FROM (SELECT 1 FROM requests
WHERE leaf <> '{NO_LEAF}' AND subscriber = ? AND at >= ? LIMIT ?)
"""  # noqa: S608
_USED = f"""
SELECT r.leaf {_OWN} AND r.subscriber = ? AND r.at >= ? AND r.traffic = ?
AND c.outcome IN ('{SUCCEEDED}', '{ACCEPTED}') ORDER BY r.at DESC LIMIT ?
"""


# in the order of the index and of the rows, so that nothing is sorted and the latest are enough
_TEXTS = """
SELECT t.session, t.at, COALESCE(c.reason, '') FROM sessions s
JOIN steps t ON t.session = s.id LEFT JOIN closings c ON c.request = t.session || '.' || t.n
WHERE s.caller = ? AND s.channel = 'text' AND s.opened_at >= ? AND s.called = ? AND s.traffic = ?
AND t.event = 'TextReceived' ORDER BY s.opened_at DESC, s.rowid DESC, t.n DESC LIMIT ?
"""
_REPLY = (
    "SELECT text FROM outbox WHERE id > ? AND id < ? AND kind = 'reply' ORDER BY at DESC LIMIT 1"
)


class Texted(NamedTuple):
    """A text that came, and the reason that it was refused with at once, if it was."""

    session: str
    at: int
    reason: str


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

    def used(
        self, subscriber: str, traffic: str, since: int, least: int, rows: int
    ) -> tuple[tuple[str, int], ...]:
        """The leaves that a subscriber asked for `least` times among the last `rows` requests.

        Of those that went well, by voice and by text, from that time (UTC ms) on; the most used
        first, of two alike the one of late.
        """
        if not subscriber or self._first(_ENOUGH, (subscriber, since, least))[0] < least:
            return ()
        found = self._read(_USED, (subscriber, since, traffic, rows))
        asked = Counter(leaf for (leaf,) in found).most_common()
        return tuple((leaf, n) for leaf, n in asked if n >= least)

    def texts(self, caller: str, called: str, traffic: str, since: int, most: int) -> list[Texted]:
        """A number's latest texts to another, of dialogues begun since then, the newest first."""
        found = self._read(_TEXTS, (caller, since, called, traffic, most))
        return sorted(map(Texted._make, found), key=attrgetter("at"), reverse=True)

    def replied(self, session: str) -> str:
        """The last text that a dialogue was answered with, "" when there was none."""
        found = self._first(_REPLY, (f"{session}.", f"{session}/"))
        return found[0] if found else ""
