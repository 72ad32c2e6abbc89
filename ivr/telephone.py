"""The telephone's sound: 8000 Hz, 16-bit, mono, linear PCM in a WAV file, all at one loudness.

Samples are ``array("h")``: reading, measuring and writing need the standard library only; just
the way down from a synthesiser's rate (`to_telephone`) needs the extra ``prompts``.
"""

import io
import math
import sys
import wave
from array import array
from itertools import takewhile
from operator import mul
from typing import Any

RATE = 8000
TARGET_DBFS = -20.0
"""Root mean square of the active speech: the level that a caller hears from every clip."""
CEILING_DBFS = -3.0
"""No sample is above it, so that a codec has headroom."""
LEAD_MS = 30
TAIL_MS = 80
"""Kept short: clips are played in a row, as in 五十八 + 元 + 六 + 角."""

_FULL = 32768.0
_FRAME = RATE // 100  # 10 ms
_ACTIVE_DB = 30.0  # a frame this far below the loudest one is a pause, not speech
_SILENT_DBFS = -50.0
_FADE = RATE // 200  # 5 ms: a cut inside a breath must not click


class FormatError(ValueError):
    """Not the one telephone format; the message says what the file is instead."""


def wav_bytes(samples: "array[int]") -> bytes:
    """The samples as a WAV file of the telephone format."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_little_endian(samples).tobytes())
    return out.getvalue()


def read_wav(data: bytes) -> "array[int]":
    """The samples of a WAV file of the telephone format; FormatError for anything else."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            rate, bits, channels = file.getframerate(), file.getsampwidth() * 8, file.getnchannels()
            promised = file.getnframes()
            frames = file.readframes(promised)
    except (wave.Error, EOFError) as error:
        raise FormatError(_other_format(data)) from error
    if (rate, bits, channels) != (RATE, 16, 1):
        raise FormatError(f"a WAV file of {rate} Hz, {bits} bit, {_channels(channels)}")
    if len(frames) != promised * 2:
        raise FormatError("a WAV file that ends before its header says it does")
    samples: array[int] = array("h", frames)
    return _little_endian(samples)


def _little_endian(samples: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples


def _channels(count: int) -> str:
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")


_MAGIC = (
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    (b"\xff\xf3", "an MP3 file"),
    (b"\xff\xf2", "an MP3 file"),
    (b"\x30\x26\xb2\x75", "a WMA file"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"#!AMR", "an AMR file"),
    (b".snd", "an AU file"),
    (b"FORM", "an AIFF file"),
)
# format tags of RFC 2361 that studios and old voice platforms deliver
_WAVE_TAGS = {
    0x02: "Microsoft ADPCM",
    0x03: "floating point",
    0x06: "A-law",
    0x07: "mu-law",
    0x10: "OKI ADPCM (VOX)",
    0x11: "IMA ADPCM",
    0x17: "Dialogic OKI ADPCM (VOX)",
    0x31: "GSM 6.10",
    0x50: "MPEG",
    0x55: "MP3",
    0xFFFE: "the extensible header",
}


def _other_format(data: bytes) -> str:
    if not data:
        return "an empty file"
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        at = data.find(b"fmt ", 12)
        tag = int.from_bytes(data[at + 8 : at + 10], "little") if at >= 0 else 0
        return f"a WAV file with {_WAVE_TAGS[tag]}" if tag in _WAVE_TAGS else "a damaged WAV file"
    return "a file without a WAV header (VOX, raw or damaged)"


def _powers(samples: "array[int]", size: int) -> list[float]:
    """Mean square of each frame of `size` samples, full scale = 1; a last short frame too."""
    frames = (samples[i : i + size] for i in range(0, len(samples), size))
    return [sum(map(mul, frame, frame)) / len(frame) / _FULL**2 for frame in frames]


def _db(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf


def active_dbfs(samples: "array[int]") -> float:
    """Level of the speech without its pauses, in dBFS; minus infinity for silence.

    A plain form of the active speech level of ITU-T P.56: the mean square over the 20 ms frames
    that lie within 30 dB of the loudest.
    """
    powers = _powers(samples, 2 * _FRAME)
    floor = max(powers, default=0.0) * 10 ** (-_ACTIVE_DB / 10)
    active = [power for power in powers if power > 0 and power >= floor]
    return _db(sum(active) / len(active)) if active else -math.inf


def silence_ms(samples: "array[int]") -> tuple[int, int]:
    """Milliseconds of silence before and after the speech, in steps of 10.

    Both are the whole length when there is no speech.
    """
    loud = [_db(power) > _SILENT_DBFS for power in _powers(samples, _FRAME)]

    def run(frames: list[bool]) -> int:
        return 10 * sum(1 for _ in takewhile(lambda is_loud: not is_loud, frames))

    return run(loud), run(loud[::-1])


def duration_ms(samples: "array[int]") -> int:
    """Length in milliseconds."""
    return round(len(samples) * 1000 / RATE)


def clipped_samples(samples: "array[int]") -> int:
    """How many samples stand at the end of the scale, where a recording was overdriven."""
    return samples.count(32767) + samples.count(-32768)


def tone(hertz: float, ms: int) -> "array[int]":
    """A sine tone at the house level, for tests of what was played."""
    peak = _FULL * 10 ** (TARGET_DBFS / 20) * math.sqrt(2)
    turn = 2 * math.pi * hertz / RATE
    return array("h", (round(peak * math.sin(turn * n)) for n in range(ms * RATE // 1000)))


def to_telephone(audio: Any, rate: int) -> "array[int]":
    """Bring mono float audio (numpy, -1 to 1, `rate` Hz) to the telephone's rate and loudness.

    Trimmed to 30 ms before and 80 ms after the speech. The same audio gives the same samples.
    ValueError for silence.
    """
    import numpy as np
    import soxr

    low = np.asarray(soxr.resample(np.asarray(audio, np.float32), rate, RATE, quality="VHQ"))
    peak = float(np.abs(low).max(initial=0.0))
    if peak == 0.0:
        raise ValueError("there is no sound to bring to the telephone's loudness")
    level = active_dbfs(_int16(low / peak * 0.99)) - 20 * math.log10(0.99 / peak)
    speech = _limited(low * 10 ** ((TARGET_DBFS - level) / 20))
    before, after = (ms * RATE // 1000 for ms in silence_ms(_int16(speech)))
    lead, tail = LEAD_MS * RATE // 1000, TAIL_MS * RATE // 1000
    padded = np.concatenate([np.zeros(lead), speech, np.zeros(tail)])
    cut = padded[before : len(padded) - after].copy()
    ramp = np.linspace(0.0, 1.0, _FADE)
    cut[:_FADE] *= ramp
    cut[-_FADE:] *= ramp[::-1]
    return _int16(cut)


def _limited(audio: Any) -> Any:
    """Turn the gain down smoothly (10 ms either side) around peaks above the ceiling.

    Speech has peaks 17 dB and more above its level; turning the whole clip down for one of them
    would leave clips of unequal loudness in one announcement.
    """
    import numpy as np

    ceiling = 10 ** (CEILING_DBFS / 20)
    need = np.minimum(1.0, ceiling / np.maximum(np.abs(audio), 1e-9))
    held = np.lib.stride_tricks.sliding_window_view(
        np.pad(need, 2 * _FRAME, constant_values=1.0), 2 * _FRAME + 1
    ).min(axis=1)
    window = np.hanning(2 * _FRAME + 3)[1:-1]
    gain = np.convolve(held, window / window.sum(), mode="valid")
    return audio * gain


def _int16(audio: Any) -> "array[int]":
    import numpy as np

    scaled = np.clip(np.rint(audio * _FULL), -32768, 32767).astype(np.int16)
    samples: array[int] = array("h", scaled.tobytes())
    return samples
