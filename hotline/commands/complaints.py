"""`hotline complaints`: what came to the feedback number, and what staff did about it."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.commands.acts import acting, author_option, refusals
from hotline.commands.common import placed, settings
from hotline.commands.report_options import traffic_option


@click.group(short_help="投诉与意见。 Complaints and opinions.")
def complaints() -> None:
    """发到意见反馈号码的短信：谁、何时、时限、怎样答复。

    Texts to the feedback number: whose they are, by when they are due, how they were answered.
    """


@complaints.command("list", short_help="待答复的投诉。 Those that are open.")
@click.option("--overdue", is_flag=True, help="只列超时的。 Only those past their time.")
@click.option("--all", "closed", is_flag=True, help="已答复的也列出。 Closed ones, too.")
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@traffic_option
@placed
def list_(
    overdue: bool,
    closed: bool,
    style: str | None,
    traffic: str,
    site: Path | None,
    home: Path | None,
) -> None:
    """待答复的投诉，最急的在前。

    Open complaints, what is due first on top. An ordinary one is due within 24 hours, one raised to
    the province within 48, to the national level within 72, from its arrival.
    """
    from hotline import complaints as file
    from hotline.house import clock
    from hotline.showing import show as shown

    with refusals(), acting(settings(site, home)) as (ledger, _):
        report = file.listed(ledger, clock(), traffic, overdue=overdue, closed=closed)
    shown(report, style or "table")


@complaints.command(short_help="一件投诉的全文。 A complaint in full.")
@click.argument("receipt")
@placed
def show(receipt: str, site: Path | None, home: Path | None) -> None:
    """受理编号 RECEIPT 的全文、号码和处理经过；原话在这里才解密。

    The words of a complaint, its number and what was done; only here they are unsealed.
    """
    from hotline import complaints as file
    from hotline.vault import Vault

    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, _):
        filed = file.found(ledger, receipt)
        for line in file.printed(ledger, Vault.at(chosen.home / "secret.key"), filed):
            click.echo(line)


@complaints.command("raise", short_help="升级一件投诉。 Raise it to a higher level.")
@click.argument("receipt")
@click.argument("level", type=click.Choice(("province", "national")))
@author_option
@placed
def raise_(
    receipt: str, level: str, author: str, note: str, site: Path | None, home: Path | None
) -> None:
    """升级到省级或全国：时限变为收到后 48 或 72 小时。

    Raise a complaint to the province or the national level: due 48 or 72 hours after it came.
    """
    from hotline import complaints as file
    from hotline.house import clock

    with refusals(), acting(settings(site, home)) as (ledger, _):
        file.escalate(ledger, file.found(ledger, receipt), level, clock(), author, note)
    click.secho(f"✓ {receipt} {level}", fg="green")


@complaints.command(short_help="已答复。 It was answered.")
@click.argument("receipt")
@author_option
@placed
def close(receipt: str, author: str, note: str, site: Path | None, home: Path | None) -> None:
    """记下已经答复，--note 写明怎样答复的。

    Record that a complaint was answered; --note says how.
    """
    from hotline import complaints as file
    from hotline.house import clock

    with refusals(), acting(settings(site, home)) as (ledger, _):
        file.close(ledger, file.found(ledger, receipt), clock(), author, note)
    click.secho(f"✓ {receipt} 已答复 closed", fg="green")
