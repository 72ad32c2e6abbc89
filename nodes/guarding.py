"""Texts that are decided by who sends them and how often, before anything in them is read.

Each is a request that is refused. At most one answer goes out; an open question stays as it was.
"""

from __future__ import annotations

from dialog.events import ECHO, FLOOD, LIMITED, NOISE, STRANGER, TextReceived
from dialog.turn import load_wait
from menus.keywords import masked
from nodes import deciding
from nodes.step import Step

_REASONS = {
    LIMITED: "rate_limited",
    FLOOD: "rate_limited",
    STRANGER: "unanswerable",
    ECHO: "unanswerable",
}


def refused(step: Step, event: TextReceived) -> bool:
    """Whether the text ends here."""
    reason = _REASONS.get(event.verdict)
    if reason is None:
        return False
    deciding.decide(step, "none", masked(event.text), reason)
    if event.verdict == LIMITED:
        step.say(step.model.outcomes[reason])
    stay(step)
    return True


def unheard(step: Step, event: TextReceived) -> bool:
    """Whether a text that is no code gets no answer: so many that were none came before it."""
    if event.verdict != NOISE:
        return False
    deciding.decide(step, "none", masked(event.text), "unanswerable")
    stay(step)
    return True


def stay(step: Step) -> None:
    """An open question waits on; without one the dialogue is over."""
    if step.session.wait:
        step.then = load_wait(step.session.wait)
    else:
        step.end("done")
