"""The digest of a version: of what it means, not of its bytes.

Comments, layout, places and the order of maps change nothing; the order of choices, fields, books
and tries does, and so does every text, name, code and rule.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from menus.model import Model
from menus.template import Slot

_APART = frozenset(("digest", "place", "index", "marks", "leaves"))
"""What a version is not told apart by: `leaves` of own options follow from the menus."""
SHOWN = 16
"""How many characters of a digest people are shown."""


def digest(model: Model) -> str:
    """SHA-256 of the model's meaning, in hex."""
    meaning = json.dumps(_plain(model), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(meaning.encode()).hexdigest()


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in _APART)


def _plain(part: Any) -> Any:
    if part is None or isinstance(part, (str, int)):
        return part
    if isinstance(part, Slot):
        return {"slot": part.name}
    if isinstance(part, (tuple, list)):
        return [_plain(item) for item in part]
    if isinstance(part, (frozenset, set)):
        return sorted(part)
    if is_dataclass(part):
        return {name: _plain(getattr(part, name)) for name in _parts(part.__class__)}
    return {key: _plain(value) for key, value in part.items()}
