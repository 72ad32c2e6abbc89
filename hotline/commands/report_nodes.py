"""`hotline report`: hot topics, and what becomes of callers at each node."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from hotline.commands.report_options import reported

_HALF_LIFE = click.option(
    "--half-life",
    type=click.FloatRange(min=0.0, min_open=True),
    default=14.0,
    show_default=True,
    help="多少天前的算一半。 Days after which evidence counts half.",
)


@reported("topics")
@_HALF_LIFE
def topics(half_life: float) -> dict[str, Any]:
    """咨询热点：来话小结、两个渠道的申请、未匹配短信、重复来询并列，附趋势。

    Hot topics, each with its sources side by side: agents' wrap-up codes, requests of both
    channels, unmatched texts, repeat contacts; and its trend. What has no self-service yet is
    listed: what to build next.
    """
    return {"half_life": half_life}


@reported("contact")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="哪一天；默认昨天。 Which day (default: yesterday).",
)
@click.option(
    "--least",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="至少成功几次才算接触。 Completed requests that make a node reached.",
)
def contact(day: datetime | None, least: int) -> dict[str, Any]:
    """节点接触率：某一天有成功申请的节点 / 当天提供的节点。

    Node contact rate of a day: nodes with completed requests out of those that were offered; which
    nobody reached, and what that says.
    """
    return {"day": day, "least": least}


@reported("order")
@_HALF_LIFE
@click.option("--language", help="念的语言。 Language spoken (default: the first).")
def order(half_life: float, language: str | None) -> dict[str, Any]:
    """菜单排序与咨询热点排序对比，附念完时间。

    The rank of each line in its menu against the rank of what it leads to among hot topics, with
    the seconds until it has been said.
    """
    return {"half_life": half_life, "language": language}


@reported("loss")
@click.option("--node", help="只看这个节点。 One node only.")
def loss(node: str | None) -> dict[str, Any]:
    """节点流失：进入、流失、未按键、按错、转人工、挂机、重听，最差的在前。

    Loss by node: entries, calls lost before any leaf, no input, no match, agent keys, hang-ups,
    first-key errors and repeats, the worst first.
    """
    return {"node": node}


@reported("journeys")
@click.option(
    "--channel",
    type=click.Choice(("voice", "text")),
    default="voice",
    show_default=True,
    help="渠道。 Channel.",
)
@click.option(
    "--depth",
    type=click.IntRange(1, 4),
    default=4,
    show_default=True,
    help="看前几个节点。 How many nodes of each way.",
)
def journeys(channel: str, depth: int) -> dict[str, Any]:
    """路径与流失：对话走过的前几个节点，在哪里结束。

    The ways that dialogues take through their first nodes, and where they end.
    """
    return {"channel": channel, "depth": depth}


@reported("texts")
@click.option("--called", help="发往的号码。 The number texted.")
@click.option("--brand", help="品牌。 Brand.")
@click.option(
    "--least",
    type=click.IntRange(min=3),
    default=3,
    show_default=True,
    help="至少几个用户发过。 Sent by at least so many subscribers.",
)
def texts(called: str | None, brand: str | None, least: int) -> dict[str, Any]:
    """用户想要而没有的代码：不认识的短信，多少条，多少用户，哪些品牌，可能想发什么。

    Codes that people want and that there are not: unknown texts by number, how many, from how
    many subscribers and which brands, what they may have meant, and what spells a code by now.
    """
    where = {"called": called, "brand": brand}
    return {"where": {name: value for name, value in where.items() if value}, "least": least}
