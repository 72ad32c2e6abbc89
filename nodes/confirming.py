"""A price that stands open in a dialogue of texts: what agrees to it, and what makes it void."""

from __future__ import annotations

from dialog.events import TextReceived
from menus.keywords import Match
from menus.model import Action
from nodes import telling
from nodes.step import Step


def word_on_price(step: Step, event: TextReceived) -> str:
    """The key that a text stands for: 1 agrees, * does not, "" when it is no word on the price."""
    model = step.model
    text = model.index.normalise(event.text)
    if text in model.yes or _confirms(step, event):
        return "1"
    return "*" if text in model.no else ""


def _confirms(step: Step, event: TextReceived) -> bool:
    """Whether a text is the confirm code of the very order whose price stands open."""
    found = step.model.index.match(
        event.text, called=step.session.origin.called, profile=step.profile, at_ms=step.when
    )
    return (
        isinstance(found, Match)
        and bool(found.code.confirms)
        and not found.params
        and (found.code.node, found.code.constants) == (step.node, step.constants)
    )


def leave(step: Step) -> None:
    """Closes what another command is sent over; an order that was not agreed to is told void.

    The subscriber must not think that both were done.
    """
    if step.stage == "confirm":
        node = step.model.nodes[step.node]
        assert isinstance(node, Action)
        step.word("order_void", {"name": telling.order_name(node, step.constants)})
    step.fail("abandoned")
