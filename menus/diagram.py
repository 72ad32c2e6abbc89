"""The dialogue as a Mermaid flowchart, for people: `hotline diagram`."""

from __future__ import annotations

from collections.abc import Iterator

from menus.model import Action, Form, Menu, Model, Node, TransferNode
from menus.template import Slot, Template
from menus.uses import NodeUse, node_uses

_SHAPES = {
    "menu": ("([", "])"),
    "form": ("[/", "/]"),
    "action": ("[", "]"),
    "message": (">", "]"),
    "transfer": ("{{", "}}"),
}
_WIDEST = 24


def mermaid(model: Model, language: str = "") -> str:
    """A flowchart of all nodes; an arrow carries its key and label, a dotted one is taken unasked.

    Texts are in `language`, the file's default when it is empty. Reserved keys and the ways of
    those who run out of tries are left out: they leave every node alike.
    """
    language = language or model.languages[0]
    return "\n".join(("flowchart LR", *_nodes(model), *_ways(model, language))) + "\n"


def _nodes(model: Model) -> Iterator[str]:
    for node in model.nodes.values():
        opens, closes = _SHAPES[node.kind]
        yield f'  {_id(node.id)}{opens}"{_title(node)}"{closes}'


def _title(node: Node) -> str:
    match node:
        case Action():
            return f"{node.id}<br/>{node.does} {node.name}"
        case TransferNode():
            return f"{node.id}<br/>{node.topic}"
        case Form():
            return f"{node.id}<br/>{', '.join(field.name for field in node.fields)}"
    return node.id


def _ways(model: Model, language: str) -> Iterator[str]:
    for use in node_uses(model):
        if use.by == "choice":
            label = _label(model, use, language)
            yield f'  {_id(use.origin)} -->|"{label}"| {_id(use.node)}'
        elif use.by == "to":
            yield f"  {_id(use.origin)} --> {_id(use.node)}"
        elif use.by == "next" and "defaults" not in use.path:
            yield f"  {_id(use.origin)} -.-> {_id(use.node)}"


def _label(model: Model, use: NodeUse, language: str) -> str:
    menu = model.nodes[use.origin]
    assert isinstance(menu, Menu)
    choice = menu.choices[int(use.path[3])]
    text = model.texts[choice.label]
    words = _plain(text.voice.get(language, ()))
    if len(words) > _WIDEST:
        words = words[: _WIDEST - 1] + "…"
    return f"{_escaped(choice.key)} {_escaped(words)}"


def _plain(template: Template) -> str:
    return "".join(f"<{part.name}>" if isinstance(part, Slot) else part for part in template)


def _escaped(text: str) -> str:
    """Characters that Mermaid reads as its own, as entity codes."""
    return "".join(f"#{ord(c)};" if c in '"#;|<>*`' else c for c in text)


def _id(node: str) -> str:
    """A node id that is no word of Mermaid's (`end`, `click`)."""
    return f"n_{node}"
