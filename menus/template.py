"""A text with typed placeholders: `您的余额为{balance}。` -> literal, value, literal."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SPEAKABLE = re.compile(r"\w")


class Slot(NamedTuple):
    """A placeholder: the value's name."""

    name: str


Template = tuple[str | Slot, ...]
"""Literal segments and slots in order; no two literals touch and none is empty."""


class BadTemplate(ValueError):
    """Braces that do not make a placeholder."""


def parse(text: str) -> Template:
    """The template of a text.

    Raises BadTemplate for a brace that is not part of `{name}`; the names are lower case.
    """
    parts: list[str | Slot] = []
    for i, piece in enumerate(_PLACEHOLDER.split(text)):
        if i % 2:
            parts.append(Slot(piece))
        elif piece:
            if "{" in piece or "}" in piece:
                raise BadTemplate(piece)
            parts.append(piece)
    return tuple(parts)


def slots(template: Template) -> frozenset[str]:
    """The names of a template's placeholders."""
    return frozenset(part.name for part in template if isinstance(part, Slot))


def literals(template: Template) -> list[tuple[int, str]]:
    """The literal segments that can be spoken, each with its place in the template.

    Punctuation between two values has no sound and needs no clip.
    """
    return [
        (n, part)
        for n, part in enumerate(template)
        if isinstance(part, str) and _SPEAKABLE.search(part)
    ]


def clip_path(language: str, prompt: str, n: int, text: str) -> str:
    """The clip of a literal segment, relative to the site's prompts/.

    The text's hash is part of the name: a changed text is a new file, and no clip is overwritten.
    """
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{language}/{prompt}.{n}.{mark}.wav"
