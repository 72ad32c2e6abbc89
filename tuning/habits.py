"""Habits of callers: who knows keys, and who does not interrupt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ledger.records import Walk
from menus.model import Menu, Model
from tuning.heard import CHOOSE, EARLY, TOLD, WHOLE, Spoken, acts

_LIKE_OTHERS = 10
"""Presses that an option or a menu must have before its own habits count as much as all others'."""


class Habits(NamedTuple):
    """What recorded calls tell of habits: presses by (menu, key) and how; `calls` looked at.

    Keys are those of the version that is tuned. Where few pressed, an option is taken to be like
    the others.
    """

    presses: Mapping[tuple[str, str], Mapping[str, int]] = {}
    calls: int = 0

    def early(self, menu: str, key: str) -> float:
        """The share of an option's callers who know its key; 0 when nothing is known at all."""
        early, waited = self._sums(self.presses.values(), EARLY, TOLD, WHOLE)
        usual = early / (early + waited) if early + waited else 0
        early, waited = self._sums([self.presses.get((menu, key), {})], EARLY, TOLD, WHOLE)
        return (early + _LIKE_OTHERS * usual) / (early + waited + _LIKE_OTHERS)

    def barge_in(self, menu: str) -> float:
        """The share of those who wait for their option and then press at once; 1 without any."""
        told, whole = self._sums(self.presses.values(), TOLD, WHOLE)
        usual = told / (told + whole) if told + whole else 1
        here = [ways for (id_, _), ways in self.presses.items() if id_ == menu]
        told, whole = self._sums(here, TOLD, WHOLE)
        return (told + _LIKE_OTHERS * usual) / (told + whole + _LIKE_OTHERS)

    @staticmethod
    def _sums(presses: Iterable[Mapping[str, int]], first: str, *others: str) -> tuple[int, int]:
        """How many pressed in the first way, and how many in one of the others."""
        one = other = 0
        for ways in presses:
            one += ways.get(first, 0)
            other += sum(ways.get(how, 0) for how in others)
        return one, other


def habits(
    walks: Iterable[tuple[Walk, Model, Mapping[str, Spoken]]],
    now: Mapping[str, Mapping[tuple[str, str], str]],
) -> Habits:
    """The habits in calls, each with its version's model and lengths.

    `now` maps, by digest, a version's menu and key to the key of the same line today; lines that
    are gone are left out.
    """
    found: dict[tuple[str, str], Counter[str]] = {}
    calls = 0
    for walk, model, languages in walks:
        calls += 1
        keys = now[walk.session.digest]
        for act in acts(walk, model, languages):
            key = keys.get((act.menu, act.key))
            if act.kind == CHOOSE and key is not None:
                found.setdefault((act.menu, key), Counter())[act.how] += 1
    return Habits(found, calls)


def same_lines(then: Model, now: Model) -> dict[tuple[str, str], str]:
    """For each menu and key of a version the key of the same line of another.

    A line is the same when it leads to the same place; a reserved key when it does the same.
    """
    found: dict[tuple[str, str], str] = {}
    for menu in then.nodes.values():
        new = now.nodes.get(menu.id)
        if not isinstance(menu, Menu) or not isinstance(new, Menu):
            continue
        lines = {(c.to, tuple(sorted(c.constants.items()))): c.key for c in new.choices}
        doing = {function: key for key, function in new.reserved.items()}
        for choice in menu.choices:
            key = lines.get((choice.to, tuple(sorted(choice.constants.items()))))
            if key is not None:
                found[menu.id, choice.key] = key
        for key, function in menu.reserved.items():
            if function in doing:
                found[menu.id, key] = doing[function]
    return found
