"""Which version a subscriber of a trial gets: by chance of the number, the same for ever."""

from __future__ import annotations

import hashlib

from ledger.trial_records import CANDIDATE, CONTROL, Trial

_PARTS = 1 << 64


def arm_of(trial: Trial, subscriber: str, traffic: str) -> str:
    """CONTROL or CANDIDATE; "" for one who takes no part: a withheld number, other traffic.

    `subscriber` is the calling number's pseudonym. The salted hash of it (SHA-256) needs no
    memory, so that every process and channel gives the same; another trial's salt splits anew.
    """
    if not subscriber or traffic != trial.traffic:
        return ""
    drawn = hashlib.sha256(f"{trial.salt}/{subscriber}".encode()).digest()
    place = int.from_bytes(drawn[:8]) * 100
    return CANDIDATE if place < trial.share * _PARTS else CONTROL
