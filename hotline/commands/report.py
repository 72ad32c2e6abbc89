"""`hotline report`: the numbers, each with its numerator and denominator."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.commands.common import placed, settings

_BY = (
    "month", "day", "hour", "node", "service", "kind", "keyword", "channel", "class", "cause",
    "reason",
)  # fmt: skip
_TRAFFIC = ("real", "rehearsal", "dialtest", "demo", "replay")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(short_help="统计报表。 Reports.")
def report() -> None:
    """统计报表。 Reports."""


@report.command()
@click.option("--by", type=click.Choice(_BY), help="分组。 Group by.")
@click.option(
    "--traffic",
    type=click.Choice(_TRAFFIC),
    default="real",
    show_default=True,
    help="统计哪类话务。 Which traffic; kinds are never mixed.",
)
@click.option("--from", "first", type=_DAY, metavar="YYYY-MM-DD", help="从哪天起。 First day.")
@click.option("--to", "last", type=_DAY, metavar="YYYY-MM-DD", help="到哪天止。 Last day.")
@click.option("--rebuild", is_flag=True, help="不用汇总，从明细重算。 Count from the rows.")
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@click.option("--csv", "style", flag_value="csv", help="输出 CSV。 Print CSV.")
@placed
def failures(
    by: str | None,
    traffic: str,
    first: object,
    last: object,
    rebuild: bool,
    style: str | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """失败率 R1、R2、R3，附分子、分母、类别、原因。

    Failure rates R1, R2 and R3 with numerators, denominators, classes and causes.
    """
    from hotline import reporting

    if first is not None and last is not None and first > last:  # type: ignore[operator]
        raise click.UsageError("--from 晚于 --to，请对调。 --from is after --to: swap them.")
    chosen = settings(site, home)
    made = reporting.failures(
        chosen,
        by=by,
        traffic=traffic,
        first=f"{first:%Y-%m-%d}" if first else "",
        last=f"{last:%Y-%m-%d}" if last else "",
        rebuild=rebuild,
    )
    reporting.show(made, style or "table")
