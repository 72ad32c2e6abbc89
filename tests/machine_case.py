"""What every run of the house must keep: who carried which reply, and that nothing is logged."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from dialog.host import Delivery
from hotline.carrying import HttpAnswer
from ledger import records
from ledger.ledger import Ledger


def waiting(delivery: Delivery, ready: bool) -> Delivery:
    """The delivery with an HTTP answer that stands ready for its reply, or without one."""
    return delivery._replace(carrier=HttpAnswer() if ready else None)


def check_carried(deliveries: Iterable[Delivery], ledger: Ledger) -> None:
    """Of the answers that waited for a reply one carries it at most, and so says the record.

    `deliveries` are those of processes that were not lost: of others only the record knows.
    """
    texts = {row.id: row.inbound for row in ledger.rows(records.Outbox)}
    sends = ledger.rows(records.OutboxSend, status="carried")
    in_record = Counter(texts[send.outbox] for send in sends)
    carried = Counter(
        delivery.key
        for delivery in deliveries
        if isinstance(delivery.carrier, HttpAnswer) and delivery.carrier.claimed
    )
    assert all(n == 1 for n in in_record.values()), in_record
    assert carried <= in_record, (carried, in_record)


class Errors(logging.Handler):
    """Keeps what the house logs as an error: there must be nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it."""
        self.lines.append(record.getMessage())
