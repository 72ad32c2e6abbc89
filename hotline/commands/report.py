"""`hotline report`: the numbers, each with its numerator and denominator."""

from __future__ import annotations

import click

from hotline.commands.common import Lazy

_REPORTS = {
    "failures": ("report_rates", "失败率 R1、R2、R3。 Failure rates."),
    "layers": ("report_rates", "失败原因分层与柏拉图。 Failures in layers, Pareto."),
    "errors": ("report_rates", "错误提示语及遇到次数。 Error prompts and how often they are met."),
    "control": ("report_rates", "失败率控制图。 Control chart of a failure rate."),
    "compare": ("report_rates", "两段日期或两个版本对比。 Two spans or two versions."),
    "target": ("report_rates", "离目标还差多少。 What each cause must give up for a target."),
    "topics": ("report_nodes", "咨询热点。 Hot topics."),
    "contact": ("report_nodes", "节点接触率。 Node contact rate of a day."),
    "order": ("report_nodes", "菜单排序与热点排序对比。 Menu order against hot topics."),
    "loss": ("report_nodes", "节点流失。 Loss by node."),
    "journeys": ("report_nodes", "路径与流失。 Ways with their drop-off."),
    "texts": ("report_nodes", "用户想要而没有的代码。 Codes that people want and there are not."),
    "requests": ("report_requests", "打开数字背后的申请。 The requests behind a figure."),
}


@click.group(cls=Lazy, below=_REPORTS, short_help="统计报表。 Reports.")
def report() -> None:
    """统计报表：每个数字都附分子、分母、话务类别和统计时间。

    Reports: every figure with its numerator and denominator, the traffic that it counts and its
    as-of time.
    """
