"""How long each version speaks, by language: what tuning and replay measure listening with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialog.turn import Say
from hotline.durations import UnrecordedError, durations, milliseconds
from ivr.manifest import Manifest
from menus.model import Model
from menus.template import Slot
from tuning.heard import Spoken


def spoken(model: Model, language: str, manifest: Manifest) -> Spoken:
    """The lengths of a version in a language. Raises UnrecordedError for a menu without audio."""
    texts = {}
    for text in model.texts.values():
        if any(isinstance(part, Slot) for part in text.voice.get(language, (Slot("absent"),))):
            continue
        try:
            texts[text.id] = milliseconds(model, language, manifest, Say(text.id))
        except UnrecordedError:
            continue  # a text by SMS only
    return Spoken(durations(model, language, manifest), texts)


class Speech:
    """The models and lengths of versions, each worked out once.

    `model` gives the model of a digest, None when it can't be read any more.
    """

    def __init__(self, model: Callable[[str], Model | None], manifest: Manifest) -> None:
        self._model, self._manifest = model, manifest
        self._known: dict[str, tuple[Model, Mapping[str, Spoken]] | None] = {}

    def of(self, digest: str) -> tuple[Model, Mapping[str, Spoken]] | None:
        """A version's model, and its lengths in each language whose menus are recorded."""
        if digest not in self._known:
            model = self._model(digest)
            self._known[digest] = None if model is None else (model, self.languages(model))
        return self._known[digest]

    def languages(self, model: Model) -> dict[str, Spoken]:
        """A model's lengths in each language whose menus are recorded."""
        found = {}
        for language in model.languages:
            try:
                found[language] = spoken(model, language, self._manifest)
            except UnrecordedError:
                continue
        return found
