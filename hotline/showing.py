"""A report on the terminal, as JSON, as CSV or as a page."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.reporting import Made
from reports import layout
from reports.basis import FACTS
from reports.layout import Report


def show(report: Report, style: str) -> None:
    """Prints a report: `table` with colours on a terminal, `json` or `csv`."""
    if style == "json":
        click.echo(layout.to_json(report))
    elif style == "csv":
        click.echo(layout.to_csv(report), nl=False)
    else:
        _table(report)


def write_page(made: Made, file: Path) -> None:
    """Writes the report's HTML page and says where; a folder that is missing is made."""
    from reports.page import to_html

    text = to_html(made.report, made.samples)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise click.UsageError(
            f"不能写入 {file}：{error.strerror}。 Can't write {file}: {error.strerror}."
        ) from None
    click.echo(f"已写入 written: {file}")


def _table(report: Report) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    head, rows = layout.table(report)
    facts = "  ".join(
        f"{FACTS.get(name, name)} {value}" for name, value in report.facts.items() if value
    )
    console.print(f"[bold]{report.title}[/]  [dim]{escape(facts)}[/]", soft_wrap=True)
    if rows:
        table = Table(*head)
        for row in rows:
            table.add_row(*map(escape, row))
        if not console.is_terminal:  # a pipe has no width: nothing may be cut
            console = Console(highlight=False, width=400)
        console.print(table)
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
    if first := next(filter(None, report.behind), None):
        command = escape(layout.opens(first))
        console.print(f"打开第一行的申请 open the first row: {command}", soft_wrap=True)
