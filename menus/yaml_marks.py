"""YAML as a tree of strings with their places, and nothing of YAML that could surprise.

Every scalar stays the string that was written (`on`, `NO`, `12:30` and `01` mean themselves). What
a static file does not need is refused: a key given twice, anchors, merge keys, tags, more than one
document, tabs in the indentation. Built from the parser's events, so that depth costs no stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from menus.findings import Finding, finding
from menus.model import Place

MOST_BYTES = 4 * 1024 * 1024
MOST_DEPTH = 32

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml is ten times as fast
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Scalar:
    """A string and where it begins. `plain` = written without quotes."""

    __slots__ = ("column", "line", "plain", "text")

    def __init__(self, text: str, line: int, column: int, plain: bool) -> None:
        self.text, self.line, self.column, self.plain = text, line, column, plain


class Listing:
    """A sequence."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line, self.column = line, column
        self.items: list[Part] = []


class Block:
    """A mapping; `entries` has for each key the key and its value."""

    __slots__ = ("column", "entries", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line, self.column = line, column
        self.entries: dict[str, tuple[Scalar, Part]] = {}


Part: TypeAlias = Scalar | Listing | Block
Step: TypeAlias = str | int


class Tree:
    """One file's parts, found by their path of keys and list positions."""

    __slots__ = ("file", "root")

    def __init__(self, file: str, root: Part | None) -> None:
        self.file, self.root = file, root

    def part(self, *path: Step) -> Part | None:
        """The part at a path, or None."""
        here: Part | None = self.root
        for step in path:
            if isinstance(here, Block) and isinstance(step, str) and step in here.entries:
                here = here.entries[step][1]
            elif isinstance(here, Listing) and isinstance(step, int) and step < len(here.items):
                here = here.items[step]
            else:
                return None
        return here

    def at(self, *path: Step) -> Place:
        """Where the value at a path begins; the nearest part above it when there is none."""
        while path and self.part(*path) is None:
            path = path[:-1]
        return self.of(self.part(*path))

    def key(self, *path: Step) -> Place:
        """Where the key of an entry begins (for a list its item)."""
        above = self.part(*path[:-1])
        if isinstance(above, Block) and path[-1] in above.entries:
            return self.of(above.entries[str(path[-1])][0])
        return self.at(*path)

    def of(self, part: Part | None) -> Place:
        """A part's place in this file."""
        return Place(self.file, part.line, part.column) if part else Place(self.file, 1, 1)


class _RefusedError(Exception):
    """Carries the finding that ends the reading of a file."""


def parse(file: str, text: str) -> tuple[Tree, list[Finding]]:
    """The tree of a file's text. Never raises: what is wrong comes as findings.

    Where the text can't be read on, the tree ends (root None).
    """
    found: list[Finding] = []
    try:
        return Tree(file, _Builder(file, found).read(text)), found
    except _RefusedError as refused:
        found.append(refused.args[0])
    except yaml.MarkedYAMLError as error:
        found.append(_syntax(file, text, error))
    return Tree(file, None), found


def flow_ends(text: str) -> dict[tuple[int, int], tuple[int, int]]:
    """Where each list in brackets and mapping in braces ends, by where it begins.

    Line and column, counted from 1; the end is the place behind the closing sign. For text that
    `parse` took without findings.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    open_: list[tuple[int, int]] = []
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append(_place(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            found[open_.pop()] = _place(event.end_mark)
    return found


def _place(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


class _Builder:
    def __init__(self, file: str, found: list[Finding]) -> None:
        self.file, self.found = file, found

    def read(self, text: str) -> Part | None:
        if len(text.encode("utf-8", "replace")) > MOST_BYTES:
            raise _RefusedError(finding("too_large", Place(self.file, 1), most=MOST_BYTES // 2**20))
        bad = _CONTROL.search(text)
        if bad is not None:
            raise _RefusedError(finding("control_character", self._offset(text, bad.start())))
        root: Part | None = None
        open_: list[tuple[Block | Listing, Scalar | None]] = []  # and the key that needs a value
        documents = 0
        events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                part = self._part(event)
                if not open_:
                    root = part
                else:
                    self._put(open_, part)
                if isinstance(part, (Block, Listing)):
                    if len(open_) >= MOST_DEPTH:
                        raise _RefusedError(finding("too_deep", self._place(part), most=MOST_DEPTH))
                    open_.append((part, None))
            elif isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    mark: Any = event.start_mark
                    begins = Place(self.file, mark.line + 1)
                    raise _RefusedError(finding("many_documents", begins))
        if root is None or (isinstance(root, Scalar) and not root.text):
            raise _RefusedError(finding("empty_file", Place(self.file, 1)))
        return root

    def _part(self, event: Any) -> Part:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if event.anchor is not None:  # an alias has one too
            self.found.append(finding("anchor", Place(self.file, line, column), name=event.anchor))
            if isinstance(event, yaml.AliasEvent):
                return Scalar("", line, column, True)
        if event.tag is not None:
            self.found.append(finding("tag", Place(self.file, line, column), tag=event.tag))
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, column, event.implicit[0])
        if isinstance(event, yaml.SequenceStartEvent):
            return Listing(line, column)
        return Block(line, column)

    def _put(self, open_: list[tuple[Block | Listing, Scalar | None]], part: Part) -> None:
        above, key = open_[-1]
        if isinstance(above, Listing):
            above.items.append(part)
        elif key is not None:
            open_[-1] = (above, None)
            self._enter(above, key, part)
        elif isinstance(part, Scalar):
            open_[-1] = (above, part)
        else:
            raise _RefusedError(finding("key_not_scalar", self._place(part)))

    def _enter(self, above: Block, key: Scalar, part: Part) -> None:
        if key.text == "<<" and key.plain:
            self.found.append(finding("merge_key", self._place(key)))
        elif key.text in above.entries:
            first = above.entries[key.text][0]
            place = self._place(key)
            self.found.append(finding("duplicate_entry", place, key=key.text, line=first.line))
        else:
            above.entries[key.text] = (key, part)

    def _place(self, part: Part) -> Place:
        return Place(self.file, part.line, part.column)

    def _offset(self, text: str, offset: int) -> Place:
        line = text.count("\n", 0, offset)
        return Place(self.file, line + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Finding:
    """What YAML itself did not understand, in the words of somebody who edits a menu."""
    problem, context = error.problem or "", error.context or ""
    begins = context.endswith(("an alias", "an anchor", "a quoted scalar"))
    mark: Any = (begins and error.context_mark) or error.problem_mark or error.context_mark
    if mark is None:
        return finding("yaml_syntax", Place(file, 1), problem=problem)
    place = Place(file, mark.line + 1, mark.column + 1)
    if "nesting depth" in problem:  # libyaml's own limit, met before its first event comes
        return finding("too_deep", place, most=MOST_DEPTH)
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    char = line[mark.column : mark.column + 1]
    if context.endswith(("an alias", "an anchor")) or (char and char in "*&@`%#!|>"):
        return finding("unquoted", place, char=char or "*")
    if char == "\t" or "tab" in problem:
        return finding("tab", place)
    if "mapping values are not allowed" in problem:
        return finding("colon", place)
    return finding("yaml_syntax", place, problem=problem)
