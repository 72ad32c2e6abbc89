"""`hotline trial`: two versions served at once, and the worse one taken back."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.commands.acts import acting, author_option, refusals, told_aside
from hotline.commands.common import placed, settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TRAFFIC = ("real", "demo")


@click.group(short_help="试验候选版本。 Try a candidate on some of the subscribers.")
def trial() -> None:
    """试验：一部分用户用候选版本，其余用对照版本；候选更差就自动退回。

    Trial: some of the subscribers get a candidate version; a worse one is taken back by itself.
    """


_styled = click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")


@trial.command()
@click.argument("file", type=_FILE)
@click.option(
    "--share",
    type=click.IntRange(1, 99),
    default=10,
    show_default=True,
    help="百分之几的用户用候选版本。 Percent of the subscribers that get the candidate.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=31,
    show_default=True,
    help="最多几天；至少过完一个账单日。 Planned days; at least until a bill day is over.",
)
@click.option(
    "--expect",
    type=click.IntRange(-100, 1000),
    default=-66,
    show_default=True,
    help="预期失败变化的百分比。 Hoped-for change of the failures, in percent of today's.",
)
@click.option(
    "--traffic",
    type=click.Choice(_TRAFFIC),
    default="real",
    show_default=True,
    help="哪类话务参加。 Which traffic takes part.",
)
@author_option
@placed
def start(
    file: Path,
    share: int,
    days: int,
    expect: int,
    traffic: str,
    author: str,
    note: str,
    site: Path | None,
    home: Path | None,
) -> None:
    """开始试验：FILE 是候选的菜单文件，检查与正式版本一样，录音也要齐全。

    Start a trial of FILE, a menus file. It is checked like any version, audio included.
    """
    import secrets

    from hotline import trials
    from hotline.house import clock
    from hotline.ids import uuid7
    from hotline.versions import load_site

    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, versions):
        load_site(chosen.site, versions, author)
        candidate = trials.candidate_of(file, chosen.site)
        plan = trials.Plan(share, days, expect, traffic, author, note)
        at = clock()
        row = trials.start(
            ledger, versions, candidate, plan,
            at=at, trial=uuid7(at), salt=secrets.token_hex(8),
        )  # fmt: skip
    click.secho(
        f"✓ 候选 candidate {row.candidate[:16]} {share} %，对照 control {row.control[:16]}；"
        f" {days} 天 days，至少过完一个账单日 at least one bill day",
        fg="green",
    )


@trial.command()
@_styled
@placed
def status(style: str | None, site: Path | None, home: Path | None) -> None:
    """现在的试验（没有时看上一个）：两组用户、护栏、证据、意思。

    The trial that runs, else the last one: arms, guards, evidence, and what it means.
    """
    from hotline import trial_report
    from hotline.house import clock
    from hotline.showing import show

    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, _):
        tried = next(iter(ledger.trials()), None)
        if tried is None:
            show(trial_report.history(ledger), style or "table")
        else:
            show(trial_report.standing(ledger, tried, clock(), chosen.bill_day), style or "table")


@trial.command(name="list")
@_styled
@placed
def list_(style: str | None, site: Path | None, home: Path | None) -> None:
    """历次试验。 All trials, the newest first."""
    from hotline import trial_report
    from hotline.showing import show

    with refusals(), acting(settings(site, home)) as (ledger, _):
        show(trial_report.history(ledger), style or "table")


@trial.command()
@click.option("--adopt", is_flag=True, help="采用候选版本。 Make the candidate serve.")
@click.option(
    "--early", is_flag=True, help="不等账单日就采用。 Adopt although no bill day is over."
)
@author_option
@placed
def stop(
    adopt: bool, early: bool, author: str, note: str, site: Path | None, home: Path | None
) -> None:
    """结束试验：都用对照版本；--adopt 采用候选版本，并写入站点的文件。

    End the trial: everybody gets the control. --adopt makes the candidate serve instead, and
    writes it to the site's files.
    """
    from hotline import trials
    from hotline.house import clock

    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, versions):
        running = ledger.trial()
        if running is None:
            raise trials.Impossible("没有正在运行的试验。 No trial runs.")
        now = clock()
        if not adopt:
            trials.stop(ledger, versions, running, now, author, note)
            click.secho("✓ 已停止，都用对照版本。 Stopped: everybody has the control.", fg="green")
            return
        if not early and not trials.saw_bill_day(ledger, running, now, chosen.bill_day):
            raise trials.Impossible(
                f"还没有过完一个账单日（每月 {chosen.bill_day} 日），采用为时过早；"
                "一定要采用请加 --early。 No whole bill day is over yet: too early to adopt."
                " --early does it all the same."
            )
        aside = trials.adopt(chosen.site, ledger, versions, running, now, author, note)
    told_aside(aside)
    click.secho(
        f"✓ 已采用 adopted {running.candidate[:16]}，写入 written to {chosen.site}", fg="green"
    )
