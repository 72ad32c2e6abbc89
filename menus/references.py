"""Whether everything that the file names is there: nodes, texts, languages, constants, fields."""

from __future__ import annotations

from collections.abc import Iterator

from menus.build import listed
from menus.findings import Finding, finding, hint
from menus.model import Action, Form, Menu, Model, TransferNode
from menus.uses import leaves, node_uses, path_of, text_uses


def references(model: Model) -> list[Finding]:
    """Findings about names that lead nowhere."""
    return [
        *_texts(model),
        *_nodes(model),
        *_constants(model),
        *_agents(model),
        *_codes(model),
        *_languages(model),
    ]


def _texts(model: Model) -> Iterator[Finding]:
    for use in text_uses(model):
        if use.role == "instead" and use.word not in model.texts:
            near = hint(use.word, model.texts)
            yield finding("unknown_text", model.marks.key(*use.path), id=use.word, **near)
        if use.text not in model.texts:
            near = hint(use.text, model.texts)
            yield finding("unknown_text", model.marks.at(*use.path), id=use.text, **near)


def _nodes(model: Model) -> Iterator[Finding]:
    for use in node_uses(model):
        if use.node not in model.nodes:
            near = hint(use.node, model.nodes)
            yield finding("unknown_node", model.marks.at(*use.path), id=use.node, **near)
    menus = [node.id for node in model.nodes.values() if isinstance(node, Menu)]
    for node in model.nodes.values():
        if isinstance(node, Menu) and node.own is not None:
            for n, id_ in enumerate(node.own.of):
                if id_ not in menus:
                    place = model.marks.at(*path_of(node), "own", "of", n)
                    yield finding("unknown_node", place, id=id_, **hint(id_, menus))


def _constants(model: Model) -> Iterator[Finding]:
    for use in node_uses(model):
        node = model.nodes.get(use.node)
        if node is None:
            continue
        given = set(use.constants)
        origin = model.nodes.get(use.origin)
        if isinstance(origin, Menu) and origin.sets:
            given -= {origin.sets}
        if given != set(node.constants):
            yield finding(
                "constants_mismatch",
                model.marks.at(*use.path),
                id=node.id,
                wanted=listed(node.constants),
                given=listed(use.constants),
            )
    reached = leaves(model)
    for node in model.nodes.values():
        if isinstance(node, Action):
            known = reached.get(node.id, {})
            for part, texts in (("answer", node.answers), ("receipt", node.receipts)):
                for leaf in texts.keys() - {"", "accepted"} - known.keys():
                    place = model.marks.key(*path_of(node), part, leaf)
                    yield finding("unknown_leaf", place, leaf=leaf, **hint(leaf, known))


def _agents(model: Model) -> Iterator[Finding]:
    for use in node_uses(model):
        node = model.nodes.get(use.node)
        by_key = use.by == "agent" or use.path == ("agent",)
        if by_key and node is not None and not isinstance(node, TransferNode):
            yield finding("not_a_transfer", model.marks.at(*use.path), id=use.node)
    for node in model.nodes.values():
        if not node.agent and "agent" in node.reserved.values():
            own = model.marks.menus.part(*path_of(node), "reserved") is not None
            above = path_of(node) if own else ("defaults",)
            yield finding("no_reserved_agent", model.marks.key(*above, "reserved"))


def _codes(model: Model) -> Iterator[Finding]:
    for book, codes in model.codes.items():
        for code in codes:
            node = model.nodes.get(code.node)
            if node is None:
                place = model.marks.code(book, code.row, "leaf")
                yield finding("unknown_node", place, id=code.node, **hint(code.node, model.nodes))
                continue
            fields = node.fields if isinstance(node, (Action, Form)) else ()
            names = [field.name for field in fields]
            for i, name in enumerate(code.params):
                if name not in names:
                    place = model.marks.code(book, code.row, "params", i)
                    near = hint(name, names)
                    yield finding("unknown_param", place, id=node.id, name=name, **near)


def _languages(model: Model) -> Iterator[Finding]:
    named: list[tuple[str, tuple[str | int, ...]]] = []
    for number, language in model.called_language.items():
        named.append((language, ("called", number, "language")))
    for id_, text in model.texts.items():
        named += [(language, ("texts", id_, language)) for language in text.voice]
        named += [(language, ("texts", id_, "sms", language)) for language in text.sms]
    for section, table in (("names", model.names), ("measures", model.measures)):
        for id_, wording in table.items():
            named += [(language, (section, id_, language)) for language in wording]
    for node in model.nodes.values():
        if isinstance(node, Menu) and node.sets:
            for n, choice in enumerate(node.choices):
                language = choice.constants.get(node.sets, "")
                named.append((language, (*path_of(node), "choices", n, "with", node.sets)))
    for language, path in named:
        if language not in model.languages:
            place = model.marks.key(*path) if path[0] != "called" else model.marks.at(*path)
            near = hint(language, model.languages)
            yield finding("unknown_language", place, language=language or "-", **near)
