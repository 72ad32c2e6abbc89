"""Complaints as staff need them: which are open, on which level, and what was done."""

from __future__ import annotations

from typing import NamedTuple

from ledger.complaint_records import CLOSED, RAISED, Complaint
from ledger.store import Store

_FIELDS = ", ".join(f"c.{field}" for field in Complaint._fields)
_STANDING = f"""
SELECT {_FIELDS},
COALESCE((SELECT level FROM complaint_moves m WHERE m.complaint = c.id AND m.state = '{RAISED}'
ORDER BY at DESC, rowid DESC LIMIT 1), ''),
(SELECT MIN(at) FROM complaint_moves m WHERE m.complaint = c.id AND m.state = '{CLOSED}')
FROM complaints c
"""  # noqa: S608
_ALL = f"{_STANDING} WHERE c.traffic = ? ORDER BY c.at, c.id"
_ONE = f"{_STANDING} WHERE c.id = ?"


class Filed(NamedTuple):
    """A complaint and where it stands: the level it was raised to ("" = none), when closed."""

    complaint: Complaint
    level: str
    closed_at: int | None


class Complaints(Store):
    """The file of complaints; new rows come by commits and `append`."""

    def complaints(self, traffic: str = "real") -> list[Filed]:
        """All complaints of a kind of traffic, the oldest first."""
        return [_filed(row) for row in self._read(_ALL, (traffic,))]

    def complaint(self, receipt: str) -> Filed | None:
        """The complaint of a receipt number."""
        row = self._first(_ONE, (receipt,))
        return _filed(row) if row else None


def _filed(row: tuple[object, ...]) -> Filed:
    *fields, level, closed_at = row
    return Filed(Complaint(*fields), level, closed_at)  # type: ignore[arg-type]
