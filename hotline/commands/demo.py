"""`hotline demo-traffic`: a synthetic population's calls and texts, recorded as demo."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click

from hotline.commands.common import open_house, placed, settings, show_findings

_EVERY = 200
"""Dialogues between two looks of the progress bar."""
_MOST_DAYS = 400


@click.command(
    "demo-traffic", short_help="生成演示话务，供报表试用。 Synthetic traffic to try reports on."
)
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    default=90,
    show_default=True,
    help="多少天，都在过去。 How many days, all of them past.",
)
@click.option(
    "--calls-per-day",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="平均每天多少通电话。 Calls a day on average.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="同一种子，同样的话务。 Same seed, same traffic.",
)
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="第一天；默认到昨天为止。 First day (default: so that yesterday is the last).",
)
@click.option(
    "--menus",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="用哪个菜单文件；写几次就先后使用。 Menus to play instead; several follow one another.",
)
@click.option(
    "--want",
    "wants",
    multiple=True,
    metavar="LEAF=WEIGHT",
    help="多少人要某项，如 payments=100；平常合计约 100。 How much is wanted (usually 100 in all).",
)
@click.option(
    "--patience",
    type=click.FloatRange(1, 3600),
    metavar="SECONDS",
    help="平均肯听多少秒，默认 400。 How long people listen on average (default: 400).",
)
@click.option(
    "--regulars",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="多少人记得按键，默认 0.3。 Which share knows the keys (default: 0.3).",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="真值写到哪里；默认状态文件夹的 demo-truth.json。 Where what was planted is written.",
)
@placed
def demo_traffic(
    days: int,
    calls_per_day: int,
    seed: int,
    first: datetime.datetime | None,
    menus: tuple[Path, ...],
    wants: tuple[str, ...],
    patience: float | None,
    regulars: float | None,
    truth: Path | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """虚构的用户打电话、发短信，经过真实的引擎记入话单，标为 demo，报表用 --traffic demo 查看。

    Made-up people call and text, through the real engine into the real record, marked demo: reports
    show them with --traffic demo. What was planted is written beside, to compare with. Ctrl-C ends
    it cleanly; the same command goes on where it stopped.
    """
    from hotline.demo.parameters import planned
    from hotline.demo.run import Span, Taken
    from hotline.demo.traffic import TRUTH, Traffic
    from hotline.versions import Refused

    chosen = settings(site, home)
    span = Span(seed, _first_day(chosen.zone, days, first), days, calls_per_day)
    wanted = dict(map(_want, wants))
    with open_house(chosen) as house:
        try:
            traffic = Traffic(house, span, menus, planned(wanted, patience, regulars))
            _known(wanted, traffic)
            _played(traffic)
        except Refused as refused:
            show_findings(refused.findings)
            raise click.exceptions.Exit(1) from None
        except Taken as taken:
            raise click.UsageError(_taken(taken)) from None
        except KeyboardInterrupt:
            _broken_off(traffic)
            raise click.exceptions.Exit(130) from None
    file = truth or chosen.home / TRUTH
    traffic.write_truth(file)
    _tell(traffic, file)


def _want(text: str) -> tuple[str, float]:
    target, _, weight = text.rpartition("=")
    try:
        number = float(weight)
    except ValueError:
        number = -1
    if not target or not 0 <= number < 1e9:
        raise click.UsageError(
            f"--want {text}：请写“业务=份额”，如 payments=100。"
            f" --want {text}: write LEAF=WEIGHT, such as payments=100."
        )
    return target, number


def _known(wanted: dict[str, float], traffic: Any) -> None:
    from menus.findings import hint

    known = sorted({target for one in traffic.versions for target in one.ways.targets})
    for target in wanted:
        if target not in known:
            near = hint(target, known)
            raise click.UsageError(
                f"菜单里没有通往 {target} 的选项。{near['hint_zh']}"
                f" No line of the menus leads to {target}.{near['hint_en']}"
            )


def _first_day(zone: str, days: int, first: datetime.datetime | None) -> datetime.date:
    from zoneinfo import ZoneInfo

    today = datetime.datetime.now(ZoneInfo(zone)).date()
    latest = today - datetime.timedelta(days=days)
    if first is None:
        return latest
    if first.date() > latest:
        raise click.UsageError(
            f"演示话务只能在过去：{days} 天最晚从 {latest} 开始。"
            f" Demo traffic lies in the past: {days} days begin on {latest} at the latest."
        )
    return first.date()


def _played(traffic: Any) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} / {task.total:,.0f}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(str(traffic.span.first), total=traffic.expected(), rate="")
        for step in traffic.go():
            if step.dialogues % _EVERY == 0:
                day = traffic.span.first + datetime.timedelta(days=step.day)
                rate = f"{bar.tasks[0].speed or 0:,.0f}/s"
                bar.update(task, completed=step.dialogues, description=str(day), rate=rate)


def _taken(taken: Any) -> str:
    return (
        f"这些天里已有另一批演示话务（{taken.first} 至 {taken.last}），不能混在一起："
        "请用 --from 另选日期，或用 --home 另选状态文件夹。"
        f" Another run's demo traffic is there from {taken.first} to {taken.last}, and the two"
        " can't be mixed: choose other days with --from or another state folder with --home."
    )


def _broken_off(traffic: Any) -> None:
    click.secho(
        f"\n已停止：{traffic.run.dialogues} 次对话，记录完整；再运行同样的命令就接着做。"
        f" Stopped after {traffic.run.dialogues} whole dialogues; the same command goes on.",
        fg="yellow",
        err=True,
    )


def _tell(traffic: Any, file: Path) -> None:
    run, span = traffic.run, traffic.span
    count = run.truth.contacts
    calls, texts = (sum(n for (of, _), n in count.items() if of == c) for c in ("voice", "text"))
    if run.there == run.dialogues:
        mark = "= 已经都在记录里，没有增加 All of it was there already, nothing was added:"
    else:
        mark = "✓"
    click.secho(f"{mark} {span.first} – {span.last} demo", fg="green")
    click.echo(f"  {calls} 通电话 calls, {texts} 次短信对话 text dialogues", nl=False)
    new = run.dialogues - run.there
    click.echo(f"，新增 of them new {new}" if 0 < run.there < run.dialogues else "")
    rates = (f"{name} {n}/{of}" for name, (n, of) in run.truth.rates().items())
    click.echo(f"  {' · '.join(rates)}")
    click.echo(f"  真值 truth: {file}")
    click.echo("  试试 Try: hotline report failures --traffic demo --by month")
