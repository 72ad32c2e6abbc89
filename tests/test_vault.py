"""Secrets under one key: sealed and opened, never twice the same; names instead of numbers."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from hotline.vault import Unreadable, Vault
from menus.keywords import SEALED, normalise

SECRET = "135246"


def test_what_is_sealed_can_be_opened_with_its_key_only() -> None:
    """Another key, a changed or a made-up value open nothing, and say nothing of the secret."""
    vault = Vault(b"k" * 32)
    token = vault.seal(SECRET)
    assert vault.open(token) == SECRET
    assert SECRET not in token
    for bad in (token[:5] + ("A" if token[5] != "A" else "B") + token[6:], "~AAAA~", "~~", "x", ""):
        with pytest.raises(Unreadable) as raised:
            vault.open(bad)
        assert SECRET not in str(raised.value)
        assert raised.value.__cause__ is None
    with pytest.raises(Unreadable):
        Vault(b"another key").open(token)


def test_a_secret_never_looks_the_same_twice() -> None:
    """Equal passwords can't be told by their sealed values."""
    vault = Vault(b"k" * 32)
    assert len({vault.seal(SECRET) for _ in range(100)}) == 100


@pytest.mark.parametrize("secret", ["", "0", "11010519491231002X", "密码１２３", "a" * 500])
def test_a_sealed_value_survives_what_happens_to_a_text(secret: str) -> None:
    """Upper case, width and separators leave it as it is, so that it can be texted on."""
    vault = Vault(b"k" * 32)
    token = vault.seal(secret)
    assert SEALED.fullmatch(token)
    assert normalise(token) == token
    assert vault.open(normalise(f"bgmm {token}").split("#")[1]) == secret


def test_a_number_has_one_name_under_one_key() -> None:
    """Names are stable, differ by number and by key, and the number can't be read off them."""
    vault = Vault(b"k" * 32)
    assert vault.pseudonym("13800138000") == vault.pseudonym("13800138000")
    assert vault.pseudonym("13800138000") != vault.pseudonym("13800138001")
    assert vault.pseudonym("13800138000") != Vault(b"j" * 32).pseudonym("13800138000")
    assert "138" not in vault.pseudonym("13800138000")[:3]
    assert vault.pseudonym("") == ""


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """A file of 32 bytes that nobody else may read; the next start finds it."""
    file = tmp_path / "secret.key"
    token = Vault.at(file).seal(SECRET)
    assert Vault.at(file).open(token) == SECRET
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_bytes()) == 32


def test_many_that_start_at_once_share_the_key(tmp_path: Path) -> None:
    """Whoever comes second reads the key that the first one made."""
    file = tmp_path / "secret.key"
    Vault.at(file)
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda: names.append(Vault.at(file).pseudonym("1")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1


def test_half_a_key_is_none(tmp_path: Path) -> None:
    """A start that meets the file before its key is in it must not go on with an empty one."""
    file = tmp_path / "secret.key"
    file.touch(0o600)
    with pytest.raises(ValueError, match="key"):
        Vault.at(file)
