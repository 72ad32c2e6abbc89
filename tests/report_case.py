"""Counts for the tests of reports, and a report's rows by the ids of their columns."""

from __future__ import annotations

import datetime
from typing import Any

from ledger.counts import REQUEST, Count
from reports.causes import load
from reports.layout import Report

CAUSES = load()
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
AS_OF = datetime.datetime(2008, 4, 1, 9, 30, tzinfo=SHANGHAI)
BASE = Count(
    of=REQUEST,
    day="2008-01-15",
    hour=10,
    channel="voice",
    traffic="dialtest",
    kind="change",
    outcome="succeeded",
    n=1,
)


def failed(n: int, reason: str, **more: Any) -> Count:
    """So many failed requests of a reason."""
    return BASE._replace(outcome="failed", reason=reason, n=n, **more)


def cells(found: Report) -> list[dict[str, Any]]:
    """The rows, each by its columns' ids."""
    names = [column.id for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


# Test calls of three months: 19,727 requests, 505 failures, of which 425 by the system, of which
# 374 by the prompts. The circle's report prints shares only; these counts give its figures.
QUALITY_CIRCLE = [
    BASE._replace(n=19_000),
    BASE._replace(n=222, day="2008-02-11"),
    failed(200, "no_input", guided=True),
    failed(100, "invalid_key", guided=True, day="2008-02-11"),
    failed(74, "abandoned", day="2008-03-09", hour=20),
    failed(51, "backend_timeout", day="2008-03-09"),
    failed(80, "wrong_password", guided=True, day="2008-03-09"),
]
