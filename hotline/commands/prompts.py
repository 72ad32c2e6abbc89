"""`hotline prompts build|audit`: the recorded audio."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import click

from hotline.commands.common import placed, settings, show_findings
from ivr.studio import Finding
from menus.clips import Clip


@click.group(short_help="录音。 The recorded prompts.")
def prompts() -> None:
    """生成与检查录音。 Build and audit the recorded prompts."""


@prompts.command()
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="进程数。 Processes.",
)
@placed
def build(file: Path | None, jobs: int, site: Path | None, home: Path | None) -> None:
    """合成站点（或候选文件 FILE）缺少的录音（8 kHz 16 位单声道 WAV）；已有的不动。

    Synthesise what the site lacks, or a candidate's FILE; what is there stays. It needs pip install
    'hotline[prompts]'.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from ivr import studio
    from ivr.speech import Kokoro, SpeechError

    chosen = settings(site, home)
    wanted = _clips(file or chosen.site)
    columns = ("录音 prompts", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns) as bar:
            task = bar.add_task("", total=None)

            def advance(done: int, total: int, clip: Clip) -> None:
                del clip
                bar.update(task, completed=done, total=total)

            report = studio.build(
                chosen.prompts, wanted, synthesiser=Kokoro(), progress=advance, jobs=jobs
            )
    except (SpeechError, studio.PromptError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"新录 made {len(report.made)}，已有 kept {len(report.kept)}")
    _show(report.faulty)


@prompts.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。 Print JSON.")
@placed
def audit(as_json: bool, site: Path | None, home: Path | None) -> None:
    """检查录音：缺少、格式不统一、音量、静音、与文字不符。有错误时以状态 1 结束。

    Check the audio: missing, format, loudness, silence, text. Ends with status 1 on an error.
    """
    from ivr import studio

    chosen = settings(site, home)
    findings = studio.audit(chosen.prompts, _clips(chosen.site))
    if as_json:
        click.echo(json.dumps([f._asdict() for f in findings], ensure_ascii=False, indent=2))
    else:
        _show(findings)
        if not findings:
            click.secho("✓ 录音没有问题。 The audio is in order.", fg="green")
    if any(found.level == "error" for found in findings):
        raise click.exceptions.Exit(1)


def _show(findings: Iterable[Finding]) -> None:
    for found in findings:
        colour = {"error": "red", "warning": "yellow"}.get(found.level)
        click.secho(f"{found.path}: {found.level} {found.code}", fg=colour, err=True)
        click.echo(f"  {found.message}", err=True)


def _clips(site: Path) -> list[Clip]:
    from menus.clips import clips
    from menus.loader import load

    model, findings = load(site)
    if model is None:
        show_findings(findings)
        raise click.exceptions.Exit(1)
    return list(clips(model))
