"""`hotline tune`: the best order of the menus, what it saves, and the change of menus.yaml."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.commands.acts import acting, author_option, refusals, told_aside
from hotline.commands.common import placed, settings
from hotline.commands.report_options import days, needs_extra, spanned

if TYPE_CHECKING:
    from hotline.tuning import Proposed, Wish
    from hotline.versions import Versions


@click.command(short_help="菜单次序调优。 The best order of the menus.")
@click.option(
    "--menu", "menus", multiple=True, metavar="ID", help="只看这些菜单。 These menus only."
)
@spanned
@click.option(
    "--language", help="按哪种语言的录音计时。 Whose audio is timed (default: the first)."
)
@click.option("--renumber", is_flag=True, help="按新次序重排按键。 Give the keys out anew.")
@click.option(
    "--shortcuts",
    type=click.IntRange(0, 9),
    metavar="K",
    help="最多把 K 项提到主菜单。 Announce up to K leaves in the main menu.",
)
@click.option("--json", "style", flag_value="json", help="输出 JSON。 Print JSON.")
@click.option("--diff", "style", flag_value="diff", help="只输出改动。 Print the diff only.")
@click.option(
    "--write",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="写到另一个文件，用来试验。 Write the changed menus.yaml elsewhere, for a trial.",
)
@click.option(
    "--apply", "apply_", is_flag=True, help="写入 menus.yaml 并启用。 Write it, and let it serve."
)
@author_option
@placed
def tune(
    menus: tuple[str, ...],
    traffic: str,
    first: datetime | None,
    last: datetime | None,
    language: str | None,
    renumber: bool,
    shortcuts: int | None,
    style: str | None,
    file: Path | None,
    apply_: bool,
    author: str,
    note: str,
    site: Path | None,
    home: Path | None,
) -> None:
    """菜单里先念什么：按需求和录音时长算出最佳次序，能省多少、把握多大，以及 menus.yaml 的改动。

    What to announce first: the best order by demand and length, what it saves and how surely, and
    the change of menus.yaml. Nothing is changed without --apply; rules are in tuning.yaml.
    """
    from hotline.reporting import Asked
    from hotline.tuning import Wish

    if renumber and shortcuts:
        raise click.UsageError(
            "--renumber 与 --shortcuts 不能一起用。 Use --renumber or --shortcuts, not both."
        )
    asked = Asked(traffic, *days(first, last))
    wish = Wish(language or "", menus, renumber, shortcuts)
    chosen = settings(site, home)
    with refusals(), acting(chosen) as (ledger, versions):
        proposed = _proposed(chosen, ledger, asked, wish)
        _show(proposed, style)
        if file is not None:
            _write(proposed, file)
        if apply_:
            _apply(proposed, versions, author, note)


def _proposed(chosen: Any, ledger: Any, asked: Any, wish: Wish) -> Proposed:
    import datetime as dt
    from zoneinfo import ZoneInfo

    from hotline import tuning
    from hotline.durations import UnrecordedError
    from hotline.evidence import BadTopicsError
    from hotline.reporting import Context
    from hotline.versions import Refused
    from ivr.manifest import ManifestError
    from menus.edits import EditError
    from reports.layout import Unanswerable

    context = Context(chosen, ledger, asked, dt.datetime.now(ZoneInfo(chosen.zone)))
    try:
        return tuning.propose(context, tuning.checked_site(chosen.site), wish)
    except BadTopicsError as error:
        raise Refused(error.findings) from None
    except (EditError, Unanswerable) as error:
        raise click.UsageError(str(error)) from None
    except (UnrecordedError, ManifestError) as error:
        raise click.ClickException(str(error)) from None
    except ModuleNotFoundError as error:
        needs_extra(error)
        raise


def _show(proposed: Proposed, style: str | None) -> None:
    import json

    from hotline import tuning_text

    if style == "json":
        click.echo(json.dumps(tuning_text.data(proposed), ensure_ascii=False, indent=2))
        return
    if style is None:
        tuning_text.show(proposed)
    click.echo(proposed.diff, nl=False)


def _write(proposed: Proposed, file: Path) -> None:
    try:
        file.write_text(proposed.after, "utf-8", newline="")
    except OSError as error:
        raise click.UsageError(
            f"不能写入 {file}：{error.strerror}。 Can't write {file}: {error.strerror}."
        ) from None
    click.echo(f"已写入 written: {file}", err=True)


def _apply(proposed: Proposed, versions: Versions, author: str, note: str) -> None:
    from hotline import tuning

    model = proposed.new
    if model is None:
        click.secho("没有改动。 Nothing to apply.", fg="yellow", err=True)
        return
    try:
        aside = tuning.apply(proposed, model, versions, author, note)
    except tuning.MovedError:
        raise click.UsageError(
            "menus.yaml 刚被改过，请重新运行。 menus.yaml has just been changed: run it again."
        ) from None
    told_aside(aside)
    click.secho(
        f"✓ 现行版本 serving {model.digest[:16]}，写入 written to {proposed.site.folder}",
        fg="green",
        err=True,
    )
