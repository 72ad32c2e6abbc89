"""`hotline report`: how many requests fail, and why."""

from __future__ import annotations

from typing import Any

import click

from hotline.commands.report_options import reported

_BY = (
    "month", "day", "hour", "node", "service", "kind", "keyword", "channel", "brand", "version",
    "class", "cause", "reason",
)  # fmt: skip


@reported("failures", rebuild=True, filtered=True)
@click.option("--by", type=click.Choice(_BY), help="分组。 Group by.")
def failures(by: str | None) -> dict[str, Any]:
    """失败率 R1、R2、R3，附分子、分母、类别、原因。

    Failure rates R1, R2 and R3 with numerators, denominators, classes and causes.
    """
    return {"by": by}


_RATE = click.option(
    "--rate",
    type=click.Choice(("R1", "R2", "R3")),
    default="R3",
    show_default=True,
    help="哪个失败率。 Which rate.",
)
_TARGET = click.option(
    "--target",
    type=click.FloatRange(0, 100, max_open=True),
    default=0.86,
    show_default=True,
    metavar="PERCENT",
    help="目标，百分数。 Target, in percent.",
)


@reported("layers", rebuild=True, filtered=True)
@click.option(
    "--by",
    type=click.Choice(("cause", "node")),
    default="cause",
    show_default=True,
    help="按原因分层，或按节点的超额失败。 In layers by cause, or nodes by excess failures.",
)
@_RATE
@_TARGET
def layers(**given: Any) -> dict[str, Any]:
    """失败原因分层：分类、原因、失败码、节点，附占比与累计占比。

    Failures in layers: class, cause, reason, node, with share and cumulative share. With --by node
    the nodes stand by their failures in excess of the target.
    """
    return given


@reported("errors", rebuild=True, filtered=True)
@click.option(
    "--tries",
    is_flag=True,
    help="每次按错、没按键之后的提示。 What is said after each wrong entry instead.",
)
def errors(**given: Any) -> dict[str, Any]:
    """每种错误的提示语和遇到次数；没有自己提示语的错误会点名。

    Each reason's prompt and how often it was met; reasons without a prompt of their own are named.
    """
    return given


@reported("control", rebuild=True, filtered=True)
@_RATE
@click.option(
    "--by",
    type=click.Choice(("day", "hour")),
    default="day",
    show_default=True,
    help="按日或按小时。 By day or by hour.",
)
@click.option(
    "--baseline",
    metavar="FROM..TO",
    help="固定的基准期，默认前一半。 The frozen baseline (default: the first half).",
)
def control(**given: Any) -> dict[str, Any]:
    """失败率的控制图（Laney p'）：哪一天、哪一小时不寻常。

    Control chart (Laney's p') of a failure rate: which day or hour is out of the ordinary.
    """
    return given


@reported("compare", rebuild=True, filtered=True)
@click.argument("a")
@click.argument("b")
@_RATE
@click.option(
    "--by",
    type=click.Choice(("node", "kind", "service", "channel", "brand", "called")),
    default="node",
    show_default=True,
    help="变化按什么分解。 Split the change over.",
)
def compare(**given: Any) -> dict[str, Any]:
    """对比 A 与 B：两段日期，或两个菜单版本；分解为构成影响与失败率影响。

    B against A: two spans (2026-02, 2026-03-01..2026-03-15) or two menus versions (the first
    digits). The change is split into mix effect and rate effect.
    """
    return given


@reported("target", rebuild=True, filtered=True)
@_RATE
@_TARGET
@click.option(
    "--baseline",
    metavar="FROM..TO",
    help="从哪段日期算起，默认质量小组的 2.56 %。 Where the way began (default: 2.56 %).",
)
def target(**given: Any) -> dict[str, Any]:
    """离目标还差多少：各原因要减少多少次失败，同比例或先大后小。

    What each cause would have to give up to reach the target: in proportion, and worst first.
    """
    return given
