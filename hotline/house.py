"""The house put together: one place that knows every room."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from actions.embedded.bss import EmbeddedBss
from actions.lanes import LaneSettings
from actions.perform import LANES, Performer
from actions.port import Port
from actions.timers import Timers
from dialog.turn import Say
from hotline.guard import Limits
from hotline.ids import uuid7
from hotline.runner import Runner
from hotline.settings import Settings
from hotline.vault import Vault
from hotline.versions import Versions, load_site
from ivr.playlist import playlist
from ledger.ledger import Ledger
from menus.findings import Finding


def clock() -> int:
    """Now, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _lock(home: Path, recovering: bool) -> tuple[IO[str], bool]:
    """A lock on the state folder, and whether it is this process's alone: then it may recover.

    Others wait until `House.share`, so that recovery never ends a call that just began elsewhere.
    """
    file = (home / "house.lock").open("w")
    if recovering:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
        else:
            return file, True
    fcntl.flock(file, fcntl.LOCK_SH)
    return file, False


class House:
    """Ledger, menus, BSS and runner of one site, open until `close`.

    `now` gives UTC milliseconds to all of them; `lanes` says how much the BSS gets. `recovering`:
    if nobody else is in, nobody comes in before `share`. One that is `following` serves what the
    record says is serving; others read the site's files.
    """

    def __init__(
        self,
        settings: Settings,
        author: str = "hotline",
        *,
        now: Callable[[], int] = clock,
        lanes: Mapping[str, LaneSettings] = LANES,
        recovering: bool = False,
        following: bool = False,
    ) -> None:
        self.settings, self.now = settings, now
        home = settings.home
        self._lock, self.alone = _lock(home, recovering)
        self.vault = Vault.at(home / "secret.key")
        self.ledger = Ledger.open(home / "ledger.db", zone=settings.zone)
        self.versions = Versions(self.ledger, now=now)
        self.warnings: list[Finding] = []
        if following:
            self.versions.follow()
        else:
            self.warnings = load_site(settings.site, self.versions, author)
        self.bss = self._bss()
        self.performer = Performer(self.bss, open_secret=self.vault.open, lanes=lanes)
        self.timers = Timers()
        self.runner = Runner(
            self.ledger,
            self.versions,
            self.performer,
            self.vault,
            self.timers,
            now=now,
            new_id=uuid7,
            notices=settings.notices,
            limits=Limits(settings.texts_a_minute, settings.unknown_texts),
        )

    def _bss(self) -> Port:
        settings = self.settings
        path = settings.home / "bss.db"
        bss: Port = EmbeddedBss(path, self.now, drops_duplicates=settings.drops)
        if settings.bss_faults is not None:
            from actions.faults import FaultyPort, load

            bss = FaultyPort(bss, load(settings.bss_faults))
        return bss

    def apology(self) -> tuple[str, ...]:
        """The clips that a caller hears when the house itself fails, in the site's language."""
        model = self.versions.serving()
        say = Say(model.outcomes["internal_error"])
        return playlist(model, model.languages[0], (say,))

    def share(self) -> None:
        """Lets other processes in."""
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """Ends the threads and closes the files; what was accepted is in the record."""
        self.performer.close()
        self.timers.close()
        self.ledger.close()
        self._lock.close()

    def __enter__(self) -> House:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
