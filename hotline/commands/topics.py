"""`hotline topics`: agents' wrap-up codes, and taking their records in."""

from __future__ import annotations

import datetime
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from hotline.commands.common import placed, settings, show_findings
from hotline.commands.report_options import traffic_option
from hotline.settings import Settings

if TYPE_CHECKING:
    from hotline.wrapups import BadLine
    from menus.topics import Topics

_SHOWN = 20
"""Bad lines that are printed; the others are counted."""


@click.group(short_help="来话小结代码与导入。 Agents' wrap-up codes.")
def topics() -> None:
    """人工座席的来话小结代码（topics.yaml），和话务记录的导入。

    Agents' wrap-up codes (topics.yaml), and the import of their records.
    """


@topics.command("import", short_help="导入来话小结。 Import wrap-up records.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--skip-bad",
    is_flag=True,
    help="跳过有错的行；不加就整个不导入。 Leave bad rows out instead of importing nothing.",
)
@traffic_option
@placed
def import_(file: Path, skip_bad: bool, traffic: str, site: Path | None, home: Path | None) -> None:
    """导入 CSV：列名 时间,小结代码,次数。同一个文件再导入一次不改变什么；时间相同的以后导入的为准。

    Import a CSV with the columns time, wrap-up code, count, in UTF-8 or GB18030. Times are local:
    YYYY-MM-DD, HH:MM may follow. The same file again changes nothing; a later file takes the place
    of what was known of its times. All bad rows are listed.

    Example: hotline topics import wrapups.csv
    """
    from hotline.wrapups import NotWrapUpsError, read

    chosen = settings(site, home)
    known = _topics(chosen)
    now = datetime.datetime.now(ZoneInfo(chosen.zone)).replace(tzinfo=None)
    size = file.stat().st_size
    try:
        with click.progressbar(length=size, label="读取 reading", file=sys.stderr) as bar:
            found = read(file, known.codes, now, bar.update)
    except NotWrapUpsError as error:
        raise click.ClickException(str(error)) from None
    if found.bad:
        _show_bad(file, found.bad)
        if not skip_bad:
            raise click.ClickException(
                f"{found.lines} 行中有 {len(found.bad)} 行有错，没有导入；改正，或加 --skip-bad。"
                f" {len(found.bad)} of {found.lines} rows are bad and nothing was imported:"
                " correct them, or add --skip-bad."
            )
    if not found.counts:
        raise click.ClickException("没有可导入的行。 There is no row to import.")
    _take_in(chosen, found.counts, traffic)
    if found.added:
        click.echo(
            f"{found.added} 行与前面的时间、代码相同，已相加。"
            f" {found.added} rows of a time and code met before were added up."
        )


def _topics(chosen: Settings) -> Topics:
    """The site's topics; errors are shown and end the command."""
    from menus.loader import load
    from menus.topics import load_topics

    model, found = load(chosen.site)
    if model is None:
        show_findings(found)
        raise click.exceptions.Exit(1)
    known, found = load_topics(chosen.site, model)
    show_findings(found)
    if known is None:
        raise click.exceptions.Exit(1)
    return known


def _show_bad(file: Path, bad: list[BadLine]) -> None:
    for line, zh, en in bad[:_SHOWN]:
        click.echo(f"{click.style(f'{file}:{line}', bold=True)}  {zh}。 {en}.", err=True)
    if len(bad) > _SHOWN:
        left = len(bad) - _SHOWN
        click.echo(f"…… 另有 {left} 行。 {left} more.", err=True)


def _take_in(
    chosen: Settings, counts: dict[tuple[datetime.datetime, str], int], traffic: str
) -> None:
    from ledger.ledger import Ledger
    from ledger.records import WrapUp

    zone = ZoneInfo(chosen.zone)
    summed: dict[tuple[int, str], int] = {}
    for (at, code), n in counts.items():  # a clock set back has times twice
        key = int(at.replace(tzinfo=zone).timestamp() * 1000), code
        summed[key] = summed.get(key, 0) + n
    content = json.dumps([traffic, sorted((at, code, n) for (at, code), n in summed.items())])
    source = hashlib.sha256(content.encode()).hexdigest()
    days = sorted({at.date().isoformat() for at, _ in counts})
    first, last = days[0], days[-1]
    with Ledger.open(chosen.home / "ledger.db", zone=chosen.zone) as ledger:
        before = sum(row.n for row in ledger.wrap_ups(first, last, traffic))
        rows = [WrapUp(at, code, n, source, traffic) for (at, code), n in sorted(summed.items())]
        new = ledger.add_wrap_ups(rows).result()
        after = sum(row.n for row in ledger.wrap_ups(first, last, traffic))
    span = f"{first} – {last}"
    if new:
        click.secho(f"✓ {new} 行 rows, {span}: {before} → {after} 次 talks", fg="green")
    else:
        click.echo(f"已经导入过，没有变化。 Imported before: nothing changed. {span}: {after}")


@topics.command("list", short_help="列出小结代码。 List the codes.")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。 Print JSON.")
@traffic_option
@placed
def list_(as_json: bool, traffic: str, site: Path | None, home: Path | None) -> None:
    """列出 topics.yaml 的代码、对应的业务和已导入的次数；没有业务的代码是下一步该做的。

    List the codes of topics.yaml, their leaves and how often each was imported. Those without a
    leaf are what to build next.
    """
    from ledger.ledger import Ledger

    chosen = settings(site, home)
    known = _topics(chosen)
    counted: dict[str, int] = {}
    with Ledger.open(chosen.home / "ledger.db", zone=chosen.zone) as ledger:
        for wrapped in ledger.wrap_ups(traffic=traffic):
            counted[wrapped.code] = counted.get(wrapped.code, 0) + wrapped.n
    rows: list[dict[str, Any]] = [
        {"code": code, **topic.names, "leaf": topic.leaf, "n": counted.get(code, 0)}
        for code, topic in known.codes.items()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        leaf = row["leaf"] or click.style("还没有 none yet", fg="yellow")
        click.echo(f"{row['code']}  {row['zh-CN']} {row['en']} → {leaf}  {row['n']}")
    missing = sum(not row["leaf"] for row in rows)
    click.secho(f"✓ {len(rows)} 个代码 codes, {missing} 个还没有业务 without a leaf", fg="green")
    if unknown := sorted(counted.keys() - known.codes.keys()):
        click.secho(
            f"记录里还有 topics.yaml 没有的代码 codes in the record only: {', '.join(unknown)}",
            fg="yellow",
        )
