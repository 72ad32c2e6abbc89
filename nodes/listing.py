"""A texted list and the digits that answer it: open for one wait, and for a day no digit is a code.

Some books have one-digit codes that order something. Who answers a list too late, or with a digit
that it does not have, must not order by it. A list is not sent to who may choose nothing of it now.
"""

from __future__ import annotations

from dialog.events import TextReceived
from menus.keywords import bare_digit
from menus.model import Action, Menu, Node
from nodes import action, menu
from nodes.step import Step


def taken(step: Step, event: TextReceived) -> bool:
    """Whether a text is a digit that can only be meant for a list, open or of the last day."""
    return event.listed or open_to(step, event)


def open_to(step: Step, event: TextReceived) -> bool:
    """Whether a list is open and the text one digit."""
    return step.session.wait[:2] == ("Collect", "menu") and bare_digit(event.text)


def shut(step: Step, node: Menu) -> str:
    """The reason that refuses every choice of a list now, "" when there is something to choose.

    What is refused for some choices only is refused when it is chosen.
    """
    reasons = {_shut(step, choice.to) for choice in menu.offered(step, node)}
    return reasons.pop() if len(reasons) == 1 else ""


def _shut(step: Step, to: str) -> str:
    node = step.model.nodes[to]
    return action.forbidden(step, node) if isinstance(node, Action) else ""


def ask_again(step: Step, node: Node) -> None:
    """The open list has no such digit; it stays open."""
    step.say(node.tries.no_match[0])
    step.word("list_hint")
