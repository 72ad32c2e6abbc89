"""Demo traffic for tests: a short span of fixed days on a state folder of its own."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from house_case import ROOT, make_home

from hotline.demo.parameters import Parameters
from hotline.demo.run import Span
from hotline.demo.traffic import Traffic
from hotline.house import House
from hotline.settings import Settings

FIRST = datetime.date(2026, 4, 29)
"""A Wednesday; the third day is a bill day."""
DAYS, CALLS = 3, 40
NOW = 1_780_000_000_000
"""Weeks later, UTC ms."""


@contextmanager
def house_of(folder: Path, site: Path = ROOT) -> Iterator[House]:
    """A house on a fresh state folder in `folder`, or on the one that is there."""
    home = folder / "home" if (folder / "home").exists() else make_home(folder)
    with House(Settings(site, home), now=lambda: NOW) as house:
        yield house


def span(
    seed: int = 1, *, first: datetime.date = FIRST, days: int = DAYS, calls: int = CALLS
) -> Span:
    """A span that has the usual days unless it is told otherwise."""
    return Span(seed, first, days, calls)


def play(
    house: House,
    of: Span | None = None,
    *,
    plan: Parameters | None = None,
    menus: Sequence[Path] = (),
    most: int = 0,
) -> Traffic:
    """Plays a span to its end, or breaks it off after so many dialogues."""
    traffic = Traffic(house, of or span(), menus, plan)
    for step in traffic.go():
        if step.dialogues == most:
            break
    return traffic


def reordered(folder: Path, *, keep_keys: bool = True, **orders: str) -> Path:
    """The shipped menus with some menus' lines in another order: `charges="87654321"`, by key.

    Without `keep_keys` the lines are numbered anew, so that a key means another thing.
    """
    lines = (ROOT / "menus.yaml").read_text("utf-8").splitlines(keepends=True)
    for menu, order in orders.items():
        begin = lines.index("    choices:\n", lines.index(f"  {menu}:\n")) + 1
        block = {key_of(line): line for line in lines[begin : begin + len(order)]}
        new = [block[key] for key in order]
        if not keep_keys:
            old = zip(new, block, strict=True)
            new = [line.replace(f'"{key_of(line)}"', f'"{key}"', 1) for line, key in old]
        lines[begin : begin + len(order)] = new
    shutil.copytree(ROOT / "sms_commands/codebooks", folder / "sms_commands/codebooks")
    file = folder / "menus.yaml"
    file.write_text("".join(lines), "utf-8")
    return file


def key_of(line: str) -> str:
    """The key of a choice's line in menus.yaml."""
    return line.partition('key: "')[2][0]
