"""UUID version 7 (RFC 9562, 5.7): ids that sort by the time they were made."""

from __future__ import annotations

import os
from collections.abc import Callable


def uuid7(now_ms: int, chance: Callable[[int], bytes] = os.urandom) -> str:
    """A new id made at `now_ms` (UTC milliseconds), 32 hexadecimal digits.

    `chance` gives so many bytes; a simulation that must come out the same again brings its own.
    """
    value = now_ms << 80 | int.from_bytes(chance(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"
