"""Where each key and code of a version leads: what a caller who hears its options may conclude."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from menus.clips import heard
from menus.model import Choice, Code, Menu, Model
from menus.paths import leaf_of


class Target(NamedTuple):
    """Something that can be wanted: a choice's node and constants, and the leaf in the record."""

    name: str
    leaf: str


class Ways:
    """A version's ways by key and by text."""

    __slots__ = ("codes", "leads", "menu_codes", "model", "targets")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.targets: dict[str, Target] = {}
        for choice in _choices(model):
            target = target_of(model, choice)
            if target is not None:
                self.targets[target.name] = target
        self.leads: dict[str, dict[str, tuple[str, ...]]] = {
            node.id: self._leads(node) for node in model.nodes.values() if isinstance(node, Menu)
        }
        """Menu -> target -> the keys there that lead to it."""
        self.codes, self.menu_codes = self._codes()

    def reach(self, node: str, seen: frozenset[str]) -> frozenset[str]:
        """The targets below a node, through no menu twice."""
        menu = self.model.nodes[node]
        if not isinstance(menu, Menu) or node in seen:
            return frozenset()
        found: set[str] = set()
        for choice in menu.choices:
            target = target_of(self.model, choice)
            if target is not None:
                found.add(target.name)
            else:
                found |= self.reach(choice.to, seen | {node})
        return frozenset(found)

    def _leads(self, menu: Menu) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for choice in menu.choices:
            target = target_of(self.model, choice)
            below = (
                self.reach(choice.to, frozenset((menu.id,)))
                if target is None
                else frozenset((target.name,))
            )
            for name in below:
                found[name] = (*found.get(name, ()), choice.key)
        return found

    def path(self, target: str) -> dict[str, str]:
        """The first key to press in each menu from the start of a call to the target."""
        found: dict[str, str] = {}
        menu = self.model.start["voice"]
        while menu not in found and (keys := self.leads.get(menu, {}).get(target)):
            found[menu] = keys[0]
            node = self.model.nodes[menu]
            assert isinstance(node, Menu)
            menu = next(c.to for c in node.choices if c.key == keys[0])
        return found

    def _codes(self) -> tuple[dict[str, list[Code]], dict[str, list[Code]]]:
        """By leaf: the codes that reach it, and the codes of lists that it stands in."""
        codes: dict[str, list[Code]] = {}
        lists: dict[str, list[Code]] = {}
        in_use = dict.fromkeys(use.book for use in self.model.books)
        for code in (code for book in in_use for code in self.model.codes.get(book, ())):
            if not code.spellings:
                continue
            node = self.model.nodes[code.node]
            if isinstance(node, Menu):
                for name in self.reach(node.id, frozenset()) & self.targets.keys():
                    lists.setdefault(self.targets[name].leaf, []).append(code)
            else:
                reached = Choice("", "", code.node, code.constants, code.place)
                codes.setdefault(leaf_of(self.model, reached), []).append(code)
        return codes, lists


def target_of(model: Model, choice: Choice) -> Target | None:
    """The target of a choice; None when it leads to another menu or to an agent."""
    leaf = leaf_of(model, choice)
    if not leaf:
        return None
    node = model.nodes[choice.to]
    return Target("/".join((node.id, *(choice.constants[key] for key in node.constants))), leaf)


def _choices(model: Model) -> Iterator[Choice]:
    """Those of the menus that calls reach: what is wanted is what callers can want, too."""
    for node in heard(model):
        if isinstance(node, Menu):
            yield from node.choices
