"""Changes the choices of menus in the text of menus.yaml and touches nothing else.

Whole lines move: a choice's own comment behind it and the comments directly above it go along;
blank lines, and comments that a blank line parts from their choice, stay where they are. All
other bytes stay as they are (docs/adr/0013-edits.md says why no YAML writer does it).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from menus.digest import digest
from menus.model import Choice, Menu, Model, Place
from menus.yaml_marks import Block, Listing, Part, Scalar, Tree, flow_ends, parse


class Line(NamedTuple):
    """A choice as it shall stand in a menu: today's line number `at` (from 0) of `menu`.

    `key` and `label` replace those of the line; "" leaves them.
    """

    menu: str
    at: int
    key: str = ""
    label: str = ""


Edits = Mapping[str, Sequence[Line]]
"""For each menu that changes all its choices, in their new order."""


class EditError(ValueError):
    """A menu whose choices can't be moved without harm to what stands around them."""

    def __init__(self, place: Place, zh: str, en: str) -> None:
        super().__init__(f"{place}: {zh} {en}")
        self.place = place


def applied(model: Model, edits: Edits) -> Model:
    """The model that the edits mean, with its digest. Places stay those of the old text."""
    changed: dict[str, Menu] = {}
    for id_, lines in edits.items():
        menu = _menu(model, id_)
        changed[id_] = replace(menu, choices=tuple(_choice(model, line) for line in lines))
    meant = replace(model, nodes={**model.nodes, **changed})
    return replace(meant, digest=digest(meant))


def _menu(model: Model, id_: str) -> Menu:
    menu = model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu


def _choice(model: Model, line: Line) -> Choice:
    choice = _menu(model, line.menu).choices[line.at]
    return replace(choice, key=line.key or choice.key, label=line.label or choice.label)


def edited(text: str, edits: Edits, file: str = "menus.yaml") -> str:
    """The text of a checked menus file with these edits in it.

    Raises EditError for choices in a form that can't be moved: a list in brackets with comments in
    it, a key or label written with escapes.
    """
    source = _Source(file, text)
    whole = text
    # from the end of the file on, so that what stands before keeps its place
    for id_ in sorted(edits, key=lambda id_: source.list_of(id_).line, reverse=True):
        whole = source.replaced(whole, id_, edits[id_])
    return whole


def diff(before: str, after: str, file: str = "menus.yaml") -> str:
    """The unified diff of two texts, "" when they are the same."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), file, file
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


class _Item(NamedTuple):
    """A choice of a block list: the comments above it and its own lines.

    They stand from `head` and from `start` on, until before `end`, counted from 0.
    """

    comments: tuple[str, ...]
    lines: tuple[str, ...]
    head: int
    start: int
    end: int


class _Source:
    """A text, cut into lines without their ends, and its tree."""

    def __init__(self, file: str, text: str) -> None:
        self.tree: Tree = parse(file, text)[0]
        self.text = text
        self.lines = [line.removesuffix("\r") for line in text.split("\n")]

    def list_of(self, id_: str) -> Listing:
        """A menu's list of choices."""
        part = self.tree.part("menus", id_, "choices")
        assert isinstance(part, Listing)
        return part

    def replaced(self, whole: str, id_: str, lines: Sequence[Line]) -> str:
        """The text `whole`, whose beginning is still this one's, with a menu's new choices."""
        choices = self.list_of(id_)
        if self._in_brackets(choices):
            begin, end = self._span(choices)
            return whole[:begin] + self._bracketed(choices, id_, lines) + whole[end:]
        items = self._items(choices)
        begin, end = items[0].head, items[-1].end
        new = self._block(choices, items, id_, lines)
        ends = [line.endswith("\r") for line in whole.split("\n")]
        rows = [line.removesuffix("\r") for line in whole.split("\n")]
        grown = len(new) - (end - begin)
        ends[end:end] = [ends[begin]] * max(grown, 0)
        del ends[begin : begin + max(-grown, 0)]
        rows[begin:end] = new
        return "\n".join(f"{row}\r" if cr else row for row, cr in zip(rows, ends, strict=True))

    # -- block lists: one choice on each line, or on several -------------------------------------

    def _block(
        self, choices: Listing, items: Sequence[_Item], id_: str, lines: Sequence[Line]
    ) -> list[str]:
        """The lines of a list with its choices in their new order."""
        gaps = [self.lines[item.end : after.head] for item, after in pairwise(items)]
        column = choices.column - 1
        new: list[str] = []
        for n, line in enumerate(lines):
            if line.menu == id_:
                item = items[line.at]
                new += [*item.comments, *self._changed(choices, line, item)]
            else:
                new.append(self._brought(line, column, [row for i in items for row in i.lines]))
            if n < len(lines) - 1:
                new += gaps[n] if n < len(gaps) else []
        for gap in gaps[len(lines) - 1 :]:
            new += gap
        return new

    def _items(self, choices: Listing) -> list[_Item]:
        column = choices.column - 1
        starts = [self._dash(part.line - 1, column) for part in choices.items]
        ends = [self._item_end(start, column) for start in starts]
        heads = []
        for start, above in zip(starts, [choices.line - 1, *ends], strict=False):
            head = start
            while head > above and _is_comment(self.lines[head - 1]):
                head -= 1
            heads.append(head)
        first = starts[0]
        while _is_comment(self.lines[first - 1]):
            first -= 1
        heads[0] = first
        return [
            _Item(tuple(self.lines[head:start]), tuple(self.lines[start:end]), head, start, end)
            for head, start, end in zip(heads, starts, ends, strict=True)
        ]

    def _dash(self, line: int, column: int) -> int:
        while self.lines[line][: column + 1].strip() != "-":
            line -= 1
        return line

    def _item_end(self, start: int, column: int) -> int:
        """The line behind an item: its lines stand deeper than the dash, comments at its end too.

        A blank line within it is its own, one behind it is not, nor is what follows that.
        """
        end = line = start + 1
        while line < len(self.lines):
            row = self.lines[line]
            if row.strip():
                if not row[: column + 1].isspace():
                    break
                if line == end or not _is_comment(row):
                    end = line + 1
            line += 1
        return end

    def _brought(self, line: Line, column: int, beside: Sequence[str]) -> str:
        """A choice of another menu on a line of its own, its comment with it."""
        part = self.list_of(line.menu).items[line.at]
        begin = self.lines[part.line - 1]
        ends = flow_ends(self.text)[part.line, part.column]
        behind = begin[ends[1] - 1 :].strip() if ends[0] == part.line else ""
        comment = f"  {behind}" if _is_comment(behind) else ""
        return _aligned(f"{' ' * column}- {self._flow(line)}", beside) + comment

    def _flow(self, line: Line) -> str:
        """A choice in braces."""
        block = self.list_of(line.menu).items[line.at]
        assert isinstance(block, Block)
        words = {"key": line.key, "label": line.label}
        return _in_braces(
            {name: (key, _instead(part, words.get(name, "")))
             for name, (key, part) in block.entries.items()}
        )  # fmt: skip

    def _changed(self, choices: Listing, line: Line, item: _Item) -> list[str]:
        """An item's lines with its new key and label."""
        new = list(item.lines)
        for word, part in self._words(choices, line):
            n = part.line - 1 - item.start
            new[n] = self._with_word(new[n], part, word)
        return new

    # -- lists in brackets ---------------------------------------------------------------------

    def _in_brackets(self, choices: Listing) -> bool:
        return self.lines[choices.line - 1][choices.column - 1] == "["

    def _span(self, part: Part) -> tuple[int, int]:
        ends = flow_ends(self.text)
        return (
            self._offset(part.line, part.column),
            self._offset(*ends[part.line, part.column]),
        )

    def _offset(self, line: int, column: int) -> int:
        starts = 0
        for _ in range(line - 1):
            starts = self.text.index("\n", starts) + 1
        return starts + column - 1

    def _bracketed(self, choices: Listing, id_: str, lines: Sequence[Line]) -> str:
        begin, end = self._span(choices)
        spans = [self._span(part) for part in choices.items]
        between = [
            self.text[a:b]
            for a, b in zip([begin, *(e for _, e in spans)], [*(b for b, _ in spans), end],
                            strict=True)
        ]  # fmt: skip
        if any("#" in gap for gap in between):
            raise EditError(
                self.tree.of(choices),
                f"菜单 {id_} 的选项写在方括号里，其中有注释；请改为每项一行（- 开头）。",
                f"The choices of {id_} are in brackets with comments: write each on a line.",
            )
        commas = [*between[1:-1], *[", "] * len(lines)]
        items = [
            self._flow_item(choices, line) if line.menu == id_ else self._flow(line)
            for line in lines
        ]
        new = between[0]
        for n, item in enumerate(items):
            new += item + (commas[n] if n < len(items) - 1 else between[-1])
        return new

    def _flow_item(self, choices: Listing, line: Line) -> str:
        part = choices.items[line.at]
        begin, end = self._span(part)
        new = self.text[begin:end]
        words = sorted(self._words(choices, line), key=lambda pair: pair[1].column, reverse=True)
        for word, scalar in sorted(words, key=lambda pair: pair[1].line, reverse=True):
            at = self._offset(scalar.line, scalar.column) - begin
            new = new[:at] + self._written(new[at:], scalar, word)
        return new

    # -- keys and labels -----------------------------------------------------------------------

    def _words(self, choices: Listing, line: Line) -> list[tuple[str, Scalar]]:
        """The words to replace, those that stand last in their line first."""
        block = choices.items[line.at]
        assert isinstance(block, Block)
        found = []
        for name, word in (("key", line.key), ("label", line.label)):
            scalar = block.entries[name][1]
            assert isinstance(scalar, Scalar)
            if word and word != scalar.text:
                found.append((word, scalar))
        return sorted(found, key=lambda pair: pair[1].column, reverse=True)

    def _with_word(self, row: str, scalar: Scalar, word: str) -> str:
        at = scalar.column - 1
        return row[:at] + self._written(row[at:], scalar, word)

    def _written(self, rest: str, scalar: Scalar, word: str) -> str:
        """`rest`, which begins with the scalar as it is written, with the word in its place."""
        quote = "" if scalar.plain else rest[0]
        old = f"{quote}{scalar.text}{quote}"
        if not rest.startswith(old):
            raise EditError(
                self.tree.of(scalar),
                f"请把 {scalar.text} 直接写出来，不用转义。",
                f"Write {scalar.text} as it is, without escapes.",
            )
        return f"{quote}{word}{quote}{rest[len(old) :]}"


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _instead(part: Part, word: str) -> Part:
    """A scalar with another word in it, or the part as it is."""
    if not word or not isinstance(part, Scalar):
        return part
    return Scalar(word, part.line, part.column, part.plain)


def _in_braces(entries: Mapping[str, tuple[Scalar, Part]]) -> str:
    inner = (f"{_word(key)}: {_word(part)}" for key, part in entries.values())
    return f"{{{', '.join(inner)}}}"


def _word(part: Part) -> str:
    if isinstance(part, Block):
        return _in_braces(part.entries)
    if isinstance(part, Listing):
        return f"[{', '.join(map(_word, part.items))}]"
    quote = "" if part.plain else '"'
    return f"{quote}{part.text}{quote}"


def _aligned(row: str, beside: Sequence[str]) -> str:
    """A choice in one line with its `to:` under those of the lines beside it, if these agree."""
    columns = {other.find(" to:") for other in beside}
    if len(columns) != 1:
        return row
    head, to, rest = row.partition(" to:")
    return head.ljust(columns.pop()) + to + rest
