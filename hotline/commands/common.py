"""What commands share: options that may also stand behind the command, and opening the house."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from hotline.settings import Settings, from_environment

_IN_GROUPS = {
    "prefix_keyword": "开头相同的代码 codes that begin another",
    "near_keyword": "查询与取消只差一个字母 query and cancel a letter apart",
}
"""Findings that come by the hundred, and what their summary calls them."""

_FOLDER = click.Path(file_okay=False, path_type=Path)


class Lazy(click.Group):
    """A group whose commands are read when they are called.

    `below` maps a command's name to (the module of hotline.commands that has it, its short help).
    """

    def __init__(self, *args: Any, below: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._below = below

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the help."""
        del ctx
        return list(self._below)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; a near miss is named in the error."""
        if cmd_name not in self._below:
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, self._below, 1)
            hint = f" {near[0]}?" if near else f" {ctx.command_path} --help"
            ctx.fail(f"没有这个命令 No such command: {cmd_name}.{hint}")
        module = importlib.import_module(f"hotline.commands.{self._below[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list, without reading the commands' modules."""
        del ctx
        with formatter.section("命令 Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._below.items()])


def placed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --site and --home, so that they may stand before or behind the command's name."""
    for name, text in (
        ("--home", "状态文件夹。 State folder."),
        ("--site", "站点文件夹。 The site's folder."),
    ):
        command = click.option(name, type=_FOLDER, help=text)(command)
    return command


def settings(site: Path | None, home: Path | None, **given: object) -> Settings:
    """The settings of this command."""
    above = click.get_current_context().find_root().obj or (None, None)
    return from_environment(site or above[0], home or above[1], **given)


def open_house(chosen: Settings, *, recovering: bool = False, following: bool = False) -> Any:
    """The house of the settings; a menus file with errors is shown and ends the command."""
    from actions.embedded.store import WrongFile
    from actions.faults import BadFaults
    from hotline.house import House
    from hotline.vault import BadKey
    from hotline.versions import Refused
    from ledger.records import LedgerError

    try:
        return House(chosen, recovering=recovering, following=following)
    except Refused as refused:
        show_findings(refused.findings)
        raise click.exceptions.Exit(1) from None
    except (BadFaults, BadKey, LedgerError, WrongFile) as error:
        raise click.ClickException(str(error)) from None


def show_findings(findings: list[Any], *, every: bool = False) -> None:
    """Prints findings, errors in red, warnings in yellow.

    Without `every` those of a group (pairs of codes, by their books) are a line together.
    """
    groups = Counter((f.code, f.group) for f in findings if f.group and not every)
    for found in findings:
        if found.group and not every:
            continue
        click.secho(str(found.place), bold=True, nl=False, err=True)
        colour = "red" if found.severity == "error" else "yellow"
        click.secho(f" {found.severity} {found.code}", fg=colour, nl=False, err=True)
        click.echo(f"\n  {found.message_zh}\n  {found.message_en}", err=True)
    for code, kind in _IN_GROUPS.items():
        books = ", ".join(f"{group} {n}" for (of, group), n in sorted(groups.items()) if of == code)
        if books:
            click.secho(f"warning {code}", fg="yellow", nl=False, err=True)
            click.echo(f" {kind} (--all): {books}", err=True)


def number(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A subscriber number of a command line: national form, `-` = withheld."""
    if value == "-":
        return ""
    bare = re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", value.replace(" ", ""))
    if not re.fullmatch(r"\d{3,15}", bare):
        raise click.BadParameter(
            f"{value!r} 不是电话号码，例如 13800138000；不显示号码时写 -。"
            " Not a number; for example 13800138000, or - for a withheld one."
        )
    return bare
