"""Where the file uses its texts and nodes: the one walk that every check of references shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from menus.marks import SECTIONS
from menus.model import Action, Field, Form, Menu, Message, Model, Node, TransferNode
from menus.named import ANY_SERVICE
from menus.yaml_marks import Step

Path = tuple[Step, ...]


class TextUse(NamedTuple):
    """A text's use, and what it is used for: its `role`.

    `role` is word | outcome | confirm | answer | accepted | on | receipt | filed | instead |
    other; `word` is the role among `words`, the outcome, the leaf of an answer or a receipt, or the
    text that this one stands in for; `path` where it stands.
    """

    text: str
    path: Path
    role: str = "other"
    word: str = ""
    node: str = ""


class NodeUse(NamedTuple):
    """A way to a node: from where (a node id, "" = from the file's head) and why.

    `by` is start | choice | to | pick | next | then | agent.
    """

    node: str
    path: Path
    by: str
    origin: str = ""
    constants: Mapping[str, str] = {}


def path_of(node: Node) -> Path:
    """Where a node stands in menus.yaml."""
    return (SECTIONS[node.kind], node.id)


def text_uses(model: Model) -> Iterator[TextUse]:
    """Every use of a text by its id."""
    for role, text in model.words.items():
        yield TextUse(text, ("words", role), "word", role)
    for word, text in model.outcomes.items():
        yield TextUse(text, ("outcomes", word), "outcome", word)
    for number, instead in model.instead.items():
        for usual, text in instead.items():
            yield TextUse(text, ("called", number, "instead", usual), "instead", usual)
    for type_, faults in model.faults.items():
        for fault, text in faults.items():
            yield TextUse(text, ("faults", type_, fault))
    for node in model.nodes.values():
        yield from _of_node(model, node)


def _of_node(model: Model, node: Node) -> Iterator[TextUse]:
    path, id_ = path_of(node), node.id
    for which, texts in (("no_input", node.tries.no_input), ("no_match", node.tries.no_match)):
        above = _own(model, path, "tries", which)
        for n, text in enumerate(texts):
            yield TextUse(text, (*above, "tries", which, n))
    match node:
        case Menu():
            yield TextUse(node.intro, (*path, "intro"))
            if node.own is not None:
                yield TextUse(node.own.intro, (*path, "own", "intro"))
            for n, choice in enumerate(node.choices):
                yield TextUse(choice.label, (*path, "choices", n, "label"))
        case Form():
            yield from _asked(node.fields, path)
        case Action():
            yield from _of_action(node, path)
            yield from _asked(node.fields, path)
        case Message():
            role = "filed" if node.files else "other"
            yield TextUse(node.text, (*path, "text"), role, node=id_)
        case TransferNode():
            yield TextUse(node.say, (*path, "say"))
            for status, text in node.busy.items():
                yield TextUse(text, (*path, "busy", status), node=id_)


def _of_action(node: Action, path: Path) -> Iterator[TextUse]:
    if node.confirm:
        yield TextUse(node.confirm, (*path, "confirm"), "confirm", node=node.id)
    for leaf, text in node.answers.items():
        if leaf == "accepted":
            yield TextUse(text, (*path, "accepted"), "accepted", node=node.id)
        else:
            yield TextUse(text, (*path, "answer", leaf or "default"), "answer", leaf, node.id)
    for word, text in node.on.items():
        yield TextUse(text, (*path, "on", word), "on", word, node.id)
    for leaf, text in node.receipts.items():
        yield TextUse(text, (*path, "receipt", leaf or "default"), "receipt", leaf, node.id)
    yield TextUse(node.slow, (*path, "slow"))


def _asked(fields: Iterable[Field], path: Path) -> Iterator[TextUse]:
    for field in fields:
        here = (*path, "fields", field.name)
        yield TextUse(field.ask, (*here, "ask"))
        for n, text in enumerate(field.again):
            yield TextUse(text, (*here, "again", n))
        for fault, text in field.faults.items():
            yield TextUse(text, (*here, "faults", fault))


def _own(model: Model, path: Path, *keys: str) -> Path:
    """The node's path when it states the part itself, else that of the defaults."""
    return path if model.marks.menus.part(*path, *keys) is not None else ("defaults",)


def node_uses(model: Model) -> Iterator[NodeUse]:
    """Every way to a node by key, by `next` or by running out of tries."""
    for role, id_ in model.start.items():
        yield NodeUse(id_, ("agent",) if role == "agent" else ("start", role), "start")
    for node in model.nodes.values():
        path = path_of(node)
        if isinstance(node, Menu):
            for n, choice in enumerate(node.choices):
                here = (*path, "choices", n, "to")
                yield NodeUse(choice.to, here, "choice", node.id, choice.constants)
        if isinstance(node, Form):
            constants = dict.fromkeys(node.constants, "")
            yield NodeUse(node.to, (*path, "to"), "to", node.id, constants)
        if isinstance(node, Action) and node.pick:
            yield NodeUse(node.pick, (*path, "pick"), "pick", node.id, {"service": ""})
        if node.next:
            yield NodeUse(node.next, (*_own(model, path, "next"), "next"), "next", node.id)
        if isinstance(node, (Menu, Form, Action)):
            if node.tries.then:
                above = _own(model, path, "tries", "then")
                yield NodeUse(node.tries.then, (*above, "tries", "then"), "then", node.id)
            if node.agent and "agent" in node.reserved.values():
                own = model.marks.menus.part(*path, "agent") is not None
                where = (*path, "agent") if own else ("agent",)
                yield NodeUse(node.agent, where, "agent", node.id)


def leaves(model: Model) -> dict[str, dict[str, tuple[Path, str]]]:
    """The leaves of each node by their constants joined with `/`, with where they are first named.

    A place is a path and the book that it is in ("" = menus.yaml).
    """
    found: dict[str, dict[str, tuple[Path, str]]] = {}
    for use in node_uses(model):
        if use.by == "choice":
            _leaf(model, use.node, use.constants, (use.path, ""), found)
    for book, codes in model.codes.items():
        for code in codes:
            if ANY_SERVICE in code.constants.values():
                continue  # it has the leaves of other rows
            place = (("codes", code.row, "leaf"), book)
            _leaf(model, code.node, code.constants, place, found)
    return found


def _leaf(
    model: Model,
    id_: str,
    constants: Mapping[str, str],
    place: tuple[Path, str],
    found: dict[str, dict[str, tuple[Path, str]]],
) -> None:
    seen: set[str] = set()
    while id_ in model.nodes and id_ not in seen:
        seen.add(id_)
        node = model.nodes[id_]
        key = "/".join(constants.get(name, "") for name in node.constants)
        found.setdefault(id_, {}).setdefault(key, place)
        if not isinstance(node, Form):
            return
        id_ = node.to
