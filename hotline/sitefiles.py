"""A site's files: read while nobody writes them, written back whole or not at all.

They stay the truth about what serves. A version that is served again, or adopted after a trial,
is written to them, or the next start would serve what they still said.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from menus.loader import source

ASIDE = ".before"
"""Behind the name of a file's copy when it held what no version in the record keeps."""
_HALF = ".half"


class Unwritable(OSError):
    """The site's folder can't be written; the text says what to do, zh-CN first."""


@contextlib.contextmanager
def held(site: Path, *, writing: bool = False) -> Iterator[None]:
    """Holds the site's folder (flock): readers together, a writer alone.

    A folder that is not there is nobody's to hold: reading it says so.
    """
    try:
        folder = os.open(site, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield
        return
    try:
        fcntl.flock(folder, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


class Draft:
    """Sources on their way into a site: everything that can fail has been done but the renaming."""

    def __init__(self, site: Path, sources: Mapping[str, str]) -> None:
        """Writes what differs beside its place. Raises Unwritable, and then nothing is left."""
        self._site = site
        self._changed = [name for name, text in sources.items() if source(site, name) != text]
        try:
            for name in self._changed:
                place = site / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with _half(place).open("w", encoding="utf-8", newline="") as file:
                    file.write(sources[name])
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            self.drop()
            raise Unwritable(
                f"不能写入站点 {site}（{error.strerror}）；请用有权限的用户运行。"
                f" Can't write to the site {site} ({error.strerror}): run it as a user who may."
            ) from error

    def keep(self, kept: Mapping[str, str]) -> list[Path]:
        """Puts the files in their places, menus.yaml last; returns the copies that it made.

        A file that is replaced is copied aside unless `kept`, the sources of a version in the
        record, have its text.
        """
        aside = []
        for name in sorted(self._changed, key=lambda name: "/" not in name):
            place = self._site / name
            if place.exists() and source(self._site, name) != kept.get(name):
                copy = place.with_name(f"{place.name}{ASIDE}")
                copy.write_bytes(place.read_bytes())
                aside.append(copy)
            _half(place).replace(place)
        return aside

    def drop(self) -> None:
        """Leaves the site as it was."""
        for name in self._changed:
            with contextlib.suppress(OSError):
                _half(self._site / name).unlink(missing_ok=True)


def _half(place: Path) -> Path:
    return place.with_name(f"{place.name}{_HALF}")
