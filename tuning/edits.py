"""From a proposal to lines of menus.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from menus.edits import Line
from menus.model import Choice, Menu, Model
from tuning.promotion import Promotion
from tuning.proposal import CHANGE, MenuTuning, Variant


class Brought(NamedTuple):
    """A line (from 0) of a menu that is announced at the top, its key and label there.

    The label "" is the line's own.
    """

    menu: str
    line: int
    key: str
    label: str


def variant(tuning: MenuTuning, renumber: bool) -> Variant:
    """The variant that was asked for."""
    return tuning.renumbered if renumber else tuning.kept


def edits(
    model: Model,
    tunings: Iterable[MenuTuning],
    *,
    renumber: bool = False,
    promoted: Promotion | None = None,
    brought: Mapping[str, Brought] = {},
    moved: bool = False,
) -> dict[str, tuple[Line, ...]]:
    """The lines of every menu that is justified to change; a promotion that is changes the top.

    `brought` has the promoted lines by their shortcut's id; `moved`: they leave their menus.
    """
    found: dict[str, tuple[Line, ...]] = {}
    for tuning in tunings:
        chosen = variant(tuning, renumber)
        if chosen.verdict == CHANGE:
            found[tuning.menu] = _lines(model, tuning.menu, chosen.order, chosen.keys)
    if promoted is not None and promoted.verdict == CHANGE:
        _promote(model, found, promoted, brought, moved)
    return {id_: lines for id_, lines in found.items() if lines != _today(model, id_)}


def _lines(
    model: Model, id_: str, order: Sequence[str], keys: Mapping[str, str]
) -> tuple[Line, ...]:
    at = {choice.key: n for n, choice in enumerate(_choices(model, id_))}
    return tuple(
        Line(id_, at[key], keys[key] if keys.get(key, key) != key else "") for key in order
    )


def _today(model: Model, id_: str) -> tuple[Line, ...]:
    return tuple(Line(id_, n) for n in range(len(_choices(model, id_))))


def _choices(model: Model, id_: str) -> tuple[Choice, ...]:
    menu = model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu.choices


def _promote(
    model: Model,
    found: dict[str, tuple[Line, ...]],
    promoted: Promotion,
    brought: Mapping[str, Brought],
    moved: bool,
) -> None:
    top = model.start["voice"]
    at = {choice.key: n for n, choice in enumerate(_choices(model, top))}
    lines = []
    for id_ in promoted.top:
        if id_ in brought:
            menu, line, key, label = brought[id_]
            lines.append(Line(menu, line, key, label))
            if moved:
                rest = found.get(menu, _today(model, menu))
                found[menu] = tuple(each for each in rest if each.at != line)
        elif id_ in at:
            lines.append(Line(top, at[id_]))
    found[top] = tuple(lines)
