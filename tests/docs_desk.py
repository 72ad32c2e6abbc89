"""Reads the docs: their blocks and commands, and a desk at which each command is run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml

from hotline.cli import cli
from ivr.studio import tone_site
from menus.clips import clips
from menus.loader import load

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
READMES = ("README.md", "README.zh.md")
SHOWN = sorted([ROOT / name for name in READMES] + list((ROOT / "docs").glob("*.md")))
ALL = [
    *SHOWN,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs/adr").glob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
MENU = ROOT / "docs/menu.md"

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_FIGURES = re.compile(
    r"\d+\.\d\d|\b[0-9a-f]{16,64}\b|\d+[年月日]|\d+(?= (?:个节点|条指令))|(?<=127\.0\.0\.1:)\d+"
)
"""What depends on the day, the site's version or the machine."""


def name(file: Path) -> str:
    """A document as a test's id."""
    return file.relative_to(ROOT).as_posix()


def text_of(file: Path) -> str:
    """A document's text."""
    return file.read_text("utf-8")


# -- what the documents print ------------------------------------------------------------------


class Block(NamedTuple):
    """A fenced block: its language and its lines, the fence's indentation taken off."""

    language: str
    lines: list[str]


class Command(NamedTuple):
    """A printed command and what the document says it prints (None: it does not say)."""

    line: str
    output: list[str] | None


def blocks(file: Path) -> list[Block]:
    """The fenced blocks of a document."""
    return [
        Block(language, [line.removeprefix(indent) for line in body.splitlines()])
        for indent, language, body in FENCE.findall(text_of(file))
    ]


def commands(block: Block) -> list[Command]:
    """The commands of an `sh` block (each line) or a `console` block (each `$ ` and `> `)."""
    if block.language == "sh":
        script = block.lines[:1] and block.lines[0].startswith("#!")
        return [] if script else [Command(line, None) for line in block.lines if line]
    found: list[Command] = []
    for line in block.lines if block.language == "console" else ():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif line.startswith("> "):
            found[-1] = found[-1]._replace(line=f"{found[-1].line}\n{line[2:]}")
        else:
            output = found[-1].output
            assert output is not None
            output.append(line)
    return found


def same(printed: list[str], shown: list[str]) -> bool:
    """Whether the lines are those shown; `…` stands for any lines, or within a line for anything.

    Amounts, dates, versions and ports may be others.
    """

    def pattern(line: str) -> str:
        if line == "…":
            return r"(?:.*\n)*?"
        parts = (re.escape(_FIGURES.sub("0", part)) for part in line.split("…"))
        return ".*".join(parts) + r"\n"

    text = "".join(_FIGURES.sub("0", line.rstrip()) + "\n" for line in printed)
    return re.fullmatch("".join(map(pattern, shown)), text) is not None


# -- a site and a state of its own for each document -----------------------------------------------


class Desk:
    """Where a document's commands are run, one after the other."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HOTLINE")},
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONIOENCODING": "utf-8",
        }

    def run(self, line: str) -> list[str]:
        """Runs a command as printed; what it printed. Fails unless it ends with status 0."""
        for special, how in _SPECIAL.items():
            if match := re.match(special, line):
                return how(self, line, match)
        done = subprocess.run(
            ["bash", "-c", line],
            check=False,  # its output comes with the failure below
            cwd=self.site,
            env=self.environment,
            input=b"x\n",  # a call without --keys hangs up
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        printed = done.stdout.decode()
        assert done.returncode == 0, f"{line}\n{printed}"
        return printed.splitlines()

    def serve(self, line: str, get: str = "") -> list[str]:
        """Starts `hotline serve` on free ports, waits until it listens, ends it by SIGINT.

        Returns what it printed until then, or the answer to GET `get`.
        """
        with subprocess.Popen(
            [*shlex.split(line), "--agi-port", "0", "--http-port", "0"],
            cwd=self.site,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as server:
            assert server.stdout is not None
            printed: list[str] = []
            try:
                while not any(said.startswith("HTTP ") for said in printed):
                    said = server.stdout.readline().decode()
                    assert said, "\n".join(printed)
                    printed.append(said.rstrip())
                if get:
                    with urllib.request.urlopen(f"{printed[-1].split()[-1]}{get}") as answer:
                        printed = answer.read().decode().splitlines()
            finally:
                server.send_signal(signal.SIGINT)
            rest = server.stdout.read().decode()
        assert server.returncode == 0, rest
        assert "已结束" in rest
        return printed

    def edit(self, parts: list[dict[str, Any]]) -> None:
        """Adds fragments to menus.yaml, or to the codebooks that they name, and tones for them."""
        wholes: dict[Path, Any] = {}
        for part in parts:
            file = self.site / "menus.yaml"
            if "book" in part:
                file = self.site / f"sms_commands/codebooks/{part['book']}.yaml"
            wholes[file] = _added(wholes.get(file) or yaml_of(text_of(file)), part)
        for file, whole in wholes.items():
            file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), "utf-8")
        model, found = load(self.site)
        assert model is not None, found
        prompts = self.site / "prompts"
        tone_site(prompts, [clip for clip in clips(model) if not (prompts / clip.path).exists()])


def yaml_of(text: str) -> Any:
    """YAML as data."""
    return yaml.load(text, yaml.BaseLoader)  # every scalar is text, as the site's reader has it


def _added(whole: Any, part: Any) -> Any:
    if isinstance(whole, dict) and isinstance(part, dict):
        return whole | {key: _added(whole.get(key), value) for key, value in part.items()}
    return whole + part if isinstance(whole, list) and isinstance(part, list) else part


# -- commands that are not run as they stand ----------------------------------------------------


def _make(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    targets = re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert match[1] in targets
    return []


def _pip(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert match[1] in project["optional-dependencies"]
    return []


def _activate(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    assert f"VENV := {match[1]}\n" in text_of(ROOT / "Makefile")
    return []


def _copy(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    *files, target = match[1].split()
    assert all((ROOT / file).is_file() for file in files)
    assert target == "/etc/asterisk/"
    return []


def _known(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    assert unknown(shlex.split(line)) == []
    return []


def _serve(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    return desk.serve(line)


def _fetch(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    return desk.serve("hotline serve", match[1])


_SPECIAL = {
    r"make (\w+)$": _make,  # set-up and whole test runs
    r"pip install '\.\[(\w+)\]'$": _pip,  # from a registry
    r"\. (\.venv)/bin/activate$": _activate,  # the desk's PATH has it
    r"sudo cp (.+)$": _copy,  # into a PBX's folder
    r"asterisk -rx 'core reload'$": lambda *_: [],  # tests/pbx has the PBX
    r"hotline prompts (build|audit)": _known,  # speech synthesis; tones are not speech
    r"hotline serve": _serve,  # runs until it is told to end
    r"curl -s http://127\.0\.0\.1:8086/(\S*)$": _fetch,
}


def unknown(words: list[str]) -> list[str]:
    """What of a command line the command line does not know: commands and options."""
    command: click.Command = cli
    options = {word for option in cli.params for word in option.opts}
    for n, word in enumerate(words[1:], 1):
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return words[n:]
            command = found
            options |= {opt for option in command.params for opt in option.opts}
    given = [word.partition("=")[0] for word in words if re.match(r"--\w", word)]
    return [word for word in given if word not in options | {"--help"}]


# -- tests: what is printed works ------------------------------------------------------------------
