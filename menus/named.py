"""Services by their names: a row whose leaf is disable/* takes the name behind its words.

退订彩铃, 退订 彩铃 and TD#彩铃 are disable/ringback. The names are those of menus.yaml, in full, in
any of its languages; which services a node does it for is known from the file's own leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from menus.model import Action, Code, Menu, Node

ANY_SERVICE = "*"
"""The constant of a row that is followed by a service's name."""

_SERVICE, _SUBSCRIBE, _UNSUBSCRIBE = "service", "subscribe", "unsubscribe"


def services(codes: Iterable[Code], nodes: Mapping[str, Node]) -> dict[str, frozenset[str]]:
    """Node -> the services that it is for: those of its leaves, by key or by code.

    What can be ordered can be cancelled: a node that cancels is also for what others order.
    """
    own: dict[str, set[str]] = {}
    ordered: set[str] = set()
    for id_, constants in _ways(codes, nodes):
        service, node = constants.get(_SERVICE, ANY_SERVICE), nodes.get(id_)
        if service == ANY_SERVICE or not isinstance(node, Action):
            continue
        own.setdefault(id_, set()).add(service)
        if (node.does, node.name) == ("order", _SUBSCRIBE):
            ordered.add(service)
    for node in nodes.values():
        if isinstance(node, Action) and (node.does, node.name) == ("order", _UNSUBSCRIBE):
            own[node.id] = own.get(node.id, set()) | ordered
    return {id_: frozenset(found) for id_, found in own.items()}


def by_name(
    which: Iterable[str],
    names: Mapping[str, Mapping[str, str]],
    normalise: Callable[[str], str],
) -> dict[str, str]:
    """Normalised name -> service, of these services; of two alike the file's first."""
    found: dict[str, str] = {}
    wanted = set(which)
    for id_, wordings in names.items():
        if id_ in wanted:
            for wording in wordings.values():
                found.setdefault(normalise(wording), id_)
    return found


def _ways(
    codes: Iterable[Code], nodes: Mapping[str, Node]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield from ((code.node, code.constants) for code in codes)
    for node in nodes.values():
        if isinstance(node, Menu):
            yield from ((choice.to, choice.constants) for choice in node.choices)
