"""Who may import whom, who may read the clock, where SQL and retries live: docs/architecture.md."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "dialog", "menus", "nodes", "engine", "ivr", "sms_commands", "actions", "ledger", "reports",
    "tuning", "hotline",
)  # fmt: skip
MAY_IMPORT = {
    "dialog": set(),
    "menus": {"dialog"},
    "nodes": {"dialog", "menus"},
    "engine": {"dialog", "menus", "nodes"},
    "ivr": {"dialog", "menus"},
    "sms_commands": {"dialog", "menus"},
    "actions": {"dialog"},
    "ledger": {"dialog"},
    "reports": {"dialog"},
    "tuning": {"dialog", "menus", "engine", "reports"},
    "hotline": set(ROOMS),
}
ALSO = {
    "reports": {"ledger.counts"},
    "tuning": {"ledger.counts", "ledger.records", "ledger.trial_records"},
}
"""Single modules of another room."""
MOST_LINES = 450

CLOCK_AND_CHANCE = re.compile(
    r"time\.(time|monotonic|perf_counter)(_ns)?|time\.sleep|datetime\.(now|today|utcnow)|"
    r"date\.today|random\.\w+|secrets\.\w+|os\.urandom|uuid\.uuid\d"
)
NO_CLOCK = ("dialog", "menus", "nodes", "engine", "reports", "tuning")
NO_CLOCK_FILES = {
    "hotline/bssdesk.py", "hotline/made.py", "hotline/mishaps.py", "hotline/record.py",
    "hotline/replies.py", "hotline/runner.py", "hotline/sealing.py", "hotline/sweep.py",
    "hotline/versions.py",
}  # fmt: skip
SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA\s)",
    re.S,
)


def modules(*rooms: str) -> Iterator[Path]:
    """The modules of these rooms, of all without one."""
    for room in rooms or ROOMS:
        one = ROOT / f"{room}.py"
        yield from [one] if one.exists() else sorted((ROOT / room).rglob("*.py"))


def name(path: Path) -> str:
    """A module's path as people write it."""
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The room that a module stands in."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    """A module, read."""
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that is imported, anywhere in the file, with its line."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide the room"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Every dotted name that is used, with its line; imported bare names count as dotted ones."""
    tree = tree_of(path)
    whence = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Name) and node.id in whence:
            yield node.lineno, whence[node.id]


def test_every_room_is_in_the_table() -> None:
    """A new package needs a line in the table of rooms."""
    shipped = {
        path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"
    } | {path.stem for path in ROOT.glob("*.py")}
    assert shipped == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_the_table_allows(room: str) -> None:
    """Each room imports the rooms of its line in the table and no other."""
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{name(path)}:{line} imports {module}"
        for path in modules(room)
        for line, module in imports(path)
        if module.split(".")[0] in ROOMS
        and module.split(".")[0] not in allowed
        and not any(f"{module}.".startswith(f"{one}.") for one in ALSO.get(room, ()))
    ]
    assert not wrong


def test_the_vocabulary_needs_the_standard_library_only() -> None:
    """dialog/ imports nothing that has to be installed."""
    wrong = [
        f"{name(path)}:{line} imports {module}"
        for path in modules("dialog")
        for line, module in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names | {"dialog"}
    ]
    assert not wrong


def test_nobody_imports_the_tests_or_the_benches() -> None:
    """What is shipped does not need what is not."""
    wrong = [
        f"{name(path)}:{line} imports {module}"
        for path in modules()
        for line, module in imports(path)
        if module.split(".")[0] in ("tests", "bench", "pytest", "hypothesis")
    ]
    assert not wrong


def test_clock_and_chance_come_from_outside() -> None:
    """What decides and what records gets its time and its ids handed in."""
    decided = {*modules(*NO_CLOCK), *(ROOT / file for file in NO_CLOCK_FILES)}
    wrong = [
        f"{name(path)}:{line} uses {used}"
        for path in sorted(decided)
        for line, used in calls(path)
        if CLOCK_AND_CHANCE.fullmatch(used.removeprefix("datetime."))
    ]
    assert not wrong


def test_sql_stays_in_the_ledger_and_the_embedded_bss() -> None:
    """Nobody else talks to a database: neither a statement nor a driver."""
    wrong = []
    for path in modules():
        if room_of(path) == "ledger" or name(path).startswith("actions/embedded/"):
            continue
        wrong += [f"{name(path)}:{n}" for n, module in imports(path) if module == "sqlite3"]
        wrong += [
            f"{name(path)}:{node.lineno}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and SQL.search(node.value)
        ]
    assert not wrong


def test_only_perform_repeats_what_the_bss_did_not_answer() -> None:
    """Nobody but actions/perform.py calls the port: its time-outs and retries have one place."""
    asked = re.compile(r"(.*\.)?_?(port|bss)\.(profile|query|quote|submit|find|verify)")
    behind = ("actions/perform.py", "actions/faults.py", "actions/embedded/")
    wrong = [
        f"{name(path)}:{line} calls {used}"
        for path in modules()
        if not name(path).startswith(behind)
        for line, used in calls(path)
        if asked.fullmatch(used)
    ]
    assert not wrong


def test_the_rule_stands_at_the_top_of_the_engine() -> None:
    """The first line of engine.py says whose decision is whose."""
    first = (ROOT / "engine.py").read_text("utf-8").splitlines()[0]
    assert first == (
        '"""What is said next is decided here; how it is carried is decided in the channel.'
    )


def test_modules_are_short() -> None:
    """One subject a module; a longer file is two of them."""
    everything = [*modules(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    long = {
        name(path): count
        for path in everything
        if (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


def test_tests_say_what_they_prove() -> None:
    """Every test function has a docstring."""
    silent = [
        f"{name(path)}::{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_nothing_names_the_machine_it_was_written_on() -> None:
    """No path of a workshop and no real subscriber's number is shipped."""
    elsewhere = re.compile(r"/(work|home|root|tmp)/\w+")
    wrong = [
        f"{name(path)}:{n}"
        for path in modules()
        for n, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if elsewhere.search(line)
    ]
    assert not wrong
