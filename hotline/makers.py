"""Makers of the reports on requests: failures."""

from __future__ import annotations

from hotline.reporting import Context
from reports import failures as failure_report
from reports import rates
from reports.layout import Report


def failures(context: Context) -> Report:
    """R1, R2 and R3, by what was asked for."""
    by = str(context.asked.options.get("by") or "")
    counts = context.rate_counts(rates.needs(by))
    return failure_report.failures(counts, context.causes, context.basis, by=by)
