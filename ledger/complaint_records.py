"""The rows of complaints. As in `records`, a class is a table; a `number` is a full one."""

from __future__ import annotations

from typing import NamedTuple

CLOSED, RAISED = "closed", "raised"


class Complaint(NamedTuple):
    """Somebody's own words about the service. Key: id, the receipt number. `text` is sealed."""

    id: str
    session: str
    at: int
    subscriber: str
    number: str
    called: str
    link: str
    traffic: str
    text: str


class ComplaintMove(NamedTuple):
    """What was done about a complaint: `raised` to a `level`, or `closed` with what was done."""

    complaint: str
    at: int
    state: str
    level: str = ""
    author: str = ""
    note: str = ""


ComplaintRow = Complaint | ComplaintMove
