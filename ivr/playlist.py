"""What to say becomes clips: texts and typed values in, paths under the site's prompts/ out.

Pure. The writing counterpart is menus.render; both read the same typed values.
"""

from collections.abc import Iterator

from dialog.turn import Say
from dialog.values import COUNT, LIST, NAME, PLACE, TEXT, Value, Values
from menus.clips import measure_clip, name_clip, word_clip
from menus.model import Model
from menus.spoken import words
from menus.template import Slot, clip_path, literals

SPOKEN_ROWS = 3
"""Rows of a list that are spoken; the rest goes by text message."""

_Parts = tuple[str | Slot, ...]
_VERSIONS = 8
_parts: dict[tuple[str, str], dict[str, _Parts]] = {}
"""(digest, language) -> text id -> clip paths and slots. A digest never changes its meaning, so
that a race between threads can only compute the same thing twice."""


def playlist(model: Model, language: str, says: tuple[Say, ...]) -> tuple[str, ...]:
    """The clips of a turn's texts, in order.

    Raises KeyError for a text, name, measure or value that the version or the Say does not have
    (lint refuses a file in which that can happen), ValueError for a value that has no words.
    """
    known = _parts.get((model.digest, language))
    if known is None:
        known = _version(model.digest, language)
    found: list[str] = []
    for say in says:
        found += _text(model, language, known, say.text, say.values)
    return tuple(found)


def _version(digest: str, language: str) -> dict[str, _Parts]:
    while len(_parts) >= _VERSIONS:
        _parts.pop(next(iter(_parts)), None)
    return _parts.setdefault((digest, language), {})


def _text(
    model: Model, language: str, known: dict[str, _Parts], text: str, values: Values
) -> Iterator[str]:
    parts = known.get(text)
    if parts is None:
        parts = known[text] = _compile(model, language, text)
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            yield from _value(model, language, known, values[part.name], values)


def _compile(model: Model, language: str, text: str) -> _Parts:
    template = model.texts[text].voice[language]
    sounds = {n: clip_path(language, text, n, part) for n, part in literals(template)}
    return tuple(
        sounds.get(n, "") if isinstance(part, str) else part
        for n, part in enumerate(template)
        if n in sounds or isinstance(part, Slot)
    )


def _value(
    model: Model, language: str, known: dict[str, _Parts], value: Value, values: Values
) -> Iterator[str]:
    if value.type == TEXT:
        yield from _text(model, language, known, value.of, values)
    elif value.type in (NAME, PLACE):
        yield name_clip(model, language, value.of)
    elif value.type == LIST:
        for row in value.of[:SPOKEN_ROWS]:
            for cell in row:
                yield from _value(model, language, known, cell, values)
    else:
        yield from (_word_clip(language, word) for word in words(value, language))
        if value.type == COUNT:
            yield measure_clip(model, language, value.unit)


_word_clips: dict[tuple[str, str], str] = {}


def _word_clip(language: str, word: str) -> str:
    path = _word_clips.get((language, word))
    if path is None:
        path = _word_clips[language, word] = word_clip(language, word)
    return path
