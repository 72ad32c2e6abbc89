"""How long prompts play: the recorded clips' lengths, or an estimate where nothing is recorded."""

from __future__ import annotations

from typing import Any

from dialog.turn import Say
from hotline.durations import UnrecordedError, milliseconds
from ivr.manifest import Manifest
from menus.model import Model
from menus.render import write

_MS_A_CHARACTER = {"zh": 230, "en": 70}
_MOST_KEPT = 20_000


class Spoken:
    """The milliseconds of a version's texts; each is worked out once."""

    __slots__ = ("_kept", "_manifest", "model")

    def __init__(self, model: Model, manifest: Manifest) -> None:
        self.model, self._manifest = model, manifest
        self._kept: dict[tuple[Any, ...], int] = {}

    def ms(self, language: str, say: Say) -> int:
        """How long a text plays in a language."""
        key = (language, say.text, *say.values.values())
        ms = self._kept.get(key)
        if ms is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            ms = self._kept[key] = self._measured(language, say)
        return ms

    def _measured(self, language: str, say: Say) -> int:
        try:
            return milliseconds(self.model, language, self._manifest, say)
        except UnrecordedError:
            pass
        characters = len(write(self.model, language, say, medium="voice"))
        return characters * _MS_A_CHARACTER["zh" if language.startswith("zh") else "en"]
