"""The documentation: what it prints works, what there is is documented, and nothing else is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docs_made
import pytest
import yaml
from docs_desk import (
    ALL,
    BIN,
    FENCE,
    MENU,
    READMES,
    ROOT,
    SHOWN,
    Desk,
    blocks,
    commands,
    name,
    same,
    text_of,
    unknown,
    yaml_of,
)

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


@pytest.fixture(scope="session")
def toned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped site with tones for audio, in a checkout's shape."""
    site = tmp_path_factory.mktemp("docs") / "site"
    site.mkdir()
    for file in ("menus.yaml", "topics.yaml"):
        shutil.copy(ROOT / file, site)
    model, _ = load(site)
    assert model is not None
    tone_site(site / "prompts", clips(model))
    for folder in ("deploy", "sms_commands/codebooks"):
        shutil.copytree(ROOT / folder, site / folder)
    return site


@pytest.mark.timeout(600)  # a week of demo traffic beside other tests
@pytest.mark.parametrize("file", SHOWN, ids=name)
def test_commands(file: Path, toned: Path, tmp_path: Path) -> None:
    """Every printed command works in a fresh site and prints what the document says.

    In docs/menu.md the fragments of YAML before a command are in the site when it is run.
    """
    desk = Desk(tmp_path / "site")
    shutil.copytree(toned, desk.site)
    edits: list[dict[str, Any]] = []
    for block in blocks(file):
        if block.language == "yaml" and file == MENU:
            edits.append(yaml_of("\n".join(block.lines)))
        for line, shown in commands(block):
            if edits:
                desk.edit(edits)
                edits = []
            printed = desk.run(line)
            assert not shown or same(printed, shown), "\n".join([line, *printed])
    assert edits == []


@pytest.mark.parametrize("file", ALL, ids=name)
def test_inline_commands(file: Path) -> None:
    """Every `hotline ...` in running text is a command, with options that exist."""
    prose = FENCE.sub("", text_of(file))
    for span in re.findall(r"`(hotline [a-z][^`]*)`", prose):
        words = [word for word in re.split(r"\s+", span) if word[0] not in "[|"]
        assert unknown(words) == [], span
    options = {opt for _, command in docs_made.commands() for o in command.params for opt in o.opts}
    options |= {opt for option in cli.params for opt in option.opts}
    assert set(re.findall(r"`(--[a-z-]+)`", prose)) <= options


# -- tests: what there is is documented -----------------------------------------------------------


@pytest.mark.parametrize("file", SHOWN, ids=name)
def test_made_parts(file: Path) -> None:
    """The parts made from the code are up to date; `python tests/docs_made.py` writes them."""
    assert docs_made.made(text_of(file)) == text_of(file)


def test_made_parts_are_there() -> None:
    """Commands, options, findings and field types all have their part."""
    found = [name for file in SHOWN for _, name, _, _ in docs_made.PART.findall(text_of(file))]
    assert sorted(found) == sorted(docs_made.PARTS)


def rows(file: str, heading: str = "") -> list[list[str]]:
    """The words in backticks of the first column of the tables, one list for each row."""
    text = text_of(ROOT / "docs" / file)
    if heading:
        text = text.partition(f"\n{heading}")[2].partition("\n## ")[0]
    cells = re.findall(r"^ *\| (`[^|]*`) \|", text, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]


def test_variables() -> None:
    """docs/run.md has the variables that Hotline reads, and no others."""
    code = [text_of(file) for room in ("hotline", "ivr") for file in (ROOT / room).rglob("*.py")]
    read = set(re.findall(r"environ(?:\.get\(|\[)\s*\"(HOTLINE_\w+)\"", "".join(code)))
    assert {row[0] for row in rows("run.md", "## Environment")} == read


def test_dialplan_variables() -> None:
    """docs/asterisk.md has the dialplan's settings, and no others."""
    globals_ = text_of(ROOT / "deploy/asterisk/hotline-globals.conf")
    settings = set(re.findall(r"^(HOTLINE_\w+)=", globals_, re.MULTILINE))
    told = {row[0] for row in rows("asterisk.md") if row[0].startswith("HOTLINE_")}
    assert told == settings


def test_record() -> None:
    """docs/operate.md has every table of the record, and how long each is kept."""
    tables = {table.name for table in TABLES}
    told = [name for row in rows("operate.md", "## What is in the record") for name in row]
    assert sorted(told) == sorted(tables)
    kept = re.findall(
        r"^\| (\d+ days|for good) \| (.*) \|", text_of(ROOT / "docs/operate.md"), re.M
    )
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
    assert set(CALLS) <= set(re.findall(r"`(\w+)`", text_of(ROOT / "docs/bss.md")))


def test_fault_script() -> None:
    """The fault script in docs/bss.md can be read."""
    script = re.search(r"<<'END'\n(.*?)> END", text_of(ROOT / "docs/bss.md"), re.DOTALL)
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
    text = text_of(MENU)
    told = set(re.findall(r"`(\w+)[^`]*`", text))
    told |= set(re.findall(r"\w+", " ".join(re.findall(r"^### (.*)", text, re.MULTILINE))))
    assert {*_keys(schema.MENUS), *_keys(schema.CODEBOOK)} - told == set()
    roles = re.search(r"^Roles of `words`: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert roles is not None
    assert sorted(re.findall(r"`([a-z_0-9]+)`", roles[1])) == sorted(schema.WORDS)


# -- tests: the documents hold together ------------------------------------------------------------


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("file", ALL, ids=name)
def test_links(file: Path) -> None:
    """Every link between files leads to a file, and to a heading that is there."""
    prose = FENCE.sub("", text_of(file))
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", text_of(found), re.MULTILINE)
            assert anchor in map(_anchor, headings), target


def test_every_document_is_linked() -> None:
    """Each document of docs/ is linked from both READMEs, each record from the first."""
    for readme in READMES:
        for file in (ROOT / "docs").glob("*.md"):
            assert f"({name(file)})" in text_of(ROOT / readme)
    for file in (ROOT / "docs/adr").glob("*.md"):
        listed = text_of(ROOT / "docs/adr/0001-records.md")
        assert file.name == "0001-records.md" or f"({file.name})" in listed


@pytest.mark.parametrize("file", ALL, ids=name)
def test_nothing_of_one_machine(file: Path) -> None:
    """No document holds a path of the machine it was written on, or an outside host but a few."""
    text = text_of(file)
    assert re.findall(r"(?:^|[\s`'\"(=])/(?:work|tmp|root|home|Users)\b", text) == []
    hosts = set(re.findall(r"https?://(?:[^/\s@]*@)?([\w.-]+)", text))
    assert hosts <= {"127.0.0.1", "hotline.example.com", "keepachangelog.com", "semver.org"}


def test_changelog() -> None:
    """CHANGELOG.md has a section for the version at hand, or one that is unreleased."""
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert headings[0] in ("Unreleased", version)


def test_contributing() -> None:
    """The make targets that CONTRIBUTING.md names are there."""
    targets = re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z]+)\b", text_of(ROOT / "CONTRIBUTING.md"))) <= set(targets)


def test_hooks() -> None:
    """The pre-commit hooks are well formed, all local, and call tools that are installed."""
    file = ROOT / ".pre-commit-config.yaml"
    subprocess.run([BIN / "pre-commit", "validate-config", file], check=True, timeout=60)
    for repo in yaml.safe_load(text_of(file))["repos"]:
        assert repo["repo"] == "local"
        for hook in repo["hooks"]:
            tool = hook["entry"].split()[0]
            assert tool.startswith(".venv/bin/")
            assert (BIN / Path(tool).name).is_file()
