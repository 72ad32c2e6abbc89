"""The kinds of rule that a schema is made of: they check a YAML part and describe themselves.

One set of rules serves the loader (`check`) and the editors (`json_schema`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from menus.findings import Finding, finding, hint
from menus.yaml_marks import Block, Listing, Part, Scalar, Tree


class BadWordError(ValueError):
    """A word's `convert` does not take it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar: one of `oneof`, or a full match of `pattern`, turned into a value by `convert`.

    `zh` and `en` say what is expected; `also` are the JSON types that an editor may read it as.
    """

    zh: str
    en: str
    pattern: str = ""
    oneof: tuple[str, ...] = ()
    convert: Callable[[str], Any] | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with these keys and no others."""

    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping from any number of keys of one kind; `fixed` keys have shapes of their own."""

    key: Word
    value: Shape
    least: int = 0
    fixed: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of items of one kind."""

    item: Shape
    least: int = 0


@dataclass(frozen=True, slots=True)
class Either:
    """A word, or a mapping in its place."""

    word: Word
    other: Table


Shape: TypeAlias = Word | Record | Table | Rows | Either


class Checker:
    """Turns the parts of one file into plain values; what does not fit becomes a finding.

    The value of a part that does not fit is None. `broken` tells that values are missing or wrong;
    an unknown key alone leaves the rest usable.
    """

    def __init__(self, tree: Tree, found: list[Finding]) -> None:
        self.tree, self.found, self.broken = tree, found, False

    def check(self, shape: Shape, part: Part) -> Any:
        """The part as str, list, dict or what its words convert to."""
        match shape:
            case Word():
                return self._word(shape, part)
            case Record():
                return self._record(shape, part)
            case Table():
                return self._table(shape, part)
            case Rows():
                return self._rows(shape, part)
            case Either():
                return self.check(shape.word if isinstance(part, Scalar) else shape.other, part)

    def _note(self, code: str, part: Part, **words: Any) -> None:
        self.broken = True
        self.found.append(finding(code, self.tree.of(part), **words))

    def _word(self, shape: Word, part: Part) -> Any:
        if not isinstance(part, Scalar):
            return self._note("wrong_shape", part, zh=shape.zh, en=shape.en)
        text = part.text
        if not text:
            return self._note("empty_value", part, zh=shape.zh, en=shape.en)
        fits = text in shape.oneof if shape.oneof else re.fullmatch(shape.pattern, text, re.DOTALL)
        if fits:
            if shape.convert is None:
                return text
            try:
                return shape.convert(text)
            except BadWordError:
                pass
        near = hint(text, shape.oneof)
        return self._note("bad_value", part, value=text, zh=shape.zh, en=shape.en, **near)

    def _block(self, part: Part) -> Block | None:
        if isinstance(part, Block):
            return part
        self._note("wrong_shape", part, zh="键: 值（没有就写 {}）", en="key: value ({} for none)")
        return None

    def _record(self, shape: Record, part: Part) -> Any:
        block = self._block(part)
        if block is None:
            return None
        taken: dict[str, Any] = {}
        for name, (key, value) in block.entries.items():
            inner = shape.keys.get(name)
            if inner is None:
                near = hint(name, shape.keys)
                self.found.append(finding("unknown_key", self.tree.of(key), key=name, **near))
            else:
                taken[name] = self.check(inner, value)
        for name in shape.required:
            if name not in block.entries:
                self._note("missing_key", part, key=name)
        return taken

    def _table(self, shape: Table, part: Part) -> Any:
        block = self._block(part)
        if block is None:
            return None
        taken: dict[Any, Any] = {}
        for name, (key, value) in block.entries.items():
            inner = shape.fixed.get(name)
            if inner is not None:
                taken[name] = self.check(inner, value)
            else:
                word = self._word(shape.key, key)
                taken[word] = self.check(shape.value, value)
        if len(taken) < shape.least:
            self._note("too_few", part, least=shape.least)
        return taken

    def _rows(self, shape: Rows, part: Part) -> Any:
        if not isinstance(part, Listing):
            return self._note("wrong_shape", part, zh="列表 [...]", en="a list [...]")
        taken = [self.check(shape.item, item) for item in part.items]
        if len(taken) < shape.least:
            self._note("too_few", part, least=shape.least)
        return taken


def json_schema(shape: Shape) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a shape, for editors.

    An editor reads `format: 1` as a number and `optional: true` as a boolean; both are let pass.
    """
    match shape:
        case Word():
            return _word_schema(shape)
        case Record():
            return {
                "type": "object",
                "properties": {name: json_schema(inner) for name, inner in shape.keys.items()},
                "required": list(shape.required),
                "additionalProperties": False,
            }
        case Table():
            names = _anchored(shape.key, tuple(shape.fixed))
            return {
                "type": "object",
                "properties": {name: json_schema(inner) for name, inner in shape.fixed.items()},
                "patternProperties": {names: json_schema(shape.value)},
                "minProperties": shape.least,
                "additionalProperties": False,
            }
        case Rows():
            return {"type": "array", "items": json_schema(shape.item), "minItems": shape.least}
        case Either():
            return {"anyOf": [json_schema(shape.word), json_schema(shape.other)]}


def _anchored(word: Word, but: tuple[str, ...] = ()) -> str:
    inner = "|".join(map(re.escape, word.oneof)) if word.oneof else word.pattern
    other = f"(?!(?:{'|'.join(but)})$)" if but else ""
    return f"^{other}(?:{inner})$"


def _word_schema(word: Word) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": f"{word.zh} / {word.en}"}
    if word.oneof and not word.also:
        return {**schema, "enum": list(word.oneof)}
    types = ["string", *word.also]
    return {
        **schema,
        "type": types if len(types) > 1 else "string",
        "pattern": _anchored(word),
        "minLength": 1,
    }
