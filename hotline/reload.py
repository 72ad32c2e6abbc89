"""Follows the site's files: a checked edit serves at once, a broken one leaves the old version."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from hotline.house import House
from hotline.versions import Refused, load_site
from ledger.records import LedgerError
from menus.findings import Finding

log = logging.getLogger("hotline.reload")

EVERY_S = 0.5
Marks = tuple[tuple[str, int, int], ...]


def _marks(site: Path) -> Marks:
    """Name, time and size of every file whose change makes a new version possible."""
    files = [
        site / "menus.yaml",
        site / "prompts" / "manifest.json",
        *sorted((site / "sms_commands" / "codebooks").glob("*.yaml")),
    ]
    marks = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue
        marks.append((file.name, stat.st_mtime_ns, stat.st_size))
    return tuple(marks)


class Reloader:
    """A thread that looks for edits. `told(digest, findings)` gets "" for a refused one.

    The files as they are now count as seen, unless they are `unread`.
    """

    def __init__(
        self,
        house: House,
        told: Callable[[str, list[Finding]], None],
        *,
        unread: bool = False,
    ) -> None:
        self._house, self._told = house, told
        self._seen = () if unread else _marks(house.settings.site)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()

    def look(self) -> bool:
        """Looks once; whether there was an edit."""
        marks = _marks(self._house.settings.site)
        if marks == self._seen:
            return False
        self._seen = marks
        before = self._house.versions.serving().digest
        try:
            findings = load_site(self._house.settings.site, self._house.versions, "edit")
        except Refused as refused:
            self._told("", refused.findings)
            return True
        except LedgerError:
            self._seen = ()  # a good edit must not be lost with a full disk
            raise
        after = self._house.versions.serving().digest
        if after != before:
            self._told(after, findings)
        return True

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.look()
            except Exception:
                log.exception("the site's files could not be looked at")
