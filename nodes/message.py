"""message: a text, said; it may put on file what was texted before it.

A leaf of its own when a key or a code leads to it.
"""

from __future__ import annotations

from dialog import complaints, values
from dialog.outcomes import SUCCEEDED
from dialog.turn import NOTHING, Complained
from dialog.values import Values
from menus.model import Message
from nodes.filters import today
from nodes.step import Step

FILED = "text"
"""The form's entry that is put on file."""


def enter(step: Step, message: Message) -> None:
    """Says the text and goes on. By voice its request closes when it began to play."""
    step.say(message.text, file(step, step.fields[FILED]) if message.files else NOTHING)
    if step.request is not None:
        if step.voice:
            step.request = step.request._replace(stage="answering", answer=message.text)
        else:
            step.close(SUCCEEDED)
    step.after(message)


def file(step: Step, words: str) -> Values:
    """Notes the complaint; its receipt number and the hours that its answer may take."""
    number = complaints.receipt(f"{step.session.id}.{step.n}", today(step))
    step.facts.append(Complained(number, words))
    hours = complaints.HOURS[complaints.ORDINARY]
    return {"receipt": values.digits(number), "hours": values.number(hours)}
