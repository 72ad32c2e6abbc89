"""`hotline prompts build|audit`: the recorded audio."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hotline.commands.common import placed, settings


@click.group(short_help="录音。 The recorded prompts.")
def prompts() -> None:
    """生成与检查录音。 Build and audit the recorded prompts."""


@prompts.command()
@placed
def build(site: Path | None, home: Path | None) -> None:
    """合成缺少的录音（8 kHz 16 位单声道 WAV）；已有的不动。

    Synthesise what is missing; what is there stays. Needs the extra: pip install 'hotline[prompts]'
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ivr import studio
    from ivr.speech import Unavailable, speaker

    chosen = settings(site, home)
    wanted = _clips(chosen.site)
    try:
        synthesiser = speaker()
    except Unavailable as missing:
        raise click.ClickException(str(missing)) from None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("录音 prompts", total=len(wanted))
        report = studio.build(
            chosen.prompts,
            wanted,
            synthesiser=synthesiser,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    click.echo(f"新增 made {report.made}，已有 kept {report.kept}")


@prompts.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。 Print JSON.")
@placed
def audit(as_json: bool, site: Path | None, home: Path | None) -> None:
    """检查录音：缺少、格式不统一、音量、静音、与文字不符。有问题时以状态 1 结束。

    Check the audio: missing, wrong format, loudness, silence, text changed.
    """
    from ivr import studio

    chosen = settings(site, home)
    findings = studio.audit(chosen.prompts, _clips(chosen.site))
    if as_json:
        click.echo(json.dumps([f._asdict() for f in findings], ensure_ascii=False, indent=2))
    else:
        for found in findings:
            click.secho(f"{found.path} {found.code}", fg="yellow", nl=False)
            click.echo(f"  {found.message}")
        click.echo(f"{len(findings)} 个问题 findings")
    if findings:
        raise click.exceptions.Exit(1)


def _clips(site: Path) -> list[object]:
    from hotline.commands.common import show_findings
    from menus.clips import clips
    from menus.loader import load

    model, findings = load(site)
    if model is None:
        show_findings(findings)
        raise click.exceptions.Exit(1)
    return list(clips(model))
