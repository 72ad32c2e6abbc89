"""Complaints: their receipt numbers, and by when each level must have answered.

The hours are the operators' public service commitments: an ordinary complaint within 24 hours, one
that went up to the province within 48, to the national level within 72, all from its arrival.
"""

from __future__ import annotations

import hashlib

ORDINARY, PROVINCE, NATIONAL = "ordinary", "province", "national"
HOURS = {ORDINARY: 24, PROVINCE: 48, NATIONAL: 72}
"""The levels, from where a complaint begins upwards, and their hours."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is read or typed for something else."""
_LENGTH = 8
HOUR_MS = 3_600_000


def receipt(step: str, day: str) -> str:
    """The number of a complaint: its local day (YYYY-MM-DD), and 40 bits of the step's name.

    >>> receipt("0195a0b1.1", "2026-03-16")
    '260316-MAV2QQ3W'
    """
    bits = int.from_bytes(hashlib.sha256(step.encode()).digest()[:5])
    letters = "".join(_LETTERS[bits >> 5 * n & 31] for n in range(_LENGTH))
    return f"{day[2:].replace('-', '')}-{letters}"


def due(at: int, level: str) -> int:
    """By when a complaint of that time must be answered (UTC ms)."""
    return at + HOURS[level] * HOUR_MS
