"""Tone prompts: every clip of a test site is a short sound of its own frequency."""

import math
import struct
import wave
from collections.abc import Iterable
from pathlib import Path

RATE = 8000
"""Samples a second of telephone audio."""
STEP_HZ = 40
"""Between two prompts; a multiple of 20 Hz, so that 50 ms hold whole waves and tones never mix."""
LOWEST_HZ = 320
HIGHEST_HZ = 3400


def write_tone(path: Path, hertz: int, seconds: float = 0.3) -> None:
    """Writes `path` (.wav): a sine, 8 kHz, 16 bit, mono, as the hotline's own clips."""
    samples = (
        int(9000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(RATE * seconds))
    )
    data = b"".join(struct.pack("<h", sample) for sample in samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data)


def write_tones(folder: Path, clips: Iterable[str], seconds: float = 0.3) -> dict[str, int]:
    """Writes `folder/<clip>.wav` for each clip and returns clip -> hertz.

    Raises `ValueError` when there are more clips than the telephone band has room for (78).
    """
    tones: dict[str, int] = {}
    for n, clip in enumerate(clips):
        hertz = LOWEST_HZ + n * STEP_HZ
        if hertz > HIGHEST_HZ:
            raise ValueError(f"no room for a tone of {clip}: {n} clips have one")
        write_tone(folder / f"{clip}.wav", hertz, seconds)
        tones[clip] = hertz
    return tones
