"""Which of two equal texts is new, and the row of one that is written with the step that takes it.

A text that its link brought and was not answered for is brought again, in the link's next session
or when the link is tired of waiting; nothing but its content says that it is the same. So the same
content counts as brought again while its first coming stands unanswered and its session is over or
it has waited for TIRED_MS. Otherwise it is a new text: a subscriber may well send one twice, and
two sessions that stand may bring both at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from ledger import records as r

AGAIN_MS = 24 * 3600 * 1000
"""How long after its first coming a text may be brought again."""
TIRED_MS = 5_000
"""From when on a link may bring a text again that it still waits to be answered for; answers take
milliseconds."""

DONE = "UPDATE inbox SET open = 0, payload = '' WHERE id = ?"

_UNANSWERED = (
    "SELECT id, bind, at FROM inbox WHERE mark = ? AND at >= ? AND answered = 0 ORDER BY at"
)
_TAKEN = (
    f"INSERT INTO inbox ({', '.join(r.Inbox._fields)}, open) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(r.Inbox._fields))}, 0)"
)


def first_coming(connection: sqlite3.Connection, row: r.Inbox, standing: Collection[str]) -> str:
    """The id under which a text is in the inbox already, its own among them; "" for a new one.

    `standing` are the link's sessions that are not over.
    """
    unanswered = connection.execute(_UNANSWERED, (row.mark, row.at - AGAIN_MS)).fetchall()
    for known, bind, at in unanswered:
        again = at <= row.at - TIRED_MS or bind not in (row.bind, *standing)
        if again or known == row.id:
            return str(known)
    return ""


def brought(connection: sqlite3.Connection, new: r.Brought) -> None:
    """Writes a text that is being taken. Raises BroughtBefore."""
    row, standing = new
    known = first_coming(connection, row, standing)
    if known not in ("", row.id):
        raise r.BroughtBefore(known)
    if known:
        connection.execute(DONE, (row.id,))
    else:
        connection.execute(_TAKEN, row)
