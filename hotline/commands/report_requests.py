"""`hotline report requests`: the requests behind a figure."""

from __future__ import annotations

from typing import Any

import click

from hotline.commands.report_options import reported


@reported("requests", filtered=True)
@click.option(
    "--rate", type=click.Choice(("R1", "R2", "R3")), help="这个失败率的失败。 What failed in it."
)
@click.option("--outcome", help="结果 succeeded、failed、lost 等。 Outcome.")
@click.option("--reason", help="失败码。 Reason.")
@click.option("--class", "class_", help="原因分类 system、operation、rule。 Class.")
@click.option("--cause", help="原因，见 causes.yaml。 Cause.")
@click.option(
    "--guided",
    type=click.Choice(("yes", "no")),
    help="此前有无错误或重听。 With errors or repeats before.",
)
@click.option("--day", metavar="YYYY-MM-DD", help="哪一天。 Day.")
@click.option("--hour", type=click.IntRange(0, 23), help="哪个小时。 Hour.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="最多列出几次。 The most to list.",
)
def requests(class_: str | None, guided: str | None, **given: Any) -> dict[str, Any]:
    """列出数字背后的申请，最近的在前；用户只以代号出现。

    List the requests (and lost calls) behind a figure, the newest first; subscribers appear by
    their pseudonyms only. Each report ends with the command that opens its first row.
    """
    return {"class": class_, "guided": None if guided is None else guided == "yes", **given}
