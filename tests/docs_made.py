"""The parts of the documentation that are made from the code.

They stand between `<!-- made: NAME -->` and `<!-- end -->`. `python tests/docs_made.py` writes
them anew; tests/test_docs.py fails while one is out of date.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import click

from dialog.fields import TYPES
from hotline.cli import cli
from menus.lint_texts import FAULTS_OF
from menus.messages import MESSAGES

ROOT = Path(__file__).parent.parent
PART = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

_OF_THE_HOST = {"jobs": "CPU 数 number of CPUs"}
"""Defaults that differ from machine to machine."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, under its whole name, in the order of the help."""
    yield from _below("hotline", cli)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield name, command
    if not isinstance(command, click.Group):
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        found = command.get_command(context, word)
        assert found is not None
        yield from _below(f"{name} {word}", found)


def _commands() -> Iterator[str]:
    yield "## hotline\n"
    yield _options(cli)
    for name, command in commands():
        with click.Context(command, info_name=name) as context:
            usage = " ".join(command.collect_usage_pieces(context))
        yield f"## {name}\n"
        yield f"`{name} {usage}`\n"
        yield f"{inspect.cleandoc(command.help or '')}\n"
        yield _options(command)


def _options(command: click.Command) -> str:
    rows = []
    for option in command.params:
        everywhere = command is not cli and option.name in ("site", "home")
        if isinstance(option, click.Option) and not everywhere:
            words = ", ".join(f"`{word}`" for word in option.opts)
            rows.append(f"| {words} | {_meaning(option)} |")
    return "\n".join(["| option | |", "|---|---|", *rows, ""]) if rows else ""


def _meaning(option: click.Option) -> str:
    text = option.help or ""
    if isinstance(option.type, click.Choice):
        text += " " + ", ".join(f"`{word}`" for word in option.type.choices)
    if option.show_default and option.default is not None:
        text += f" [{_OF_THE_HOST.get(option.name or '', option.default)}]"
    return text


def _lint() -> Iterator[str]:
    yield "| code | level | 说明 | meaning |\n|---|---|---|---|"
    for code, (severity, zh, en) in sorted(MESSAGES.items()):
        yield f"| `{code}` | {severity} | {_plain(zh)} | {_plain(en)} |"
    yield ""


def _plain(template: str) -> str:
    """A finding's wording with `…` for what is filled in; the hints are left out."""
    words = []
    for literal, name, _, _ in Formatter().parse(template):
        words.append(literal)
        if name and not name.startswith("hint_"):
            words.append("…")
    return "".join(words).replace("|", r"\|")


def _fields() -> Iterator[str]:
    yield "| type | 接受 / takes | faults |\n|---|---|---|"
    for name, type_ in TYPES.items():
        takes = (inspect.getdoc(type_.check) or "").splitlines()[0]
        secret = " (secret)" if type_.secret else ""
        faults = " ".join(f"`{fault}`" for fault in FAULTS_OF[name])
        yield f"| `{name}` | {takes}{secret} | {faults} |"
    yield ""


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": _commands,
    "lint": _lint,
    "fields": _fields,
}


def made(text: str) -> str:
    """A document's text with its parts made anew."""
    return PART.sub(lambda m: m[1] + "\n".join(PARTS[m[2]]()) + m[4], text)


def main() -> None:
    """Writes the parts of all documents."""
    for file in sorted((ROOT / "docs").glob("*.md")):
        old = file.read_text("utf-8")
        new = made(old)
        if new != old:
            file.write_text(new, "utf-8")
            print(file.relative_to(ROOT))


if __name__ == "__main__":
    main()
