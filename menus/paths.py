"""The ways by key from the start of a call to each leaf.

A leaf is named as in the record: its node and its constants, `balance` or `enable/caller_id`. A
form stands for the leaf that it leads to. `for:` filters are not judged: a way that only some
subscribers are offered is a way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from menus.model import Choice, Form, Menu, Model


class Hop(NamedTuple):
    """One key on the way: the menu that takes it and the choice that it picks."""

    menu: str
    choice: Choice


Path = tuple[Hop, ...]


def leaf_of(model: Model, choice: Choice) -> str:
    """The leaf that a choice opens; "" when it leads to another menu or to an agent.

    >>> leaf_of(model, choice_of_key_1_in_caller_id_menu)
    'enable/caller_id'
    """
    node = model.nodes[choice.to]
    if node.kind not in ("action", "form", "message"):
        return ""
    if isinstance(node, Form):
        node = model.nodes[node.to]
    return "/".join((node.id, *(choice.constants[name] for name in node.constants)))


def paths(model: Model) -> Mapping[str, tuple[Path, ...]]:
    """For each leaf the ways to it from where calls start: through no menu twice, in spoken order.

    A leaf that no key leads to has no entry.
    """
    found: dict[str, list[Path]] = {}
    for leaf, path in below(model, model.start["voice"]):
        found.setdefault(leaf, []).append(path)
    return {leaf: tuple(ways) for leaf, ways in found.items()}


def keys(path: Path) -> str:
    """The keys of a way, in order."""
    return "".join(hop.choice.key for hop in path)


def below(model: Model, menu: str, above: Path = ()) -> Iterator[tuple[str, Path]]:
    """The leaves below a menu, each with the way to it, through no menu twice, in spoken order.

    `above` are the hops that led there. A node that is no menu has none.
    """
    node = model.nodes[menu]
    if not isinstance(node, Menu):
        return
    for choice in node.choices:
        path = (*above, Hop(menu, choice))
        leaf = leaf_of(model, choice)
        if leaf:
            yield leaf, path
        elif all(choice.to != hop.menu for hop in path):
            yield from below(model, choice.to, path)
