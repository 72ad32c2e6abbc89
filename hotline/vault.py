"""Seals secrets and names subscribers without their numbers; the key stays outside the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY = 32
_NAMED = 16_384
"""Pseudonyms kept at hand: a dialogue asks for the same few again and again."""


class Unreadable(ValueError):
    """A sealed value that this key did not seal."""


class BadKey(ValueError):
    """A key file that is none."""


def _make(path: Path) -> None:
    """The file appears with its key in it, or not at all."""
    half = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(_KEY))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(half, path)
    except FileExistsError:
        pass  # somebody else made it just now
    finally:
        half.unlink()


class Vault:
    """Authenticated encryption (AES-256-GCM) and keyed pseudonyms (HMAC-SHA-256) under one key.

    A sealed value is `~` + base32 + `~`: it survives the upper-casing and folding of texts.
    """

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(hashlib.sha256(b"seal" + key).digest())
        self._name = hashlib.sha256(b"name" + key).digest()
        self._pseudonym = lru_cache(maxsize=_NAMED)(self._new_pseudonym)

    @classmethod
    def at(cls, path: Path) -> Vault:
        """The vault of a key file, made on first use, readable by its owner only.

        Raises BadKey for a file of any other length.
        """
        if not path.exists():
            _make(path)
        key = path.read_bytes()
        if len(key) != _KEY:
            raise BadKey(
                f"{path} 不是密钥（应为 {_KEY} 字节），请从备份恢复。"
                f" {path} is no key ({_KEY} bytes): restore it from the back-up."
            )
        return cls(key)

    def seal(self, secret: str) -> str:
        """The sealed form of a secret; each call gives another one."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._aead.encrypt(nonce, secret.encode(), None)
        return f"~{base64.b32encode(sealed).decode()}~"

    def open(self, token: str) -> str:
        """The secret of a sealed value.

        Raises Unreadable when the key is another one or the value was changed.
        """
        try:
            raw = base64.b32decode(token.strip("~"))
            return self._aead.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except (ValueError, InvalidTag):
            raise Unreadable("a sealed value can't be opened with this key") from None

    def pseudonym(self, number: str) -> str:
        """The name under which a number or subscription stands in the record; "" stays ""."""
        return self._pseudonym(number) if number else ""

    def _new_pseudonym(self, number: str) -> str:
        return hmac.new(self._name, number.encode(), hashlib.sha256).hexdigest()[:20]
