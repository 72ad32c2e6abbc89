"""The shipped receipts: the texts that tell an owner what was changed, and how to undo it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actions.embedded.catalogue import FAMILIES, TARIFFS
from dialog import values
from dialog.turn import Say
from menus.loader import load
from menus.model import Action, Model
from menus.paths import paths
from sms_commands.compose import compose

_MODEL, _ = load(Path(__file__).parent.parent)
assert _MODEL is not None
MODEL: Model = _MODEL
ORDERS = {
    node.id: node
    for node in MODEL.nodes.values()
    if isinstance(node, Action) and node.does == "order"
}
CHANGES = [
    (id_, service)
    for id_, _, service in (leaf.partition("/") for leaf in paths(MODEL))
    if id_ in ORDERS
]
"""What a caller can change: who changes it by text has the answer."""
DEAREST = max(
    tariff.price
    for tariff in TARIFFS
    if tariff.service in {service for id_, service in CHANGES if id_ == "enable"}
)


def written(language: str, id_: str, service: str) -> tuple[str, int]:
    """A change's receipt with the longest values that it can have, and its number of segments."""
    node = ORDERS[id_]
    targets = [member for member in FAMILIES.get(service, ()) if member in MODEL.names]
    target = max(targets, key=lambda name: len(MODEL.names[name][language]), default=service)
    given = {
        "price": values.money(DEAREST),
        "cycle": values.name("cycle_month"),
        "effective": values.name("effective_next_cycle"),
        "threshold": values.money(1_000_000),
        "name": values.name(service),
        "targets": values.rows([(values.name(target),)]),
    }
    text = node.receipts.get(service) or node.receipts[""]
    message = compose(MODEL, language, [Say(text, given)])
    return message.text, message.segments


@pytest.mark.parametrize(("id_", "service"), CHANGES)
def test_every_change_has_a_receipt_of_one_segment(id_: str, service: str) -> None:
    """Whatever is changed by voice, its owner's text is one message in either language."""
    for language in MODEL.languages:
        text, segments = written(language, id_, service)
        assert segments == 1, f"{len(text)}: {text}"
        assert "10086" in text


@pytest.mark.parametrize(("id_", "service"), [row for row in CHANGES if row[0] == "enable"])
def test_a_receipt_tells_the_code_that_cancels(id_: str, service: str) -> None:
    """The code in a receipt is the one that cancels this service, or the whole of its family."""
    family = next((name for name, of in FAMILIES.items() if service in of), "")
    cancels = {
        spelling
        for code in MODEL.codes["t5"]
        if code.node == "disable" and code.constants["service"] in (service, family)
        for spelling in code.spellings
        if spelling.startswith("QX")
    }
    (cancel,) = cancels
    for language in MODEL.languages:
        assert re.findall("QX[A-Z0-9]+", written(language, id_, service)[0]) == [cancel]
