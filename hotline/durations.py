"""How long callers listen: each menu's milliseconds, clip by clip as they are played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dialog.turn import Say
from ivr.manifest import Manifest
from ivr.playlist import playlist
from menus.clips import heard
from menus.model import Menu, Model
from nodes.menu import announced


class UnrecordedError(LookupError):
    """A text has no audio yet, so that its length is not known; `clips` are the missing ones."""

    def __init__(self, clips: Iterable[str]) -> None:
        self.clips = tuple(clips)
        super().__init__(
            f"缺录音 {self.clips[0]} 等 {len(self.clips)} 段，请运行 hotline prompts build。"
            f" No audio for {len(self.clips)} clips: run hotline prompts build."
        )


class MenuTimes(NamedTuple):
    """One menu in milliseconds.

    `choices` has each line as announced (label, 请按, key) in the file's order; `reserved` the
    announcement of each reserved key in the order spoken, after the choices.
    """

    intro: int
    choices: tuple[int, ...]
    reserved: Mapping[str, int]


def milliseconds(model: Model, language: str, manifest: Manifest, *says: Say) -> int:
    """How long these texts play in a language.

    Raises UnrecordedError when a clip has no audio, KeyError for a value that the text lacks.
    """
    clips = playlist(model, language, says)
    if missing := [clip for clip in clips if clip not in manifest]:
        raise UnrecordedError(missing)
    return sum(map(manifest.ms, clips))


def choice_ms(model: Model, language: str, manifest: Manifest, label: str, key: str) -> int:
    """How long the announcement of a choice with this label and key plays."""
    return milliseconds(model, language, manifest, announced(model.words["choice"], label, key))


def durations(model: Model, language: str, manifest: Manifest) -> dict[str, MenuTimes]:
    """The times of every menu that a call can reach, in a language, by node id.

    `back` is counted wherever it is declared but at the start, where it is never said. Raises
    UnrecordedError.
    """

    def ms(label: str, key: str) -> int:
        return choice_ms(model, language, manifest, label, key)

    found: dict[str, MenuTimes] = {}
    for node in heard(model):
        if isinstance(node, Menu):
            at_start = node.id == model.start["voice"]
            found[node.id] = MenuTimes(
                milliseconds(model, language, manifest, Say(node.intro)),
                tuple(ms(choice.label, choice.key) for choice in node.choices),
                {
                    key: ms(model.words[f"{function}_label"], key)
                    for key, function in node.reserved.items()
                    if not (at_start and function == "back")
                },
            )
    return found
