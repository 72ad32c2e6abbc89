"""What the commands of `hotline report` share: their options, and from options to a report."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hotline.commands.common import placed, settings

TRAFFIC = ("real", "rehearsal", "dialtest", "demo", "replay")
traffic_option = click.option(
    "--traffic",
    type=click.Choice(TRAFFIC),
    default="real",
    show_default=True,
    help="哪类话务。 Which traffic; kinds are never mixed.",
)
"""Of commands that list what came, other than reports."""
_DAY = click.DateTime(["%Y-%m-%d"])

_SPAN = (
    click.option(
        "--traffic",
        type=click.Choice(TRAFFIC),
        default="real",
        show_default=True,
        help="统计哪类话务。 Which traffic; kinds are never mixed.",
    ),
    click.option("--from", "first", type=_DAY, metavar="YYYY-MM-DD", help="从哪天起。 First day."),
    click.option("--to", "last", type=_DAY, metavar="YYYY-MM-DD", help="到哪天止。 Last day."),
)
_ALWAYS = (
    *_SPAN,
    click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON."),
    click.option("--csv", "style", flag_value="csv", help="输出 CSV。 Print CSV."),
    click.option(
        "--html",
        "page",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="写成网页，含图。 Write a page with charts; pip install 'hotline[analysis]'.",
    ),
)

FILTERS: Mapping[str, str] = {
    "channel": "渠道 voice、text。 Channel.",
    "called": "拨打的号码。 The number called.",
    "brand": "品牌。 Brand.",
    "node": "节点。 Node.",
    "service": "业务。 Service.",
    "leaf": "末端（节点/参数）。 Leaf.",
    "kind": "类型 query、change、message。 Kind.",
    "keyword": "短信指令。 Keyword texted.",
    "version": "菜单版本（开头几位）。 Menus version, by its first digits.",
}
"""The dimensions that a report's counts can be kept by, and their help."""

_REBUILD = click.option(
    "--rebuild", is_flag=True, help="不用汇总，从明细重算。 Count from the rows."
)


def spanned(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --traffic, --from and --to."""
    for option in reversed(_SPAN):
        command = option(command)
    return command


def days(first: datetime | None, last: datetime | None) -> tuple[str, str]:
    """The days of --from and --to as YYYY-MM-DD, "" for none given."""
    if first is not None and last is not None and first > last:
        raise click.UsageError("--from 晚于 --to，请对调。 --from is after --to: swap them.")
    begin, end = (day.date().isoformat() if day else "" for day in (first, last))
    return begin, end


def reported(
    name: str, *, rebuild: bool = False, filtered: bool = False
) -> Callable[[Callable[..., Any]], click.Command]:
    """Makes a command of the report `name` out of a function from its own options to its options.

    `filtered` adds the options of FILTERS, `rebuild` that of counting from the rows: both are for
    reports over `Context.counts`. The function may raise click's errors for options that don't
    go together.
    """

    def wrap(own: Callable[..., Any]) -> click.Command:
        @functools.wraps(own)
        def command(
            traffic: str,
            first: datetime | None,
            last: datetime | None,
            style: str | None,
            page: Path | None,
            site: Path | None,
            home: Path | None,
            rebuild: bool = False,
            **given: Any,
        ) -> None:
            from hotline import reporting

            begin, end = days(first, last)
            if page is not None and style is not None:
                raise click.UsageError(
                    "--html 不能与 --json、--csv 同用。 --html goes without --json and --csv."
                )
            where = {key: given.pop(key) for key in FILTERS if key in given} if filtered else {}
            asked = reporting.Asked(
                traffic,
                begin,
                end,
                {key: value for key, value in where.items() if value is not None},
                rebuild,
                own(**given),
            )
            _run(settings(site, home), name, asked, style or "table", page)

        made = placed(command)
        shared = [*_ALWAYS, *([_REBUILD] if rebuild else [])]
        if filtered:
            shared += [click.option(f"--{key}", help=text) for key, text in FILTERS.items()]
        for option in reversed(shared):
            made = option(made)
        return click.command(name)(made)

    return wrap


def _run(chosen: Any, name: str, asked: Any, style: str, page: Path | None) -> None:
    from hotline import reporting, showing
    from ledger.records import LedgerError
    from reports.layout import Unanswerable

    try:
        made = reporting.make(chosen, name, asked, 0 if page is None else _SAMPLES)
        if page is None:
            showing.show(made.report, style)
        else:
            showing.write_page(made, page)
    except Unanswerable as error:
        raise click.UsageError(str(error)) from None
    except LedgerError as error:
        raise click.ClickException(str(error)) from None
    except ModuleNotFoundError as error:
        needs_extra(error)


_SAMPLES = 3
"""Requests that a page shows of each row."""
EXTRA = ("matplotlib", "numpy", "scipy", "statsmodels")


def needs_extra(error: ModuleNotFoundError) -> None:
    """Says that the extra `analysis` is missing; raises the error again when it is another."""
    if (error.name or "").partition(".")[0] not in EXTRA:
        raise error
    raise click.ClickException(
        f"缺少 {error.name}，请运行 pip install 'hotline[analysis]'。"
        f" {error.name} is missing: pip install 'hotline[analysis]'."
    ) from None
