"""What the roll-up of node visits tells of menus: presses, errors, hang-ups, listening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dialog.turn import OWN
from ledger.counts import STEP, Visit

NEEDS = ("digest", "node", "stage", "event", "key")
"""The dimensions that visits must be asked by."""


class Counted(NamedTuple):
    """By menu, or by menu and key of the version that is tuned; `listened` is seconds."""

    pressed: Mapping[tuple[str, str], int] = {}
    heard: Mapping[str, int] = {}  # how often a menu was played and something came of it
    errors: Mapping[str, int] = {}  # of these: silence, or a key that is none
    hang_ups: Mapping[str, int] = {}
    listened: Mapping[str, float] = {}

    def error_share(self, menu: str) -> float:
        """e: the share of hearings that end in an error; 0 without any."""
        heard = self.heard.get(menu, 0)
        return self.errors.get(menu, 0) / heard if heard else 0


def counted(visits: Iterable[Visit], now: Mapping[str, Mapping[tuple[str, str], str]]) -> Counted:
    """The figures of menus; `now` maps, by digest, a menu and key to the same line's key today.

    Visits of other versions are left out.

    Raises ValueError for visits that NEEDS was not asked of.
    """
    pressed: Counter[tuple[str, str]] = Counter()
    heard: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    hang_ups: Counter[str] = Counter()
    listened: Counter[str] = Counter()
    for visit in visits:
        if not visit.event or not visit.digest:
            raise ValueError("visits that lack a dimension: ask for those of counted.NEEDS")
        if visit.of not in ("", STEP) or visit.stage != "choose" or visit.digest not in now:
            continue
        menu = visit.node
        heard[menu] += visit.n
        listened[menu] += visit.heard_ms
        if visit.event == "CallEnded":
            hang_ups[menu] += visit.n
        elif visit.event == "NoInput":
            errors[menu] += visit.n
        elif visit.event == "DigitsEntered" and visit.key != OWN:
            key = now[visit.digest].get((menu, visit.key))
            if key is None:
                errors[menu] += visit.n
            else:
                pressed[menu, key] += visit.n
    seconds = {menu: ms / 1000 for menu, ms in listened.items()}
    return Counted(pressed, heard, errors, hang_ups, seconds)
