"""From the ledger's counts to a report on the terminal, as JSON or as CSV."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import click

from hotline.settings import Settings
from ledger.ledger import Ledger
from reports import causes, layout
from reports import failures as failure_report
from reports.layout import Report


def failures(
    settings: Settings,
    *,
    by: str | None,
    traffic: str,
    first: str,
    last: str,
    rebuild: bool,
) -> Report:
    """The failure report; `rebuild` counts the rows themselves instead of the tallies."""
    with Ledger.open(settings.home / "ledger.db", zone=settings.zone) as ledger:
        count = ledger.rebuild_counts if rebuild else ledger.counts
        counts = count(failure_report.needs(by or ""), first, last, traffic=traffic)
    return failure_report.failures(
        counts,
        causes.load(),
        by=by or "",
        traffic=traffic,
        as_of=datetime.datetime.now(ZoneInfo(settings.zone)),
        first=first,
        last=last,
    )


def show(report: Report, style: str) -> None:
    """Prints a report: `table` with colours on a terminal, `json` or `csv`."""
    if style == "json":
        click.echo(layout.to_json(report))
        return
    if style == "csv":
        click.echo(layout.to_csv(report), nl=False)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    head, rows = layout.table(report)
    facts = "  ".join(f"{name} {value}" for name, value in report.facts.items() if value)
    console.print(f"[bold]{report.title}[/]  [dim]{facts}[/]", soft_wrap=True)
    if rows:
        table = Table(*head)
        for row in rows:
            table.add_row(*map(escape, row))
        if not console.is_terminal:  # a pipe has no width: nothing may be cut
            console = Console(highlight=False, width=400)
        console.print(table)
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
