"""`hotline replay`: recorded calls against another menus file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hotline.commands.acts import acting, refusals
from hotline.commands.common import placed, settings
from hotline.commands.report_options import days, spanned


@click.command(short_help="用记录的通话试一个菜单文件。 Recorded calls against a menus file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@spanned
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="最多几通，0 为全部。 At most so many calls, the first of the days; 0 = all.",
)
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@placed
def replay(
    file: Path,
    traffic: str,
    first: datetime | None,
    last: datetime | None,
    limit: int,
    style: str | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """把记录下来的通话放到 FILE 的菜单上再走一遍：谁更快，谁更慢，谁走失。

    Play recorded calls again on the menus of FILE: same wishes, same patience, same slips. Who
    would have got there sooner, who later, who would have got lost. Nothing is recorded.
    """
    import datetime as dt
    import json
    from zoneinfo import ZoneInfo

    from hotline import replaying, showing
    from hotline.reporting import Asked, Context
    from ivr.manifest import ManifestError
    from reports.layout import to_json

    chosen = settings(site, home)
    asked = Asked(traffic, *days(first, last))
    with refusals(), acting(chosen) as (ledger, _):
        context = Context(chosen, ledger, asked, dt.datetime.now(ZoneInfo(chosen.zone)))
        try:
            found = replaying.replay(context, file, limit)
        except ManifestError as error:
            raise click.ClickException(str(error)) from None
    if style == "json":
        whole, leaves = (json.loads(to_json(report)) for report in found)
        data: dict[str, Any] = {**whole, "leaves": leaves["rows"]}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    for report in found:
        if report.rows or report.notes:
            showing.show(report, "table")
