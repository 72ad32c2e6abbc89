"""Ways through the dialogue: what can't be reached, what leads nowhere, what never waits."""

from __future__ import annotations

from collections.abc import Iterator

from menus.clips import heard
from menus.filters import overlap
from menus.findings import Finding, finding
from menus.model import Action, Filter, Form, Menu, Message, Model, Node, TransferNode
from menus.uses import node_uses, path_of

SPOKEN_KEYS = (2, 11)
"""The fewest and the most keys that a menu should offer, reserved ones too: they are announced
like choices. A telephone has twelve, and `#` only ends entries."""

_EVERYBODY = Filter()


def findings(model: Model) -> Iterator[Finding]:
    """Findings about nodes, their ways on and their keys."""
    ways: dict[str, set[str]] = {}
    for use in node_uses(model):
        ways.setdefault(use.origin, set()).add(use.node)
    yield from _unreachable(model, ways)
    yield from _dead_ends(model)
    yield from _loops(model)
    yield from _filed(model)
    for node in model.nodes.values():
        if isinstance(node, Menu):
            yield from _keys(model, node)


def _from(roots: set[str], ways: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = list(roots)
    while ahead:
        id_ = ahead.pop()
        if id_ not in seen:
            seen.add(id_)
            ahead += ways.get(id_, ())
    return seen


def _unreachable(model: Model, ways: dict[str, set[str]]) -> Iterator[Finding]:
    roots = ways.get("", set()) | {code.node for codes in model.codes.values() for code in codes}
    reached = _from(roots, ways)
    for node in model.nodes.values():
        if node.id not in reached:
            yield finding("unreachable", node.place, id=node.id)


def _dead_ends(model: Model) -> Iterator[Finding]:
    """Leaves without a stated way on, and menus from which no leaf can be reached."""
    ahead: dict[str, set[str]] = {}
    for use in node_uses(model):
        if use.by in ("choice", "to"):
            ahead.setdefault(use.origin, set()).add(use.node)
    for node in model.nodes.values():
        if isinstance(node, (Menu, Form)):
            # a way to a node that is not there is `unknown_node`, and told there
            reached = [model.nodes.get(id_) for id_ in _from({node.id}, ahead)]
            if all(isinstance(other, (Menu, Form)) for other in reached):
                yield finding("dead_end", node.place, id=node.id)
        elif not node.next and not _says_end(model, node):
            yield finding("dead_end", node.place, id=node.id)


def _says_end(model: Model, node: Node) -> bool:
    menus = model.marks.menus
    return (
        menus.part(*path_of(node), "next") is not None or menus.part("defaults", "next") is not None
    )


def _loops(model: Model) -> Iterator[Finding]:
    """Rings of nodes that the caller is led through without being waited for."""
    on = {node.id: _on_its_own(node) for node in model.nodes.values()}
    told: set[str] = set()
    for start in model.nodes:
        path: list[str] = []
        id_ = start
        while id_ and id_ not in path and id_ not in told:
            path.append(id_)
            id_ = on.get(id_, "")
        told.update(path)
        if id_ in path:
            ring = path[path.index(id_) :]
            place = model.nodes[ring[0]].place
            yield finding("loop_without_input", place, path=" -> ".join((*ring, ring[0])))


def _on_its_own(node: Node) -> str:
    """Where a node goes by itself, "" when it waits for the subscriber first."""
    match node:
        case Message() | TransferNode():
            return node.next
        case Action():
            waits = node.confirm or node.does == "verify" or node.password == "always"
            return "" if waits or any(not field.optional for field in node.fields) else node.next
        case Form():
            return "" if any(not field.optional for field in node.fields) else node.to
    return ""


def _filed(model: Model) -> Iterator[Finding]:
    """What is put on file is one's own words: a form has asked for them, and in a text."""
    by_voice = {node.id for node in heard(model)}
    coded = {code.node for codes in model.codes.values() for code in codes}
    for node in model.nodes.values():
        if not isinstance(node, Message) or not node.files:
            continue
        ways = [use for use in node_uses(model) if use.node == node.id]
        asked = all(use.by == "to" and _asks_words(model.nodes[use.origin]) for use in ways)
        if not asked or node.id in coded | by_voice:
            place = model.marks.at(*path_of(node), "files")
            yield finding("bad_filing", place, id=node.id)


def _asks_words(node: Node) -> bool:
    fields = node.fields if isinstance(node, Form) else ()
    return any((field.name, field.type) == ("text", "free_text") for field in fields)


def _keys(model: Model, node: Menu) -> Iterator[Finding]:
    path = path_of(node)
    fewest, most = SPOKEN_KEYS
    own = node.own.keys if node.own is not None else ()
    keys = {choice.key for choice in node.choices} | node.reserved.keys() | set(own)
    if not fewest <= len(keys) <= most:
        yield finding("menu_size", model.marks.key(*path, "choices"), count=len(keys))
    for n, choice in enumerate(node.choices):
        place = model.marks.at(*path, "choices", n, "key")
        function = node.reserved.get(choice.key)
        if function is not None:
            yield finding("reserved_collision", place, key=choice.key, function=function)
        for other in node.choices[:n]:
            same = choice.key == other.key
            if same and overlap(choice.filter or _EVERYBODY, other.filter or _EVERYBODY):
                yield finding("duplicate_key", place, key=choice.key, line=other.place.line)
                break
    for n, key in enumerate(own):
        place = model.marks.at(*path, "own", "keys", n)
        if key in node.reserved:
            yield finding("reserved_collision", place, key=key, function=node.reserved[key])
        taken = [choice.place for choice in node.choices if choice.key == key]
        if taken or key in own[:n]:
            line = taken[0].line if taken else place.line
            yield finding("duplicate_key", place, key=key, line=line)
