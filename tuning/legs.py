"""A recorded call in legs: each from a menu to a leaf, to an agent, or to the end.

Where it ends without a leaf nobody knows what the caller wished.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.records import Walk
from tuning.heard import AGENT, GONE, Act

LEAF = "leaf"


class Leg(NamedTuple):
    """What was done in menus before its `last` act, which reached `leaf`, an agent, or nothing.

    `back`: the caller gave the leaf up; with `more`, another leg that follows, by the key that
    leads back.
    """

    acts: tuple[Act, ...]
    last: Act
    leaf: str
    back: bool = False
    more: bool = False

    @property
    def end(self) -> str:
        """LEAF, AGENT or GONE."""
        return LEAF if self.leaf else self.last.kind

    @property
    def heard(self) -> int | None:
        """Milliseconds of menus listened to, None when some are unknown."""
        total = 0
        for act in (*self.acts, self.last):
            if act.heard is None:
                return None
            total += act.heard
        return total


def legs(walk: Walk, acts: Iterable[Act]) -> list[Leg]:
    """The legs of a call, of its acts in menus.

    Who hangs up when asked whether there is more was served: that is no leg.
    """
    requests = {request.n: request for request in walk.requests}
    left = {closing.request for closing in walk.closings if closing.reason == "abandoned"}
    found: list[Leg] = []
    before: list[Act] = []
    for act in acts:
        request = requests.get(act.n)
        if request is not None:
            found.append(Leg(tuple(before), act, request.leaf, request.id in left))
        elif act.kind == AGENT or (act.kind == GONE and (before or not found)):
            found.append(Leg(tuple(before), act, ""))
        else:
            before.append(act)
            continue
        before = []
    return [leg._replace(more=n < len(found) - 1) for n, leg in enumerate(found)]
