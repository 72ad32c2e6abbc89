"""Makers of the reports on requests: failures."""

from __future__ import annotations

from hotline.reporting import Context
from reports import failures as failure_report
from reports.layout import Report


def failures(context: Context) -> Report:
    """R1, R2 and R3, by what was asked for."""
    by = str(context.asked.options.get("by") or "")
    return failure_report.failures(
        context.counts(failure_report.needs(by)),
        context.causes,
        by=by,
        traffic=context.asked.traffic,
        as_of=context.now,
        first=context.asked.first,
        last=context.asked.last,
    )
