"""What an action's end is told with: the texts of its outcomes and the values in them.

Pure functions of the file's node and what is known of the order, so that an order whose end comes
later, without a session, is told in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dialog import values
from dialog.outcomes import SUCCEEDED
from dialog.values import Value, Values
from menus.model import Action, Model
from nodes import entry

Constants = Mapping[str, str]


def by_leaf(texts: Mapping[str, str], node: Action, constants: Constants) -> str:
    """The text of a leaf in a map by the leaf's constants; "" in the map stands for the others."""
    leaf = "/".join(constants[name] for name in node.constants)
    return texts.get(leaf) or texts.get("", "")


def answer(node: Action, constants: Constants, outcome: str) -> str:
    """The text of a success: `accepted` may have its own."""
    if outcome != SUCCEEDED and outcome in node.answers:
        return node.answers[outcome]
    return by_leaf(node.answers, node, constants)


def text_of(model: Model, node: Action, word: str) -> str:
    """The text of any other outcome or reason: the node's own, or else the file's."""
    return node.on.get(word) or model.outcomes.get(word, "")


def named(constants: Constants) -> Values:
    """The service's name, where the leaf has one."""
    service = constants.get("service")
    return {"name": values.name(service)} if service else {}


def order_name(node: Action, constants: Constants) -> Value:
    """What an order is called: by its service, or by its verb where it has none."""
    return values.name(constants.get("service") or node.name)


def values_of(
    node: Action, constants: Constants, fields: Mapping[str, str], quote: Sequence[Any] | None
) -> dict[str, Value]:
    """The leaf's name, its public entries and, of an order, what was quoted."""
    given = dict(named(constants))
    for field in node.fields:
        text = fields.get(field.name)
        if text is not None and field.type in entry.PUBLIC:
            given[field.name] = entry.as_value(field.type, text)
    if quote is None:
        return given
    price, cycle, _tariff, effective, targets = quote
    given["price"] = values.money(price)
    given["cycle"] = values.name(f"cycle_{cycle}")
    if effective[:1].isdigit():
        given["effective"] = values.date(effective)
    else:
        given["effective"] = values.name(f"effective_{effective}")
    if targets:
        given["targets"] = values.rows((values.name(target),) for target in targets)
        given.setdefault("name", values.name(targets[0]))
    return given
