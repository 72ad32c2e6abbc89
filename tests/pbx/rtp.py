"""A caller's RTP as a capture file for SIPp: A-law silence with keys as telephone-events."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

Key = tuple[float, str]
"""Seconds after the answer, and the key: 0-9 * #."""

PACKET_S = 0.02
EVENT_PAYLOAD = 101
PRESS_PACKETS = 5  # a key is held for 100 ms
_SAMPLES = 160  # of 8 kHz, in one packet
_EVENTS = {key: code for code, key in enumerate("0123456789*#")}
_PCMA = 8
_SSRC = 0x1A2B3C4D


def packets(seconds: float, keys: Sequence[Key]) -> Iterator[tuple[float, bytes]]:
    """RTP packets with their times: silence every 20 ms for `seconds`, keys by RFC 4733.

    Raises `ValueError` when two keys overlap or one lies past the end.
    """
    pressed = _pressed(seconds, keys)
    sequence = 0
    for frame in range(round(seconds / PACKET_S)):
        key, first = pressed.get(frame, ("", frame))
        done = frame - first + 1
        last = done == PRESS_PACKETS
        # RFC 4733, 2.5.1.4: the packet that ends an event goes three times.
        for again in range(3 if key and last else 1):
            sequence += 1
            if key:
                marker = 0x80 if done == 1 else 0
                kind, stamp = marker | EVENT_PAYLOAD, first * _SAMPLES
                end = 0x80 if last else 0
                body = struct.pack("!BBH", _EVENTS[key], end | 10, done * _SAMPLES)
            else:
                kind, stamp, body = _PCMA, frame * _SAMPLES, b"\xd5" * _SAMPLES
            head = struct.pack("!BBHII", 0x80, kind, sequence, stamp, _SSRC)
            yield frame * PACKET_S + again * 0.001, head + body


def _pressed(seconds: float, keys: Sequence[Key]) -> dict[int, tuple[str, int]]:
    """Frame -> (key, first frame of its press)."""
    frames: dict[int, tuple[str, int]] = {}
    for at, key in keys:
        first = round(at / PACKET_S)
        for frame in range(first, first + PRESS_PACKETS):
            if frame in frames or frame * PACKET_S >= seconds:
                raise ValueError(f"the key {key} at {at} s overlaps another or lies past the end")
            frames[frame] = (key, first)
    return frames


def write_pcap(path: Path, timed: Iterator[tuple[float, bytes]]) -> None:
    """Writes RTP packets as Ethernet frames in libpcap's format; SIPp puts in its own addresses."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, rtp in timed:
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
            here = bytes([127, 0, 0, 1])
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, here, here)
            frame = bytes(12) + b"\x08\x00" + head + udp
            seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
            file.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
