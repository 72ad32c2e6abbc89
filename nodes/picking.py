"""A list of the subscriber's own services in a text: its number picks one.

The BSS says what is active; of that the list has what the node behind it is for. The pick goes in
at that node's first gate like a key or a code.
"""

from __future__ import annotations

from dialog import values
from dialog.turn import Collect, Say
from dialog.values import Values
from menus.model import Action
from nodes.step import Step

STAGE = "pick"


def listed(step: Step, node: Action, given: Values) -> dict[str, str]:
    """Number -> service, of those that the BSS named in `items` and the pick is for."""
    allowed = step.model.index.services.get(node.pick, frozenset())
    named = (row[0].of for row in given["items"].of)
    return {str(n): one for n, one in enumerate((s for s in named if s in allowed), 1)}


def offer(step: Step, node: Action, options: dict[str, str]) -> None:
    """Sends the numbered list and waits for a number, once the node's answer is said."""
    choice = step.own(step.model.words["choice"])
    for key, service in options.items():
        step.says.append(Say(choice, {"label": values.name(service), "key": values.digits(key)}))
    step.word("list_hint")
    step.fields, step.stage = options, STAGE
    step.then = Collect("menu", 1, "", node.tries.first_ms, node.tries.between_ms)


def picked(step: Step, node: Action, key: str) -> None:
    """Goes on to the service of a number."""
    step.choose(node.pick, {"service": step.fields[key]})
