"""form: entries shared by several ways on."""

from __future__ import annotations

from dialog.events import DigitsEntered
from menus.model import Form
from nodes import entry
from nodes.step import Step


def enter(step: Step, form: Form) -> None:
    """Asks for the first entry that is missing, or goes on with all of them."""
    field = entry.missing(step, form.fields)
    if field is None:
        step.go(form.to, step.constants, step.fields)
    else:
        entry.ask(step, field, form.tries)


def entered(step: Step, form: Form, event: DigitsEntered) -> None:
    """Takes an entry."""
    field = entry.named(form.fields, step.stage)
    text = entry.take(step, field, event)
    if text is None:
        failed(step, form, "bad_parameter")
    else:
        step.fields, step.tries = {**step.fields, field.name: text}, 0


def failed(step: Step, form: Form, reason: str) -> None:
    """Counts a failed try; asks again or gives up."""
    step.tries += 1
    if step.tries >= form.tries.most:
        step.fail(reason)
        step.say(step.model.outcomes.get(reason, ""))
        step.give_up(form)
    else:
        entry.ask(step, entry.named(form.fields, step.stage), form.tries)
