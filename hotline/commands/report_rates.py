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
