"""`hotline check`, `actions`, `schema`, `diagram`: the menus file for ops staff and editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hotline.commands.common import placed, settings, show_findings


def _path(file: Path | None, site: Path | None, home: Path | None) -> Path:
    return file if file is not None else settings(site, home).site


@click.command(short_help="检查 menus.yaml。 Check menus.yaml.")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--all", "every", is_flag=True, help="相近的代码逐对列出。 Each pair of like codes.")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。 Print JSON.")
@placed
def check(
    file: Path | None, every: bool, as_json: bool, site: Path | None, home: Path | None
) -> None:
    """检查站点或 FILE：所有问题一次列出，带文件、行、列。有错误时以状态 1 结束。

    Check the site or FILE; all findings at once. Ends with status 1 when one is an error.
    """
    from hotline.versions import check as check_site

    model, findings = check_site(_path(file, site, home))
    errors = sum(found.severity == "error" for found in findings)
    if as_json:
        data = {
            "ok": not errors and model is not None,
            "digest": model.digest if model else None,
            "findings": [found.json() for found in findings],
        }
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        show_findings(findings, every=every)
        warnings = len(findings) - errors
        if errors or model is None:
            click.secho(f"✗ {errors} 个错误 errors, {warnings} 个警告 warnings", fg="red")
        else:
            codes = sum(len(rows) for rows in model.codes.values())
            click.secho(
                f"✓ {len(model.nodes)} 个节点 nodes, {codes} 条指令 codes, "
                f"{warnings} 个警告 warnings, 版本 version {model.digest[:16]}",
                fg="green",
            )
    if errors or model is None:
        raise click.exceptions.Exit(1)


@click.command(short_help="列出动作。 List the actions.")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。 Print JSON.")
def actions(as_json: bool) -> None:
    """列出 menus.yaml 可用的动作：参数、给出的值、可能的结果。

    List what a menus file may name: arguments, values given, outcomes.
    """
    from actions.signatures import SIGNATURES

    if as_json:
        rows = [signature._asdict() for signature in SIGNATURES.values()]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for signature in SIGNATURES.values():
        args = ", ".join(
            f"{name}: {kind}" + ("?" if name in signature.optional else "")
            for name, kind in signature.args.items()
        )
        gives = ", ".join(f"{name}: {kind}" for name, kind in signature.gives.items())
        click.echo(
            f"{click.style(f'{signature.kind} {signature.name}', bold=True)}({args})"
            + (f" → {gives}" if gives else "")
        )
        click.secho(f"    {' '.join(signature.outcomes)}", dim=True)


@click.command(short_help="输出 JSON Schema。 Print the JSON Schema.")
@click.option("--codebook", "of", flag_value="codebook", help="短信代码表的。 That of a codebook.")
@click.option("--topics", "of", flag_value="topics", help="topics.yaml 的。 That of topics.yaml.")
@click.option("--tuning", "of", flag_value="tuning", help="tuning.yaml 的。 That of tuning.yaml.")
def schema(of: str | None) -> None:
    """输出 menus.yaml 的 JSON Schema，供编辑器补全与提示。 Print the JSON Schema for editors."""
    from menus.schema import CODEBOOK, MENUS, TOPICS, json_schema
    from tuning.rules import TUNING

    shape, title = {
        None: (MENUS, "menus.yaml"),
        "codebook": (CODEBOOK, "codebook"),
        "topics": (TOPICS, "topics.yaml"),
        "tuning": (TUNING, "tuning.yaml"),
    }[of]
    click.echo(json.dumps(json_schema(shape, title), ensure_ascii=False, indent=2))


@click.command(short_help="输出菜单图。 Print the menu diagram.")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@placed
def diagram(file: Path | None, site: Path | None, home: Path | None) -> None:
    """输出菜单树（Mermaid）。 Print the menu tree as a Mermaid diagram."""
    from hotline.versions import check as check_site
    from menus.diagram import mermaid

    model, findings = check_site(_path(file, site, home))
    if model is None:
        show_findings(findings)
        raise click.exceptions.Exit(1)
    click.echo(mermaid(model))
