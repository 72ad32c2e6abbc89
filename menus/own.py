"""A menu's own options: which leaves they may be, and which texts reach such a menu."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from menus.keywords import normalise
from menus.model import Action, Choice, Code, Menu, Message, Node, Own


def with_leaves(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The nodes, with each menu's own options filled in from the menus that it names."""
    return {
        id_: replace(node, own=replace(node.own, leaves=_leaves(node.own, nodes)))
        if isinstance(node, Menu) and node.own is not None
        else node
        for id_, node in nodes.items()
    }


def _leaves(own: Own, nodes: Mapping[str, Node]) -> dict[str, Choice]:
    """Leaf -> the first choice that opens it; lint tells of what leads nowhere."""
    found: dict[str, Choice] = {}
    for id_ in own.of:
        menu = nodes.get(id_)
        for choice in menu.choices if isinstance(menu, Menu) else ():
            node = nodes.get(choice.to)
            if isinstance(node, (Action, Message)):
                constants = (choice.constants.get(name, "") for name in node.constants)
                found.setdefault("/".join((node.id, *constants)), choice)
    return found


def least(nodes: Mapping[str, Node]) -> int:
    """The fewest uses that some menu asks for, 0 when none has own options."""
    asked = (node.own.least for node in nodes.values() if isinstance(node, Menu) and node.own)
    return min(asked, default=0)


def spellings(codes: Iterable[Code], nodes: Mapping[str, Node]) -> frozenset[str]:
    """The texts, normalised, that reach a menu with own options."""
    return frozenset(
        normalise(spelling)
        for code in codes
        if isinstance(node := nodes.get(code.node), Menu) and node.own is not None
        for spelling in code.spellings
    )
