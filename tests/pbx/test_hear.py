"""The rig's own ears and fingers, without a PBX: tones, recordings and timed keys."""

import wave
from pathlib import Path

import pytest

from .hear import clips_heard
from .rtp import packets
from .tones import RATE, write_tones


def test_every_tone_is_told_from_every_other(tmp_path: Path) -> None:
    """A recording of all the tones there is room for gives each clip once, with its length."""
    clips = [f"clip-{n}" for n in range(78)]
    tones = write_tones(tmp_path, clips, seconds=0.2)
    recording = tmp_path / "all.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for clip in clips:
            with wave.open(str(tmp_path / f"{clip}.wav")) as one:
                file.writeframes(one.readframes(one.getnframes()))
        file.writeframes(bytes(RATE))
    heard = clips_heard(recording, tones)
    assert [clip.clip for clip in heard] == clips
    assert all(clip.seconds == 0.2 for clip in heard)
    with pytest.raises(ValueError, match="no room"):
        write_tones(tmp_path, [*clips, "one more"])


def test_a_key_is_a_telephone_event_of_rfc_4733() -> None:
    """A press is five packets of one time stamp, the last thrice with the end bit, then silence."""
    sent = [packet for _, packet in packets(0.4, [(0.1, "#")])]
    events = [packet for packet in sent if packet[1] & 0x7F == 101]
    assert [packet[1] >> 7 for packet in events] == [1, 0, 0, 0, 0, 0, 0]
    assert {packet[4:8] for packet in events} == {(800).to_bytes(4, "big")}
    assert [(packet[12], packet[13] >> 7) for packet in events] == [(11, 0)] * 4 + [(11, 1)] * 3
    assert [int.from_bytes(packet[2:4], "big") for packet in sent] == list(range(1, len(sent) + 1))


@pytest.mark.parametrize("keys", [[(0.1, "1"), (0.12, "2")], [(0.35, "1")], [(9.0, "1")]])
def test_keys_that_cannot_be_pressed_are_refused(keys: list[tuple[float, str]]) -> None:
    """Two keys at once, or one after the end of the call, are a mistake of the test."""
    with pytest.raises(ValueError, match="overlaps"):
        list(packets(0.4, keys))
