"""prompts/manifest.json: what every recorded clip says, by which voice, and how long it lasts.

Read at the start of the server, by lint, audit, the playlist and tuning, so it needs the
standard library only.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 1
NAME = "manifest.json"
WAV_FORMAT = "8000/16/1"
"""The one telephone format: sampling rate in Hz / bits per sample / channels, linear PCM."""


class ManifestError(ValueError):
    """The manifest can't be used; the message says why and what to do."""


class ClipEntry(NamedTuple):
    """What the manifest keeps of one clip; ``ms`` is its length in milliseconds."""

    text: str
    voice: str
    ms: int
    wav: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The clips of one site: path under prompts/ (``zh-CN/welcome.0.1a2b3c4d.wav``) -> entry."""

    clips: Mapping[str, ClipEntry] = field(default_factory=dict)

    def __contains__(self, path: object) -> bool:
        return path in self.clips

    def ms(self, path: str) -> int:
        """Milliseconds that the clip plays; KeyError for a clip that the manifest does not know."""
        return self.clips[path].ms

    def with_entries(self, entries: Mapping[str, ClipEntry]) -> "Manifest":
        """The manifest with these entries added or replaced."""
        return Manifest({**self.clips, **entries})


def load_manifest(prompts_dir: Path) -> Manifest:
    """The manifest of a prompts folder; empty when there is none yet.

    Raises ManifestError when the file is there but is not a manifest of this format.
    """
    path = prompts_dir / NAME
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path} can't be read as JSON ({error}); restore it.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ManifestError(f"{path} is not a prompt manifest of format {FORMAT}.")
    clips = data.get("clips")
    if not isinstance(clips, dict):
        raise ManifestError(f'{path} has no table "clips"; restore it.')
    return Manifest({name: _entry(path, name, value) for name, value in clips.items()})


def _entry(path: Path, name: str, value: Any) -> ClipEntry:
    try:
        entry = ClipEntry(**value)
    except TypeError:
        entry = None
    if (
        entry is None
        or not isinstance(entry.ms, int)
        or not all(isinstance(v, str) for v in (entry.text, entry.voice, entry.wav, entry.sha256))
    ):
        fields = ", ".join(ClipEntry._fields)
        raise ManifestError(f"{path}: the entry of {name} must have exactly {fields}.")
    return entry


def save_manifest(prompts_dir: Path, manifest: Manifest) -> None:
    """Write the manifest, keys sorted, so that the same clips always give the same bytes."""
    data = {
        "format": FORMAT,
        "clips": {name: entry._asdict() for name, entry in manifest.clips.items()},
    }
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(prompts_dir / NAME, text.encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, sees all of it or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
