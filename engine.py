"""What is said next is decided here; how it is carried is decided in the channel.

`resume(model, session, event) -> Turn`: no I/O, no clock, no chance. An event that does not fit
what the session waits for raises Illegal and leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dialog.events import (
    ActionDone,
    ActionSlow,
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TextReceived,
    TransferEnded,
    WaitExpired,
    load_values,
)
from dialog.fields import TYPES, BadField
from dialog.outcomes import SUCCEEDED, outcome_of
from dialog.session import LEFT, OPEN, Origin, Session
from dialog.turn import (
    Collect,
    Notify,
    Opted,
    Perform,
    RequestClosed,
    RequestOpened,
    Say,
    Told,
    Turn,
    load_wait,
)
from menus.keywords import Match, TooMany, masked
from menus.model import Action, Form, Menu, Model, Node
from nodes import action, entry, form, menu, message, transfer
from nodes.filters import today
from nodes.step import Step

_HOPS = 20
"""Nodes that one event may pass through; lint finds such loops, this ends them."""

_ENTER: dict[str, Callable[[Step, Any], None]] = {
    "menu": menu.enter,
    "form": form.enter,
    "action": action.enter,
    "message": message.enter,
    "transfer": transfer.enter,
}


class Illegal(Exception):
    """An event that the session can't take where it stands; nothing has changed."""


def begin(session_id: str, model: Model, origin: Origin) -> Session:
    """A new dialogue, before its first event."""
    language = model.called_language.get(origin.called, model.languages[0])
    authenticated = "number" if origin.identity == "network" else ""
    return Session(session_id, 0, model.digest, origin, None, "", authenticated, language)


def resume(model: Model, session: Session, event: Event) -> Turn:
    """The turn that follows the event.

    Raises Illegal when the session does not wait for such an event.
    """
    step = Step(model, session, event)
    _EVENTS[type(event)](step, event)
    hops = 0
    while step.then is None:
        hops += 1
        if hops > _HOPS or step.n > model.step_limit:
            _stop(step)
        else:
            node = model.nodes[step.node]
            _ENTER[node.kind](step, node)
    return step.turn()


def _stop(step: Step) -> None:
    step.word("step_limit")
    step.fail("interrupted")
    step.end("step_limit")


# -- arrivals ------------------------------------------------------------------------------------


def _call_arrived(step: Step, event: CallArrived) -> None:
    if step.session.turn:
        raise Illegal("CallArrived in the middle of a call")
    _know(step, event)
    step.word("welcome")
    step.go(step.model.start["voice"])


def _know(step: Step, event: CallArrived | TextReceived) -> None:
    profile = event.profile
    if profile is not None:
        step.profile = profile
        if profile.language in step.model.languages:
            step.language = profile.language


def _text_received(step: Step, event: TextReceived) -> None:
    """A text is tried as STOP or HELP, as an answer, as a keyword; then it matches nothing."""
    if not step.session.turn:
        _know(step, event)
    wait = step.session.wait
    if wait and wait[0] != "Collect":
        raise Illegal(f"a text while {wait[0]} is waited for")
    model, origin, profile = step.model, step.session.origin, step.profile
    index = model.index
    word = model.system_words.get(index.normalise(event.text))
    if word is not None:
        _system_word(step, word)
        return
    if wait and _answer_by_text(step, event):
        return
    found = index.match(event.text, called=origin.called, profile=profile, at_ms=step.at)
    if isinstance(found, Match):
        step.fail("abandoned")
        code = found.code
        step.choose(code.node, code.constants, found.spelling)
        step.fields = dict(zip(code.params, found.params, strict=False))
        _check_params(step, model.nodes[code.node])
        return
    if isinstance(found, TooMany):
        step.fail("abandoned")
        _one_off(step, "none", found.spelling, "bad_parameter")
        return
    _no_match(step, event)


def _check_params(step: Step, node: Node) -> None:
    """Texted parameters go through the same check as keyed ones; a bad one is asked for again."""
    if not isinstance(node, (Action, Form)):
        return
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


def _system_word(step: Step, word: str) -> None:
    step.fail("abandoned")
    if word != "help":
        step.facts.append(Opted(word))
    _one_off(step, word, word, "")


def _one_off(step: Step, leaf: str, keyword: str, reason: str) -> None:
    """A request that is answered at once, without a node."""
    request = f"{step.session.id}.{step.n}"
    step.facts.append(RequestOpened(request, leaf, leaf, "none", "", keyword))
    _close_one_off(step, request, reason)
    if reason:
        step.say(step.model.outcomes[reason])
    else:
        step.word({"help": "help", "stop": "stopped", "start": "help"}[leaf])
    step.end("done")


def _close_one_off(step: Step, request: str, reason: str) -> None:
    outcome, why = outcome_of(reason or SUCCEEDED)
    step.facts.append(RequestClosed(request, outcome, why))


def _no_match(step: Step, event: TextReceived) -> None:
    """Answers that nothing was understood; an open question stays open as it was."""
    request = f"{step.session.id}.{step.n}"
    step.facts.append(RequestOpened(request, "none", "none", "none", "", masked(event.text)))
    _close_one_off(step, request, "unknown_command")
    node = step.model.nodes.get(step.node)
    if step.stage == "confirm":
        step.word("confirm_again")
    elif step.session.wait and isinstance(node, (Action, Form)):
        step.say(_question(step, node))
    else:
        step.say(step.model.outcomes["unknown_command"])
    if step.session.wait:
        step.then = load_wait(step.session.wait)
    else:
        step.end("done")


# -- answers -------------------------------------------------------------------------------------


def _answer_by_text(step: Step, event: TextReceived) -> bool:
    """Takes the text as an answer to the open question; False when it is none."""
    wait = load_wait(step.session.wait)
    assert isinstance(wait, Collect)
    text = step.model.index.normalise(event.text)
    if wait.purpose == "confirm":
        if text in step.model.yes:
            digits = "1"
        elif text in step.model.no:
            digits = "*"
        else:
            return False
    elif wait.purpose == "menu":
        node = step.model.nodes[step.node]
        assert isinstance(node, Menu)
        if not any(c.key == text for c in menu.offered(step, node)):
            return False
        digits = text
    else:
        if not _fits_field(step, wait, text):
            return False
        digits = text
    _digits_entered(step, _as_digits(step, digits))
    return True


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
            text, called=origin.called, profile=step.profile, at_ms=step.at
        )
        return not isinstance(found, Match)
    return True


def _digits_entered(step: Step, event: DigitsEntered) -> None:
    wait = step.session.wait
    if not wait or wait[0] != "Collect":
        raise Illegal("keys without a question")
    _settle(step, event)
    node = step.model.nodes[step.node]
    if isinstance(node, Menu):
        _key_in_menu(step, node, event.digits)
        return
    step.visited(key="*" * len(event.digits) if wait[7] else _short(event.digits))
    if event.digits == "*" and step.stage != "confirm" and wait[8] != "identity":
        step.fail("abandoned")
        step.back()
    elif isinstance(node, Action):
        action.entered(step, node, event)
    elif isinstance(node, Form):
        form.entered(step, node, event)
    else:
        raise Illegal(f"keys in a {node.kind}")


def _short(digits: str) -> str:
    """Keys for the record: a number keeps its last four digits only."""
    return digits if len(digits) < 8 else "*" * (len(digits) - 4) + digits[-4:]


def _key_in_menu(step: Step, node: Menu, key: str) -> None:
    step.visited(tuple(c.key for c in menu.offered(step, node)), _short(key))
    function = node.reserved.get(key)
    if function == "agent":
        step.fail("abandoned")
        step.go(node.agent or step.model.start["agent"])
    elif function == "repeat":
        step.repeated()
        _say_again(step)
        menu.enter(step, node)
    elif function == "back":
        step.back()
    elif not menu.key_pressed(step, node, key):
        step.attempt("invalid_key")
        _missed(step, node, "invalid_key", node.tries.no_match)


def _say_again(step: Step) -> None:
    step.says.extend(
        said if isinstance(said, Say) else Say(said[0], load_values(said[1]))
        for said in step.session.said
    )


def _missed(step: Step, node: Node, reason: str, texts: tuple[str, ...]) -> None:
    """A key that is none, or no key: says it with more help each time, then gives up."""
    step.say(texts[min(step.tries, len(texts) - 1)])
    if isinstance(node, Action):
        action.failed(step, node, reason)
    elif isinstance(node, Form):
        form.failed(step, node, reason)
    else:
        step.tries += 1
        if step.tries >= node.tries.most:
            step.give_up(node)
        else:
            tries = step.tries
            menu.enter(step, node)  # type: ignore[arg-type]
            step.tries = tries


def _no_input(step: Step, event: NoInput) -> None:
    wait = step.session.wait
    if not wait or wait[0] != "Collect":
        raise Illegal("silence without a question")
    _settle(step, event)
    step.visited()
    step.attempt("no_input")
    node = step.model.nodes[step.node]
    if step.stage == "confirm":
        step.word("confirm_no_input")
        action.failed(step, node, "no_input")  # type: ignore[arg-type]
    else:
        _missed(step, node, "no_input", node.tries.no_input)


def _settle(step: Step, event: DigitsEntered | NoInput | CallEnded | ActionSlow) -> None:
    """Closes a request whose answer was being said, by what was heard of it."""
    request = step.request
    if request is None or request.stage != "answering":
        return
    if event.failed_prompts:
        told, reason = "no", "prompt_missing"
    elif isinstance(event, CallEnded) and not event.heard_ms:
        told, reason = "no", "answer_undelivered"
    else:
        whole = isinstance(event, NoInput) or (
            isinstance(event, CallEnded) and event.by == "hotline"
        )
        told, reason = ("yes" if whole else "cut"), ""
    step.facts.append(Told(request.id, told, event.heard_ms))
    if reason:
        step.fail(reason)
        if not isinstance(event, CallEnded):
            step.say(step.model.outcomes.get(reason, ""))
    else:
        step.close(SUCCEEDED)


# -- the BSS, the agent, the clock, the end --------------------------------------------------------


def _awaited(step: Step, event: ActionDone | ActionSlow) -> Action:
    wait = step.session.wait
    if not wait or wait[0] != "Perform" or wait[1] != event.key:
        raise Illegal("an answer that is not waited for")
    node = step.model.nodes[step.node]
    assert isinstance(node, Action)
    return node


def _action_done(step: Step, event: ActionDone) -> None:
    node = _awaited(step, event)
    step.visited()
    action.done(step, node, event)
    if step.state == LEFT:
        step.ended("left")


def _action_slow(step: Step, event: ActionSlow) -> None:
    action.slow(step, _awaited(step, event))


def _transfer_ended(step: Step, event: TransferEnded) -> None:
    wait = step.session.wait
    if not wait or wait[0] != "Transfer":
        raise Illegal("no transfer is under way")
    step.visited()
    transfer.ended(step, step.model.nodes[step.node], event)  # type: ignore[arg-type]


def _wait_expired(step: Step, event: WaitExpired) -> None:
    """The sweeper found the wait overdue: a text's question lapses, a line is taken for lost."""
    if step.voice:
        _over(step, CallEnded(event.at, "network"), "interrupted")
        return
    wait = step.session.wait
    if wait and wait[0] == "Perform":
        step.fail("interrupted")
    elif step.stage == "confirm":
        _lapse(step, "confirm_timeout")
    elif step.request is not None:
        _lapse(step, "bad_parameter" if step.request.errors else "no_input")
    step.ended("left")


def _lapse(step: Step, reason: str) -> None:
    """A texted question got no answer in its time: the texter is told that it is void."""
    step.fail(reason)
    text = step.model.outcomes.get(reason)
    if text:
        step.notify.append(Notify(text))


def _call_ended(step: Step, event: CallEnded) -> None:
    _over(step, event, "abandoned")


def _over(step: Step, event: CallEnded, reason: str) -> None:
    """The line is down. An order that was sent goes on to its known end without the caller."""
    if step.state != OPEN:
        raise Illegal("the call was over already")
    _settle(step, event)
    step.visited()
    wait = step.session.wait
    if wait and wait[0] == "Perform" and step.stage == "submit":
        step.state, step.then = LEFT, Perform(*wait[1:])
        return
    step.fail(reason)
    step.ended("left" if event.by != "hotline" else "done")


_EVENTS: dict[type[Any], Callable[[Step, Any], None]] = {
    CallArrived: _call_arrived,
    TextReceived: _text_received,
    DigitsEntered: _digits_entered,
    NoInput: _no_input,
    ActionDone: _action_done,
    ActionSlow: _action_slow,
    TransferEnded: _transfer_ended,
    WaitExpired: _wait_expired,
    CallEnded: _call_ended,
}
