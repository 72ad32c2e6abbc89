"""Which tones a recording holds, by Goertzel's algorithm in windows of 50 ms."""

import math
import struct
import wave
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

WINDOW_S = 0.05
_AUDIBLE = 300.0  # mean power; the tones have 40 million, the silence of A-law 64
_PURE = 0.7  # of the power in one frequency; a window at the edge of a tone falls below


class Heard(NamedTuple):
    """A clip that was played, from second `start` to second `end` of the recording."""

    clip: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it played, in steps of 50 ms."""
        return round(self.end - self.start, 2)


def clips_heard(recording: Path, tones: Mapping[str, int]) -> list[Heard]:
    """The clips of `tones` (clip -> hertz) in the order in which `recording` holds them.

    A clip that plays twice with silence or another clip between counts twice.
    """
    names = {hertz: clip for clip, hertz in tones.items()}
    windows = enumerate(_windows(recording, list(names)))
    found = []
    for hertz, run in groupby(windows, key=lambda window: window[1]):
        places = [n for n, _ in run]
        if hertz is not None and len(places) > 1:  # one window alone is the edge of two tones
            start, end = places[0] * WINDOW_S, (places[-1] + 1) * WINDOW_S
            found.append(Heard(names[hertz], start, end))
    return found


def _windows(recording: Path, candidates: Collection[int]) -> Iterator[int | None]:
    with wave.open(str(recording)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        data = file.readframes(file.getnframes())
    samples = struct.unpack(f"<{len(data) // 2}h", data)[::channels]
    size = int(rate * WINDOW_S)
    for at in range(0, len(samples) - size + 1, size):
        yield _tone(samples[at : at + size], rate, candidates)


def _tone(window: Sequence[int], rate: int, candidates: Collection[int]) -> int | None:
    total = sum(sample * sample for sample in window) / len(window)
    if total < _AUDIBLE:
        return None
    powers = {hertz: _power(window, hertz, rate) for hertz in candidates}
    best = max(powers, key=powers.__getitem__)
    return best if powers[best] > _PURE * total else None


def _power(window: Sequence[int], hertz: int, rate: int) -> float:
    """Mean power of `window` at `hertz`: equals that of the window when it is a pure sine."""
    factor = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for sample in window:
        before, last = last, sample + factor * last - before
    square = before * before + last * last - factor * before * last
    return 2 * square / len(window) ** 2
