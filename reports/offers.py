"""What menus offer, as reports need it: plain data, made of a model by those who have one."""

from __future__ import annotations

from typing import NamedTuple

from reports.layout import Word

VOICE = Word("voice", "电话", "by voice")
TEXT = Word("text", "短信", "by text")
BOTH = Word("both", "电话和短信", "by both")


class Offer(NamedTuple):
    """A leaf that a version offers: by keys, by texted codes, or by both."""

    leaf: str
    name: Word
    voice: bool
    text: bool


class Option(NamedTuple):
    """A line of a menu, as it stands in the file's order.

    Its name's id is what it leads to. `leaves` are those that lie behind it; `ends_s` the seconds
    from the beginning of the menu until it has been said, None without audio.
    """

    menu: str
    key: str
    name: Word
    leaves: tuple[str, ...]
    ends_s: float | None


class Spot(NamedTuple):
    """A node where callers are asked something. Keys that are no choice and not reserved fit not.

    `most` is how many tries it takes; `reserved` maps a key to agent | repeat | back. `before`:
    callers may stand there before any leaf.
    """

    name: Word
    kind: str  # menu | form | action
    choices: frozenset[str]
    reserved: dict[str, str]
    most: int
    start: bool  # where calls begin
    before: bool
