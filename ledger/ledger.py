"""The record as the house uses it."""

from __future__ import annotations

from ledger.behind import Drill
from ledger.complaints import Complaints
from ledger.history import History
from ledger.inbox import InboxRows
from ledger.orders import Orders
from ledger.outbox import OutboxClaims
from ledger.reads import Reads
from ledger.repeats import Repeats
from ledger.retention import Retention
from ledger.topics import Topics
from ledger.trials import Trials
from ledger.walks import Walks


class Ledger(
    Reads,
    History,
    Complaints,
    Orders,
    InboxRows,
    OutboxClaims,
    Trials,
    Retention,
    Repeats,
    Topics,
    Drill,
    Walks,
):
    """An open record: `Ledger.open(path, zone)`; each base is one of its subjects.

    Any number of threads and processes may use one file. Writes return futures that resolve when
    the disk has them; reads answer from what is committed.
    """
