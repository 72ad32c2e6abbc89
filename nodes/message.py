"""message: a text, said. A leaf of its own when a key or a code leads to it."""

from __future__ import annotations

from dialog.outcomes import SUCCEEDED
from menus.model import Message
from nodes.step import Step


def enter(step: Step, message: Message) -> None:
    """Says the text and goes on. By voice its request closes when it began to play."""
    step.say(message.text)
    if step.request is not None:
        if step.voice:
            step.request = step.request._replace(stage="answering", answer=message.text)
        else:
            step.close(SUCCEEDED)
    step.after(message)
