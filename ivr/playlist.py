"""What to say becomes clips: texts and typed values in, paths under the site's prompts/ out.

Pure. The writing counterpart is menus.render; both read the same typed values.
"""

from dialog.turn import Say
from dialog.values import COUNT, LIST, NAME, PLACE, TEXT, Value, Values
from menus.clips import measure_clip, name_clip, word_clip
from menus.model import Model
from menus.spoken import VOCABULARY, words
from menus.template import Slot, clip_path, literals

SPOKEN_ROWS = 3
"""Rows of a list that are spoken; the rest goes by text message."""

_VERSIONS = 8
_MOST_KEPT = 4096


def playlist(model: Model, language: str, says: tuple[Say, ...]) -> tuple[str, ...]:
    """The clips of a turn's texts, in order.

    Raises KeyError for a text, name, measure or value that the version or the Say does not have
    (lint refuses a file in which that can happen), ValueError for a value that has no words.
    """
    speech = _speeches.get((model.digest, language)) or _compiled(model, language)
    found: list[str] = []
    for say in says:
        found += speech.said(say)
    return tuple(found)


class _Speech:
    """One version in one language: the clips of its texts and words, found once."""

    __slots__ = ("_language", "_model", "_said", "_texts", "_words")

    def __init__(self, model: Model, language: str) -> None:
        self._model, self._language = model, language
        self._said: dict[tuple[str, tuple[Value, ...]], tuple[str, ...]] = {}
        self._texts: dict[str, tuple[str | Slot, ...]] = {}
        self._words = {word: word_clip(language, word) for word in VOCABULARY.get(language, ())}

    def said(self, say: Say) -> tuple[str, ...]:
        """The clips of a text with its values; what is said often, as a menu's lines, is kept."""
        key = (say.text, tuple(say.values.values()))
        clips = self._said.get(key)
        if clips is None:
            found: list[str] = []
            self.text(found, say.text, say.values)
            if len(self._said) >= _MOST_KEPT:
                self._said.clear()
            clips = self._said[key] = tuple(found)
        return clips

    def text(self, found: list[str], text: str, values: Values) -> None:
        """Adds the clips of a text to `found`."""
        for part in self._texts.get(text) or self._parts(text):
            if part.__class__ is str:
                found.append(part)
            else:
                self._value(found, values[part.name], values)  # type: ignore[union-attr]

    def _parts(self, text: str) -> tuple[str | Slot, ...]:
        template = self._model.texts[text].voice[self._language]
        sounds = {n: clip_path(self._language, text, n, part) for n, part in literals(template)}
        parts = tuple(
            sounds.get(n, "") if isinstance(part, str) else part
            for n, part in enumerate(template)
            if n in sounds or isinstance(part, Slot)
        )
        self._texts[text] = parts
        return parts

    def _value(self, found: list[str], value: Value, values: Values) -> None:
        kind = value.type
        if kind == TEXT:
            self.text(found, value.of, values)
        elif kind in (NAME, PLACE):
            found.append(name_clip(self._model, self._language, value.of))
        elif kind == LIST:
            for row in value.of[:SPOKEN_ROWS]:
                for cell in row:
                    self._value(found, cell, values)
        else:
            found += [self._words[word] for word in words(value, self._language)]
            if kind == COUNT:
                found.append(measure_clip(self._model, self._language, value.unit))


_speeches: dict[tuple[str, str], _Speech] = {}
"""By digest and language. A digest never changes its meaning, so that a race between threads can
only find the same thing twice."""


def _compiled(model: Model, language: str) -> _Speech:
    while len(_speeches) >= _VERSIONS:
        _speeches.pop(next(iter(_speeches)), None)
    return _speeches.setdefault((model.digest, language), _Speech(model, language))
