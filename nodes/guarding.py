"""Texts that are decided by who sends them and how often, before anything in them is read.

Each is a request that is refused. At most one answer goes out; an open question stays as it was.
What people write to be put on file is filed all the same.
"""

from __future__ import annotations

from dialog.events import ECHO, FLOOD, LIMITED, NOISE, STRANGER, TextReceived
from dialog.turn import load_wait
from menus.keywords import Match, masked
from menus.model import Form, Message
from nodes import deciding, message
from nodes.step import Step

_TOO_MANY = "rate_limited"
_REASONS = {
    LIMITED: _TOO_MANY,
    FLOOD: _TOO_MANY,
    STRANGER: "unanswerable",
    ECHO: "unanswerable",
}


def refused(step: Step, event: TextReceived) -> bool:
    """Whether the text ends here."""
    reason = _REASONS.get(event.verdict)
    if reason is None:
        return False
    if reason != _TOO_MANY or not _filed(step, event):
        deciding.decide(step, "none", masked(event.text), reason)
        if event.verdict == LIMITED:
            step.say(step.model.outcomes[reason])
    stay(step)
    return True


def _filed(step: Step, event: TextReceived) -> bool:
    """Puts on file what would be if it were not too many; the first of them gets its receipt."""
    model, called = step.model, step.session.origin.called
    if model.index.normalise(event.text) in model.system_words:
        return False
    found = model.index.match(event.text, called=called, profile=step.profile, at_ms=step.when)
    if not isinstance(found, Match):
        return False
    node = model.nodes[found.code.node]
    target = model.nodes[node.to] if isinstance(node, Form) else node
    texted = dict(zip(found.code.params, found.params, strict=False))
    words, _, fault = texted.get(message.FILED, "").partition("!")
    if not isinstance(target, Message) or not target.files or not words or fault:
        return False
    deciding.decide(step, target.id, found.spelling, _TOO_MANY, "message")
    given = message.file(step, words)
    if event.verdict == LIMITED:
        step.say(target.text, given)
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
