"""Service passwords and identity numbers of the embedded BSS: argon2id and keyed hashes.

A few dozen passwords are shared by the synthetic subscribers; their hashes were made once
(`python -m actions.embedded.passwords`) and are shipped in passwords.json, for hashing is slow on
purpose. The service password of 13800138000 is 135246.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dialog.fields import BadField, new_password

if TYPE_CHECKING:
    from argon2 import PasswordHasher

POOL = 32
_FILE = Path(__file__).with_name("passwords.json")


def password_of(index: int) -> str:
    """The password that the subscriber of this index starts with."""
    return str(135246 + index % POOL * 7919)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    # low cost: these guard synthetic data and a test suite checks hundreds
    return PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


def hash_of(password: str) -> str:
    """An argon2id hash, with a fresh salt."""
    return _hasher().hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether a password is the one of a stored hash; never for an empty hash."""
    from argon2.exceptions import VerificationError

    try:
        return bool(stored) and _hasher().verify(stored, password)
    except VerificationError:
        return False


def fresh() -> str:
    """A random password that may be set."""
    while True:
        try:
            return new_password(str(100_000 + secrets.randbelow(900_000)), "")
        except BadField:  # one in some 50,000 is weak
            continue


@cache
def shipped() -> tuple[str, ...]:
    """The hashes of `password_of(0)` to `password_of(POOL - 1)`."""
    return tuple(json.loads(_FILE.read_text("utf-8")))


def identity_hash(salt: bytes, identity: str) -> bytes:
    """A resident identity number as it is stored. `salt` is the subscriber's."""
    return hmac.digest(salt, identity.encode(), hashlib.sha256)


def identity_matches(salt: bytes, stored: bytes, identity: str) -> bool:
    """Whether an identity number is the stored one."""
    return hmac.compare_digest(stored, identity_hash(salt, identity))


if __name__ == "__main__":
    hashes = [hash_of(password_of(index)) for index in range(POOL)]
    _FILE.write_text(json.dumps(hashes, indent=0) + "\n", "utf-8")
