"""`hotline orders`: what was ordered, where each order stands, and all that came of one."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from dialog.outcomes import UNKNOWN
from hotline.commands.acts import acting, refusals
from hotline.commands.common import number, open_house, placed, settings
from hotline.commands.report_options import days, spanned, traffic_option
from hotline.orders import STATES, found, listed, printed

_MOST = 1000
"""Orders asked for in one go: each may take a while."""


@click.group(short_help="订单。 Orders.")
def orders() -> None:
    """订单：哪些还没有结果，一件订单的全部经过。

    Orders: which have no known end yet, and all that came of one. Numbers are never shown in full.
    """


def _number(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else number(ctx, param, value)


@orders.command("list", short_help="还没有结果的订单。 Those without a known end.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(tuple(STATES)),
    help="只列这些状态的，可写几次。 Those in these states only; may be repeated.",
)
@click.option("--all", "ended", is_flag=True, help="已有结果的也列出。 Those that ended, too.")
@click.option(
    "--number", callback=_number, help="这个用户的，写完整号码。 Of this number, in full."
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="最多列出几件，最近的。 The most to list, the latest.",
)
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@click.option("--csv", "style", flag_value="csv", help="输出 CSV。 Print CSV.")
@spanned
@placed
def list_(
    states: tuple[str, ...],
    ended: bool,
    number: str | None,
    limit: int,
    style: str | None,
    traffic: str,
    first: datetime | None,
    last: datetime | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """在办的和结果待查的订单，最近的在最后。

    Orders under way and those of unknown end, the newest last. Days are those on which the price
    was said.
    """
    from hotline.showing import show as shown

    if ended and states:
        raise click.UsageError("--all 不能与 --state 同用。 --all goes without --state.")
    begin, end = days(first, last)
    with refusals(), acting(settings(site, home)) as (ledger, _):
        report = listed(
            ledger,
            traffic,
            limit,
            states=states,
            number=number,
            first=begin,
            last=end,
            ended=ended,
        )
    shown(report, style or "table")


@orders.command(short_help="一件订单的全部经过。 An order's whole history.")
@click.argument("order", metavar="ID")
@placed
def show(order: str, site: Path | None, home: Path | None) -> None:
    """订单 ID 的报价、说过的话、每个状态和时间、BSS 的答复、发给用户的短信；ID 可以只写开头几位。

    What was quoted and said, each state with its time, what the BSS said, the texts that the
    subscriber was sent and what became of them. An ID may be cut short.
    """
    with refusals(), acting(settings(site, home)) as (ledger, _):
        for line in printed(ledger, found(ledger, order)):
            click.echo(line)


@orders.command(short_help="现在就向 BSS 查问。 Ask the BSS now.")
@traffic_option
@placed
def reconcile(traffic: str, site: Path | None, home: Path | None) -> None:
    """现在就向 BSS 查问结果待查的订单，七天以前的也问；查到的照样短信告诉用户。

    Ask the BSS now how the orders of unknown end came out, those of more than seven days ago too.
    What is known is recorded, and the subscriber is sent the text that was promised.
    """
    from hotline.sweep import ask

    with refusals(), open_house(settings(site, home)) as house:
        asked = house.ledger.orders(traffic, _MOST, states=(UNKNOWN,))
        with click.progressbar(asked, label="查问 asking", file=sys.stderr) as waiting:
            for order in waiting:
                ask(house, order.order.id)
        left = len(house.ledger.orders(traffic, _MOST, states=(UNKNOWN,)))
    told = f"查问 asked {len(asked)}, 仍待查 still unknown {left}"
    click.secho(f"✓ {told}" if not left else told, fg="yellow" if left else "green")
