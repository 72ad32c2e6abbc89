"""The record as the house uses it."""

from __future__ import annotations

from ledger.outbox import OutboxClaims
from ledger.reads import Reads
from ledger.retention import Retention
from ledger.trials import Trials


class Ledger(Reads, OutboxClaims, Trials, Retention):
    """An open record: `Ledger.open(path, zone)`; each base is one of its subjects.

    Any number of threads and processes may use one file. Writes return futures that resolve when
    the disk has them; reads answer from what is committed.
    """
