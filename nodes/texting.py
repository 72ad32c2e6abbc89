"""Texts: tried as STOP or HELP, as an answer, as a keyword; then they match nothing."""

from __future__ import annotations

from collections.abc import Collection

from dialog import values
from dialog.events import ANSWERED, CallArrived, DigitsEntered, TextReceived
from dialog.fields import TYPES, BadField
from dialog.turn import Collect, load_wait
from menus.keywords import Barred, Index, Match, Nameless, Several, TooMany, masked
from menus.model import Action, Form, Menu, Node
from nodes import (
    action,
    answering,
    barring,
    confirming,
    deciding,
    entry,
    guarding,
    listing,
    menu,
    picking,
    telling,
)
from nodes.filters import today
from nodes.step import Illegal, Step


def know(step: Step, event: CallArrived | TextReceived) -> None:
    """Takes over what the record and the BSS know of the subscriber, the latter once."""
    step.used = event.used or step.used
    profile = event.profile
    if profile is not None and not step.session.turn:
        step.profile = profile
        if profile.language in step.model.languages:
            step.language = profile.language


def text_received(step: Step, event: TextReceived) -> None:
    """A text is tried as STOP or HELP, as an answer, as a keyword; then it matches nothing."""
    know(step, event)
    wait = step.session.wait
    if wait and wait[0] != "Collect":
        raise Illegal(f"a text while {wait[0]} is waited for")
    model, origin, profile = step.model, step.session.origin, step.profile
    index = model.index
    if guarding.refused(step, event):
        return
    answered = event.verdict in ANSWERED
    word = event.verdict if answered else model.system_words.get(index.normalise(event.text))
    if word is not None:
        confirming.leave(step)
        deciding.system_word(step, word, answered=answered)
        return
    if wait and _answer_by_text(step, event):
        return
    found = None
    if not listing.taken(step, event):
        found = index.match(event.text, called=origin.called, profile=profile, at_ms=step.when)
    if found is None or isinstance(found, Nameless):
        _no_match(step, event, found)
        return
    confirming.leave(step)
    if isinstance(found, Match):
        _run(step, found)
    elif isinstance(found, TooMany):
        deciding.refuse(step, found.spelling, "bad_parameter")
    elif isinstance(found, Several):
        deciding.refuse(step, found.spelling, "bad_parameter", "one_at_a_time")
    elif isinstance(found, Barred):
        barring.refuse(step, found)
    else:
        deciding.refuse(step, found.spelling, "backend_timeout")


def _run(step: Step, found: Match) -> None:
    """Goes where a code leads; a list of which nothing may be chosen now is not sent."""
    code, node = found.code, step.model.nodes[found.code.node]
    step.book = code.book
    if isinstance(node, Menu) and (reason := listing.shut(step, node)):
        deciding.refuse(step, found.spelling, reason, menu=node.id)
        return
    step.choose(code.node, code.constants, found.spelling, code.book)
    step.fields = dict(zip(code.params, found.params, strict=False))
    _check_params(step, node)


def _check_params(step: Step, node: Node) -> None:
    """Texted parameters go through the same check as keyed ones; a bad one is asked for again."""
    if not isinstance(node, (Action, Form)):
        return
    if isinstance(node, Action) and action.forbidden(step, node):
        return  # the gates stand in their order
    texted, step.fields = step.fields, {}
    for field in node.fields:
        if field.name not in texted:
            continue
        step.stage = f"field:{field.name}"
        checked = entry.take(step, field, _as_digits(step, texted[field.name]))
        if checked is None:
            step.tries = 1
            entry.listen(step, field, node.tries)
            return
        step.fields = {**step.fields, field.name: checked}
    step.stage = ""


def _as_digits(step: Step, text: str) -> DigitsEntered:
    token, _, fault = text.partition("!")
    return DigitsEntered(step.at, token, fault=fault.lower())


def _question(step: Step, node: Action | Form) -> str:
    """The open question in its most helpful words."""
    if isinstance(node, Action):
        field = action.waiting_for(step, node)
    else:
        field = entry.named(node.fields, step.stage)
    return field.again[-1] if field.again else field.ask


def _no_match(step: Step, event: TextReceived, found: Nameless | None) -> None:
    """Answers that nothing was understood; an open question stays open as it was."""
    if guarding.unheard(step, event):
        return
    model = step.model
    answers = model.index.normalise(event.text) in model.yes | model.no or event.listed
    reason = "expired" if answers and not step.session.wait else "unknown_command"
    deciding.decide(step, "none", masked(event.text), reason)
    node = model.nodes.get(step.node)
    if step.stage == "confirm":
        step.word("confirm_again")
    elif node is not None and listing.open_to(step, event):
        listing.ask_again(step, node)
    elif step.session.wait and isinstance(node, (Action, Form)) and step.stage != picking.STAGE:
        step.say(_question(step, node))
    elif reason == "expired":
        step.say(model.outcomes[reason])
    else:
        _say_unknown(step, event, found)
    guarding.stay(step)


def _say_unknown(step: Step, event: TextReceived, found: Nameless | None) -> None:
    """Codes that may have been meant are named and never run."""
    index: Index = step.model.index
    codes = index.suggest(
        event.text, called=step.session.origin.called, profile=step.profile, at_ms=step.when
    )
    if found is not None:  # what is done with a service is understood: only of it
        codes = tuple(code for code in codes if code.startswith(found.spelling))
    if codes:
        named = values.rows((values.digits(code),) for code in codes)
        step.word("did_you_mean", {"codes": named})
    elif found is not None:
        node = step.model.nodes[found.code.node]
        assert isinstance(node, Action)
        step.say(telling.text_of(step.model, node, "unknown_command"))
    else:
        step.say(step.model.outcomes["unknown_command"])


def _answer_by_text(step: Step, event: TextReceived) -> bool:
    """Takes the text as an answer to the open question; False when it is none."""
    wait = load_wait(step.session.wait)
    assert isinstance(wait, Collect)
    text = step.model.index.normalise(event.text)
    if wait.purpose == "confirm":
        digits, step.reply = confirming.word_on_price(step, event), text
        if not digits:
            return False
    elif wait.purpose == "menu":
        if text not in _keys(step):
            return False
        digits = text
    else:
        if not _fits_field(step, wait, text):
            return False
        digits = text
    answering.digits_entered(step, _as_digits(step, digits))
    return True


def _keys(step: Step) -> Collection[str]:
    """The numbers of the list that is open."""
    node = step.model.nodes[step.node]
    if isinstance(node, Menu):
        return [choice.key for choice in menu.offered(step, node)]
    return step.fields


def _fits_field(step: Step, wait: Collect, text: str) -> bool:
    """Whether a text answers an entry: a code that the field would not take runs as a code."""
    if text.startswith("~"):
        return True
    if text[:1].isalpha() or not any(c.isdigit() for c in text):
        return False
    try:
        TYPES[wait.type].check(text, today(step))
    except BadField:
        origin = step.session.origin
        found = step.model.index.match(
            text, called=origin.called, profile=step.profile, at_ms=step.when
        )
        return not isinstance(found, Match)
    return True
