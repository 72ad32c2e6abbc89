"""The documentation: what it prints works, what there is is documented, and nothing else is."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import docs_made
import pytest
import yaml

from actions.faults import CALLS, DOES, parse
from actions.port import Port
from dialog.outcomes import REASONS
from hotline.cli import cli
from ivr.studio import tone_site
from ledger.retention import RETENTION
from ledger.schema import TABLES
from menus import schema
from menus.clips import clips
from menus.loader import load
from menus.shape import Either, Record, Rows, Shape, Table

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

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_FIGURES = re.compile(
    r"\d+\.\d\d|\b[0-9a-f]{16,64}\b|\d+[年月日]|\d+(?= (?:个节点|条指令))|(?<=127\.0\.0\.1:)\d+"
)
"""What depends on the day, the site's version or the machine."""


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _text(file: Path) -> str:
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
        for indent, language, body in _FENCE.findall(_text(file))
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


@pytest.fixture(scope="session")
def toned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped site with tones for audio, in a checkout's shape."""
    site = tmp_path_factory.mktemp("docs") / "site"
    site.mkdir()
    shutil.copy(ROOT / "menus.yaml", site)
    model, _ = load(site)
    assert model is not None
    tone_site(site / "prompts", clips(model))
    for name in ("deploy", "sms_commands/codebooks"):
        shutil.copytree(ROOT / name, site / name)
    return site


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
            wholes[file] = _added(wholes.get(file) or _yaml(_text(file)), part)
        for file, whole in wholes.items():
            file.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
        model, found = load(self.site)
        assert model is not None, found
        prompts = self.site / "prompts"
        tone_site(prompts, [clip for clip in clips(model) if not (prompts / clip.path).exists()])


def _yaml(text: str) -> Any:
    return yaml.load(text, yaml.BaseLoader)  # every scalar is text, as the site's reader has it


def _added(whole: Any, part: Any) -> Any:
    if isinstance(whole, dict) and isinstance(part, dict):
        return whole | {key: _added(whole.get(key), value) for key, value in part.items()}
    return whole + part if isinstance(whole, list) and isinstance(part, list) else part


# -- commands that are not run as they stand ----------------------------------------------------


def _make(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    targets = re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), re.MULTILINE)
    assert match[1] in targets
    return []


def _pip(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    assert match[1] in project["optional-dependencies"]
    return []


def _activate(desk: Desk, line: str, match: re.Match[str]) -> list[str]:
    assert f"VENV := {match[1]}\n" in _text(ROOT / "Makefile")
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


@pytest.mark.parametrize("file", SHOWN, ids=_name)
def test_commands(file: Path, toned: Path, tmp_path: Path) -> None:
    """Every printed command works in a fresh site and prints what the document says.

    In docs/menu.md the fragments of YAML before a command are in the site when it is run.
    """
    desk = Desk(tmp_path / "site")
    shutil.copytree(toned, desk.site)
    edits: list[dict[str, Any]] = []
    for block in blocks(file):
        if block.language == "yaml" and file == MENU:
            edits.append(_yaml("\n".join(block.lines)))
        for line, shown in commands(block):
            if edits:
                desk.edit(edits)
                edits = []
            printed = desk.run(line)
            assert not shown or same(printed, shown), "\n".join([line, *printed])
    assert edits == []


@pytest.mark.parametrize("file", ALL, ids=_name)
def test_inline_commands(file: Path) -> None:
    """Every `hotline ...` in running text is a command, with options that exist."""
    prose = _FENCE.sub("", _text(file))
    for span in re.findall(r"`(hotline [a-z][^`]*)`", prose):
        words = [word for word in re.split(r"\s+", span) if word[0] not in "[|"]
        assert unknown(words) == [], span
    options = {opt for _, command in docs_made.commands() for o in command.params for opt in o.opts}
    options |= {opt for option in cli.params for opt in option.opts}
    assert set(re.findall(r"`(--[a-z-]+)`", prose)) <= options


# -- tests: what there is is documented -----------------------------------------------------------


@pytest.mark.parametrize("file", SHOWN, ids=_name)
def test_made_parts(file: Path) -> None:
    """The parts made from the code are up to date; `python tests/docs_made.py` writes them."""
    assert docs_made.made(_text(file)) == _text(file)


def test_made_parts_are_there() -> None:
    """Commands, options, findings and field types all have their part."""
    found = [name for file in SHOWN for _, name, _, _ in docs_made.PART.findall(_text(file))]
    assert sorted(found) == sorted(docs_made.PARTS)


def rows(file: str, heading: str = "") -> list[list[str]]:
    """The words in backticks of the first column of the tables, one list for each row."""
    text = _text(ROOT / "docs" / file)
    if heading:
        text = text.partition(f"\n{heading}")[2].partition("\n## ")[0]
    cells = re.findall(r"^ *\| (`[^|]*`) \|", text, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]


def test_variables() -> None:
    """docs/run.md has the variables that Hotline reads, and no others."""
    code = [_text(file) for room in ("hotline", "ivr") for file in (ROOT / room).rglob("*.py")]
    read = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(HOTLINE_\w+)\"", "".join(code)))
    assert {row[0] for row in rows("run.md", "## Environment")} == read


def test_dialplan_variables() -> None:
    """docs/asterisk.md has the dialplan's settings, and no others."""
    globals_ = _text(ROOT / "deploy/asterisk/hotline-globals.conf")
    settings = set(re.findall(r"^(HOTLINE_\w+)=", globals_, re.MULTILINE))
    told = {row[0] for row in rows("asterisk.md") if row[0].startswith("HOTLINE_")}
    assert told == settings


def test_record() -> None:
    """docs/operate.md has every table of the record, and how long each is kept."""
    tables = {table.name for table in TABLES}
    told = [name for row in rows("operate.md", "## What is in the record") for name in row]
    assert sorted(told) == sorted(tables)
    kept = re.findall(r"^\| (\d+ days|for good) \| (.*) \|", _text(ROOT / "docs/operate.md"), re.M)
    days = {name: span for span, names in kept for name in re.findall(r"`(\w+)`", names)}
    with_requests = {"closings": RETENTION["requests"]}
    wanted = {name: f"{n} days" for name, n in {**RETENTION, **with_requests}.items()}
    assert days == dict.fromkeys(tables, "for good") | wanted


def test_reasons() -> None:
    """docs/operate.md explains every failed and refused reason, in their order."""
    assert [row[0] for row in rows("operate.md", "## Why requests fail")] == list(REASONS)


def test_port() -> None:
    """docs/bss.md has every method of the port and every fault."""
    told = [row[0].partition("(")[0] for row in rows("bss.md", "## The port")]
    assert sorted(told) == sorted(name for name in vars(Port) if name[0] != "_")
    assert [row[0] for row in rows("bss.md", "## Try faults")] == list(DOES)
    assert set(CALLS) <= set(re.findall(r"`(\w+)`", _text(ROOT / "docs/bss.md")))


def test_fault_script() -> None:
    """The fault script in docs/bss.md can be read."""
    script = re.search(r"<<'END'\n(.*?)> END", _text(ROOT / "docs/bss.md"), re.DOTALL)
    assert script is not None
    assert len(parse(json.loads(script[1].replace("\n> ", "\n").removeprefix("> ")))) > 1


def _keys(shape: Shape) -> Iterator[str]:
    match shape:
        case Record():
            yield from shape.keys
            parts: list[Shape] = list(shape.keys.values())
        case Table():
            parts = [shape.value, *shape.fixed.values()]
        case Rows():
            parts = [shape.item]
        case Either():
            parts = [shape.other]
        case _:
            parts = []
    for part in parts:
        yield from _keys(part)


def test_format() -> None:
    """docs/menu.md has every key of menus.yaml and of codebooks."""
    text = _text(MENU)
    told = set(re.findall(r"`(\w+)[^`]*`", text))
    told |= set(re.findall(r"\w+", " ".join(re.findall(r"^### (.*)", text, re.MULTILINE))))
    assert {*_keys(schema.MENUS), *_keys(schema.CODEBOOK)} - told == set()
    roles = re.search(r"^Roles of `words`: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert roles is not None
    assert sorted(re.findall(r"`([a-z_0-9]+)`", roles[1])) == sorted(schema.WORDS)


# -- tests: the documents hold together ------------------------------------------------------------


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("file", ALL, ids=_name)
def test_links(file: Path) -> None:
    """Every link between files leads to a file, and to a heading that is there."""
    prose = _FENCE.sub("", _text(file))
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", _text(found), re.MULTILINE)
            assert anchor in map(_anchor, headings), target


def test_every_document_is_linked() -> None:
    """Each document of docs/ is linked from both READMEs, each record from the first."""
    for readme in READMES:
        for file in (ROOT / "docs").glob("*.md"):
            assert f"({_name(file)})" in _text(ROOT / readme)
    for file in (ROOT / "docs/adr").glob("*.md"):
        listed = _text(ROOT / "docs/adr/0001-records.md")
        assert file.name == "0001-records.md" or f"({file.name})" in listed


@pytest.mark.parametrize("file", ALL, ids=_name)
def test_nothing_of_one_machine(file: Path) -> None:
    """No document holds a path of the machine it was written on, or an outside host but a few."""
    text = _text(file)
    assert re.findall(r"(?:^|[\s`'\"(=])/(?:work|tmp|root|home|Users)\b", text) == []
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"127.0.0.1", "hotline.example.com", "keepachangelog.com", "semver.org"}


def test_changelog() -> None:
    """CHANGELOG.md has a section for the version at hand, or one that is unreleased."""
    version = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", _text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert headings[0] in ("Unreleased", version)


def test_contributing() -> None:
    """The make targets that CONTRIBUTING.md names are there."""
    targets = re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z]+)\b", _text(ROOT / "CONTRIBUTING.md"))) <= set(targets)


def test_hooks() -> None:
    """The pre-commit hooks are well formed, all local, and call tools that are installed."""
    file = ROOT / ".pre-commit-config.yaml"
    subprocess.run([BIN / "pre-commit", "validate-config", file], check=True, timeout=60)
    for repo in yaml.safe_load(_text(file))["repos"]:
        assert repo["repo"] == "local"
        for hook in repo["hooks"]:
            tool = hook["entry"].split()[0]
            assert tool.startswith(".venv/bin/")
            assert (BIN / Path(tool).name).is_file()
