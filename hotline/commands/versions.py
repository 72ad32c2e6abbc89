"""`hotline versions` and `hotline rollback`: what has served, and going back to it."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.commands.acts import acting, author_option, refusals, told_aside
from hotline.commands.common import placed, settings


@click.group(invoke_without_command=True, short_help="菜单的各个版本。 The menus versions.")
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@placed
@click.pass_context
def versions(ctx: click.Context, style: str | None, site: Path | None, home: Path | None) -> None:
    """菜单的各个版本：何时、谁、为什么、是否在用、用过多少。

    The menus versions: when, who, why, whether one serves or is on trial, and how much it served.
    """
    if ctx.invoked_subcommand is not None:
        return
    from hotline import version_report
    from hotline.showing import show

    with refusals(), acting(settings(site, home)) as (ledger, _):
        show(version_report.listed(ledger), style or "table")


@versions.command()
@click.argument("digest")
@click.option("--against", metavar="DIGEST", help="与这个版本比较。 Show what differs from it.")
@placed
def show(digest: str, against: str | None, site: Path | None, home: Path | None) -> None:
    """输出版本的全文，或与另一个版本的差别；DIGEST 可以只写开头几位。

    Print a version's sources, or what differs between two. A DIGEST may be cut short.
    """
    from hotline import version_report

    with refusals(), acting(settings(site, home)) as (ledger, kept):
        one = kept.sources(version_report.whole(ledger, digest))
        if against is None:
            lines = version_report.printed(one)
        else:
            other = version_report.whole(ledger, against)
            lines = version_report.compared(kept.sources(other), one)
    for line in lines:
        click.echo(line)


@click.command(short_help="退回到以前的版本。 Go back to an earlier version.")
@click.argument("digest", required=False)
@author_option
@placed
def rollback(
    digest: str | None, author: str, note: str, site: Path | None, home: Path | None
) -> None:
    """退回到 DIGEST（默认上一个启用的版本）：写回站点的文件，立即生效，重启之后也一样。

    Go back to DIGEST (default: what served before): written to the site's files, so that it also
    serves after a restart. A DIGEST may be cut short.
    """
    from hotline import rollback as back
    from hotline import version_report

    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, kept):
        named = version_report.whole(ledger, digest) if digest else back.target(chosen.site, ledger)
        done = back.roll_back(chosen.site, ledger, kept, named, author, note)
    told_aside(done.aside)
    click.secho(f"✓ 现行版本 serving {done.digest[:16]}，写入 written to {chosen.site}", fg="green")
