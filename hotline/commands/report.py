"""`hotline report`: the numbers, each with its numerator and denominator."""

from __future__ import annotations

import click

from hotline.commands.common import Lazy

_REPORTS = {
    "failures": ("report_rates", "失败率 R1、R2、R3。 Failure rates."),
}


@click.group(cls=Lazy, below=_REPORTS, short_help="统计报表。 Reports.")
def report() -> None:
    """统计报表：每个数字都附分子、分母、话务类别和统计时间。

    Reports: every figure with its numerator and denominator, the traffic that it counts and its
    as-of time.
    """
