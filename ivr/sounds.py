"""The site's recordings, as a PBX on this machine finds and plays them.

Every clip is checked once before it is played: on a live call Asterisk answers a missing file and a
file of a wrong format with the same -1 that a hang-up gives.
"""

import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ivr import agi

_HEADER = struct.Struct("<4s4x8s4xHHI6xH")
_TELEPHONE = (b"RIFF", b"WAVEfmt ", 1, 1, 8000, 16)
_DATA = 44  # bytes before the samples
_BYTES_PER_MS = 16
# Asterisk would read a comma as the next argument, & and | as the next file.
_FOLDER = re.compile(r"/[^\x00-\x1f,&|\"\\]*")
_CACHED = 8192

CUT = "Background"
"""Plays a list, any key cuts it and is the command's result: one round trip for both."""
UNCUT = "Playback"
"""Plays a list to its end; keys pressed meanwhile are dropped."""


class Part(NamedTuple):
    """One command that plays `clips`, `ms` milliseconds long."""

    command: bytes
    clips: tuple[str, ...]
    ms: int


class Program(NamedTuple):
    """How a turn's clips are played: mostly one command, more where the line would be too long."""

    parts: tuple[Part, ...]
    missing: bool = False


class Sounds:
    """The clips of one site's prompts folder.

    Raises ValueError for a folder whose path the PBX cannot be told.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not _FOLDER.fullmatch(str(self.folder)):
            raise ValueError(
                f"Asterisk cannot play from {folder}: move the site to a path without , & | quotes"
            )
        self._ms: dict[str, int] = {}
        self._programs: dict[tuple[str, tuple[str, ...]], Program] = {}

    def ms(self, clip: str) -> int | None:
        """A clip's length; None when it is missing or no 8 kHz 16-bit mono WAV.

        A clip that was found is not looked at again: clips are never overwritten.
        """
        known = self._ms.get(clip)
        if known is None:
            known = _length(self.folder / clip)
            if known is not None:
                self._ms[clip] = known
        return known

    def forget(self, clips: Sequence[str]) -> None:
        """Looks at these again before they are next played: the PBX could not play them."""
        self._programs.clear()
        for clip in clips:
            self._ms.pop(clip, None)

    def program(self, clips: tuple[str, ...], application: str) -> Program:
        """The commands that play `clips` with CUT or UNCUT; clips that are missing are left out."""
        known = self._programs.get((application, clips))
        if known is None:
            known = self._program(clips, application)
            if not known.missing:  # a missing clip may be put there at any time
                if len(self._programs) >= _CACHED:
                    self._programs.clear()
                self._programs[application, clips] = known
        return known

    def _program(self, clips: tuple[str, ...], application: str) -> Program:
        room = agi.MAX_COMMAND - len(agi.command("EXEC", application, ""))
        there = [clip for clip in clips if self.ms(clip) is not None]
        chunks: list[list[str]] = []
        left = 0
        for clip in there:
            size = len(self._name(clip).encode()) + 1
            if size > left:
                chunks.append([])
                left = room
            chunks[-1].append(clip)
            left -= size
        parts = [self._part(tuple(chunk), application) for chunk in chunks]
        return Program(tuple(parts), missing=len(there) < len(clips))

    def _part(self, clips: tuple[str, ...], application: str) -> Part:
        names = "&".join(self._name(clip) for clip in clips)
        ms = sum(self._ms[clip] for clip in clips)
        return Part(agi.execute(application, names), clips, ms)

    def _name(self, clip: str) -> str:
        return f"{self.folder}/{clip.removesuffix('.wav')}"


def _length(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            header = _HEADER.unpack(file.read(_HEADER.size))
        size = path.stat().st_size
    except (OSError, struct.error):
        return None
    return max(0, size - _DATA) // _BYTES_PER_MS if header == _TELEPHONE else None
