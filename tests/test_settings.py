"""Where a site and its state are found, and what the environment adds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotline import settings
from hotline.settings import BadSetting, find_home, find_site, from_environment
from sms_commands import kannel


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a menus file."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "menus.yaml").write_text("format: 1\n")
    return folder


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine the tests run on is taken."""
    for name in os.environ:
        if name.startswith("HOTLINE_"):
            monkeypatch.delenv(name)


def test_a_site_is_given_or_where_one_stands(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--site, else the current folder, else the shipped one."""
    assert find_site(site) == site
    monkeypatch.chdir(site)
    assert find_site(None) == site
    monkeypatch.chdir(tmp_path)
    assert (find_site(None) / "menus.yaml").is_file()


def test_a_folder_without_menus_is_no_site(tmp_path: Path) -> None:
    """The message names the option, in both languages."""
    with pytest.raises(BadSetting, match=r"--site.*--site"):
        find_site(tmp_path)


def test_state_has_a_home(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--home, else HOTLINE_HOME, else var/ of the site; made when it is missing."""
    given, named = tmp_path / "given" / "deep", tmp_path / "named"
    assert find_home(site, None) == site / "var"
    monkeypatch.setenv("HOTLINE_HOME", str(named))
    assert find_home(site, None) == named
    assert find_home(site, given) == given
    assert given.is_dir()
    assert named.is_dir()


def test_the_shipped_site_keeps_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package is not written to: its state stands where the command runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "PACKAGED", tmp_path / "package" / "site")
    assert find_home(tmp_path / "package" / "site", None) == tmp_path / "var"


def test_a_home_that_can_not_be_written_is_told(site: Path, tmp_path: Path) -> None:
    """A file in its place: the message names the option, in both languages."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match=r"--home.*--home"):
        find_home(site, tmp_path / "file")


def test_the_environment_fills_what_was_not_given(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options win over variables, variables over defaults."""
    monkeypatch.setenv("HOTLINE_PUBLIC_URL", "https://one.example")
    monkeypatch.setenv("HOTLINE_TWILIO_TOKEN", "hush")
    made = from_environment(site, None, agi_port=1234, http_port=None)
    assert (made.public_url, made.agi_port, made.http_port) == ("https://one.example", 1234, 8086)
    assert made.twilio_token == "hush"
    assert from_environment(site, None, public_url="https://two.example").public_url == (
        "https://two.example"
    )
    assert made.prompts == site / "prompts"


def test_receipts_are_of_two_kinds(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kannel tells what was delivered and what failed, or failures only; nothing else is known."""
    assert from_environment(site, None).kannel_receipts.mask == kannel.RECEIPTS["all"]
    monkeypatch.setenv("HOTLINE_KANNEL_RECEIPTS", "failed")
    assert from_environment(site, None).kannel_receipts.mask == kannel.RECEIPTS["failed"]
    monkeypatch.setenv("HOTLINE_KANNEL_RECEIPTS", "none")
    with pytest.raises(BadSetting, match=r"HOTLINE_KANNEL_RECEIPTS.*HOTLINE_KANNEL_RECEIPTS"):
        from_environment(site, None)


def test_a_token_is_not_shown(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that are printed or logged keep their secret."""
    monkeypatch.setenv("HOTLINE_TWILIO_TOKEN", "hush-hush")
    assert "hush-hush" not in repr(from_environment(site, None))
