"""The audio studio: build the clips that are missing, audit those that are there.

A clip is never overwritten: its name carries the hash of its text, and the versions that still
name it must go on playing it. A recording by a person takes the place of synthesis by standing
under the clip's name before the build: it is taken into the manifest as it is.
"""

import hashlib
import math
import multiprocessing
import signal
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from ivr import telephone
from ivr.manifest import (
    NAME,
    WAV_FORMAT,
    ClipEntry,
    Manifest,
    ManifestError,
    load_manifest,
    save_manifest,
    write_whole,
)
from menus.clips import Clip

RECORDED = "recorded"
"""The voice in the manifest of a clip that was there before the build."""
_SAVE_EVERY = 25
_AHEAD = 4  # texts that wait per process, so that none idles
_LOUDNESS_TOLERANCE_DB = 4.0
_LONGEST_LEAD_MS = 150
_LONGEST_TAIL_MS = 300
_CLIPPED_SAMPLES = 8
_OTHER_AUDIO = (
    *(".aac", ".aif", ".aiff", ".al", ".alaw", ".amr", ".au", ".flac", ".gsm", ".m4a", ".mp3"),
    *(".ogg", ".opus", ".pcm", ".raw", ".sln", ".ul", ".ulaw", ".vox", ".wave", ".wma"),
)


class PromptError(ValueError):
    """The clips asked for can't be made; the message says which and why."""


class Synthesiser(Protocol):
    """What speaks. It is pickled when a build runs in several processes."""

    def prepare(self) -> None:
        """Make ready; called once before the first text."""

    def voice(self, language: str) -> str:
        """The name of the voice, for the manifest."""

    def samples(self, text: str, language: str) -> "array[int]":
        """The text in the telephone format (see ivr.telephone)."""


class Finding(NamedTuple):
    """What the audit found: level is error | warning | info, message one plain sentence."""

    level: str
    code: str
    path: str
    message: str


class BuildReport(NamedTuple):
    """What a build did: paths made, kept as they were, and taken over from a recording."""

    made: tuple[str, ...]
    kept: tuple[str, ...]
    adopted: tuple[str, ...]
    faulty: tuple[Finding, ...]
    """Clips that are there but wrong; left untouched, delete the file to have it made again."""
    audio_ms: int
    """Milliseconds of audio made."""


Progress = Callable[[int, int, Clip], None]
"""Called with clips done, clips to make, and the clip just made."""


def build(
    site_prompts: Path,
    clips: Iterable[Clip],
    *,
    synthesiser: Synthesiser,
    progress: Progress | None = None,
    jobs: int = 1,
) -> BuildReport:
    """Synthesise the clips that are missing and bring the manifest up to date.

    `jobs` is the number of processes; with 1 the synthesiser runs in this one. Ctrl-C keeps what
    is done and leaves nothing half written. Raises PromptError for clips that can't be made and
    ManifestError for a manifest that can't be read, both before anything is written.
    """
    wanted = _checked(clips)
    manifest = load_manifest(site_prompts)
    kept, adopted, faulty, missing = [], [], list[Finding](), list[Clip]()
    entries: dict[str, ClipEntry] = {}
    for clip in wanted:
        file = site_prompts / clip.path
        if not file.exists():
            missing.append(clip)
        elif clip.path in manifest:
            errors = [f for f in _examine(file, clip, manifest) if f.level == "error"]
            faulty += errors
            if not errors:
                kept.append(clip.path)
        else:
            try:
                entries[clip.path] = _entry(clip.text, RECORDED, file.read_bytes())
                adopted.append(clip.path)
            except telephone.FormatError as error:
                faulty.append(_wrong_format(clip.path, str(error)))
    if entries:
        manifest = manifest.with_entries(entries)
        save_manifest(site_prompts, manifest)
    made = _make(site_prompts, manifest, missing, synthesiser, progress, jobs) if missing else {}
    return BuildReport(
        made=tuple(made),
        kept=tuple(kept),
        adopted=tuple(adopted),
        faulty=tuple(faulty),
        audio_ms=sum(entry.ms for entry in made.values()),
    )


def _checked(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    """Each clip once, in a stable order; PromptError for those that can't be a clip."""
    wanted: dict[str, Clip] = {}
    for clip in clips:
        path = PurePosixPath(clip.path)
        if path.suffix != ".wav" or path.parts[0] != clip.language or ".." in path.parts:
            raise PromptError(f"{clip.path} is not a clip's path: {clip.language}/....wav.")
        if not any(letter.isalnum() or letter in "*#＊＃" for letter in clip.text):
            raise PromptError(f"{clip.path} has nothing to say: its text is {clip.text!r}.")
        if wanted.setdefault(clip.path, clip).text != clip.text:
            raise PromptError(f"{clip.path} is asked for with two texts; clips need a name each.")
    return tuple(wanted[path] for path in sorted(wanted))


def _make(
    site_prompts: Path,
    manifest: Manifest,
    missing: list[Clip],
    synthesiser: Synthesiser,
    progress: Progress | None,
    jobs: int,
) -> dict[str, ClipEntry]:
    """Speak the missing clips and store them; what is done is stored even on Ctrl-C."""
    synthesiser.prepare()
    voices = {language: synthesiser.voice(language) for language in {c.language for c in missing}}
    made: dict[str, ClipEntry] = {}
    unsaved: dict[str, bytes] = {}

    def save() -> None:
        # The manifest first: a file without an entry would be taken for a recording.
        save_manifest(site_prompts, manifest.with_entries(made))
        for path, data in unsaved.items():
            write_whole(site_prompts / path, data)
        unsaved.clear()

    try:
        for clip, samples in _speak(missing, synthesiser, min(jobs, len(missing))):
            data = telephone.wav_bytes(samples)
            made[clip.path] = _entry(clip.text, voices[clip.language], data)
            unsaved[clip.path] = data
            if progress:
                progress(len(made), len(missing), clip)
            if len(unsaved) >= _SAVE_EVERY:
                save()
    finally:
        save()
    return made


def _speak(
    missing: list[Clip], synthesiser: Synthesiser, jobs: int
) -> Iterator[tuple[Clip, "array[int]"]]:
    """Each clip with its samples, as they get ready."""
    if jobs <= 1:
        for clip in missing:
            yield clip, synthesiser.samples(clip.text, clip.language)
        return
    pool = ProcessPoolExecutor(
        jobs,
        # a forked copy of a process with threads may hang
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(synthesiser,),
    )
    ahead = iter(missing)
    running: dict[Future[array[int]], Clip] = {}
    try:
        while True:
            for clip in islice(ahead, _AHEAD * jobs - len(running)):
                running[pool.submit(_work, clip.text, clip.language)] = clip
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)


_worker: Synthesiser | None = None


def _start_worker(synthesiser: Synthesiser) -> None:
    global _worker  # noqa: PLW0603 - a process pool has no other place for a worker's own model
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _worker = synthesiser


def _work(text: str, language: str) -> "array[int]":
    assert _worker is not None
    return _worker.samples(text, language)


def _entry(text: str, voice: str, data: bytes) -> ClipEntry:
    """The manifest entry of a WAV file; FormatError if it is not in the telephone format."""
    ms = telephone.duration_ms(telephone.read_wav(data))
    return ClipEntry(text, voice, ms, WAV_FORMAT, hashlib.sha256(data).hexdigest())


def audit(site_prompts: Path, clips: Iterable[Clip]) -> list[Finding]:
    """Everything that is wrong with the recorded audio of a site, by path; needs no extra.

    Also names what no clip asks for: audio of older versions (info) and files in other formats.
    """
    wanted = {clip.path: clip for clip in clips}
    findings: list[Finding] = []
    try:
        manifest = load_manifest(site_prompts)
    except ManifestError as error:
        findings.append(Finding("error", "manifest_broken", NAME, str(error)))
        manifest = Manifest()
    for path, clip in wanted.items():
        file = site_prompts / path
        if file.is_file():
            findings += _examine(file, clip, manifest)
        else:
            text = f"There is no audio for “{clip.text}”; hotline prompts build makes it."
            findings.append(Finding("error", "clip_missing", path, text))
    findings += _strays(site_prompts, frozenset(wanted))
    return sorted(findings, key=lambda found: (found.path, found.code))


def _examine(file: Path, clip: Clip, manifest: Manifest) -> Iterator[Finding]:
    """The findings of one clip's file."""
    data = file.read_bytes()
    entry = manifest.clips.get(clip.path)
    if entry is None:
        text = "The manifest does not know this file; hotline prompts build takes it in."
        yield Finding("error", "not_in_manifest", clip.path, text)
    else:
        if entry.text != clip.text:
            text = f"The manifest says that it speaks “{entry.text}”, the menus “{clip.text}”."
            yield Finding("error", "text_differs", clip.path, text)
        if entry.sha256 != hashlib.sha256(data).hexdigest():
            text = (
                "The audio is not the one in the manifest; delete the file to have it made again,"
                " or its entry to have this recording taken in."
            )
            yield Finding("error", "audio_differs", clip.path, text)
    try:
        samples = telephone.read_wav(data)
    except telephone.FormatError as error:
        yield _wrong_format(clip.path, str(error))
        return
    yield from _listen(clip.path, samples)


def _wrong_format(path: str, found: str) -> Finding:
    text = f"This is {found}; prompts are WAV files of 8000 Hz, 16 bit, mono, linear PCM."
    return Finding("error", "wrong_format", path, text)


def _listen(path: str, samples: "array[int]") -> Iterator[Finding]:
    """What a caller would hear that is wrong."""
    level = telephone.active_dbfs(samples)
    if level == -math.inf:
        what = "lasts 0 ms" if not samples else "is silent from end to end"
        yield Finding("error", "no_sound", path, f"The audio {what}; record or build it again.")
        return
    off = level - telephone.TARGET_DBFS
    if abs(off) > _LOUDNESS_TOLERANCE_DB:
        way = "louder" if off > 0 else "quieter"
        text = f"Its speech is {abs(off):.0f} dB {way} than the house level ({level:.0f} dBFS)."
        yield Finding("warning", f"too_{way.removesuffix('er')}", path, text)
    clipped = telephone.clipped_samples(samples)
    if clipped >= _CLIPPED_SAMPLES:
        text = f"The recording was overdriven: {clipped} samples stand at full scale."
        yield Finding("warning", "clipping", path, text)
    lead, tail = telephone.silence_ms(samples)
    if lead > _LONGEST_LEAD_MS:
        text = f"It begins with {lead} ms of silence; at most {_LONGEST_LEAD_MS} ms is meant."
        yield Finding("warning", "silence_before", path, text)
    if tail > _LONGEST_TAIL_MS:
        text = f"It ends with {tail} ms of silence; at most {_LONGEST_TAIL_MS} ms is meant."
        yield Finding("warning", "silence_after", path, text)


def _strays(site_prompts: Path, wanted: frozenset[str]) -> Iterator[Finding]:
    """Files that no clip of this version names."""
    for file in sorted(site_prompts.rglob("*")):
        path = file.relative_to(site_prompts).as_posix()
        if not file.is_file() or path in wanted or path == NAME or file.name.startswith("."):
            continue
        if file.suffix == ".wav":
            text = "No text of this version plays it; an older version may still."
            yield Finding("info", "clip_unused", path, text)
        elif file.suffix.lower() in _OTHER_AUDIO:
            yield _wrong_format(path, f"{file.suffix[1:].upper()} audio, which is never played")


def tone_site(site_prompts: Path, clips: Iterable[Clip]) -> dict[str, float]:
    """Write a 0.3 s tone for every clip and the manifest: the prompts of a test site.

    Returns path -> frequency in Hz, a different one for each path, between 300 and 3300 Hz, so
    that a recording of a call tells which clip was played.
    """
    wanted = _checked(clips)
    step = 3000 / max(1, len(wanted))
    tones = {clip.path: round(300 + n * step, 2) for n, clip in enumerate(wanted)}
    entries: dict[str, ClipEntry] = {}
    for clip in wanted:
        data = telephone.wav_bytes(telephone.tone(tones[clip.path], 300))
        entries[clip.path] = _entry(clip.text, "tone", data)
        write_whole(site_prompts / clip.path, data)
    save_manifest(site_prompts, load_manifest(site_prompts).with_entries(entries))
    return tones
