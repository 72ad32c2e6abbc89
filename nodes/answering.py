"""Answers to an open question: keys, silence, and what of an answer was heard."""

from __future__ import annotations

from dialog.events import CallEnded, DigitsEntered, NoInput, load_values
from dialog.outcomes import SUCCEEDED
from dialog.turn import OWN, Collect, Say, Told, load_wait
from menus.model import Action, Form, Menu, Node
from nodes import action, form, menu, own
from nodes.step import Illegal, Step


def digits_entered(step: Step, event: DigitsEntered) -> None:
    """Keys, or a text that answers: a choice, an entry, the word on a price."""
    wait = step.session.wait
    if not wait or wait[0] != "Collect":
        raise Illegal("keys without a question")
    settle(step, event)
    node = step.model.nodes[step.node]
    if isinstance(node, Menu):
        _key_in_menu(step, node, event.digits)
        return
    collect = load_wait(wait)
    assert isinstance(collect, Collect)
    step.visited(key=_recorded(collect, event.digits))
    if event.digits == "*" and collect.purpose != "confirm":
        step.fail("abandoned")
        step.back()
    elif isinstance(node, Action):
        action.entered(step, node, event)
    elif isinstance(node, Form):
        form.entered(step, node, event)
    else:
        raise Illegal(f"keys in a {node.kind}")


def _recorded(collect: Collect, digits: str) -> str:
    """An entry for the record: nothing of a secret, nor of what may be one keyed too early."""
    if collect.secret:
        return "[secret]"
    if collect.purpose == "confirm":
        return digits
    return digits if len(digits) < 4 else "*" * len(digits)


def _key_in_menu(step: Step, node: Menu, key: str) -> None:
    mine = any(choice.key == key for choice in own.options(step, node))
    offered = tuple(choice.key for choice in menu.offered(step, node))
    step.visited(offered, OWN if mine else key[:1])
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
            menu.enter(step, node)  # type: ignore[arg-type]


def no_input(step: Step, event: NoInput) -> None:
    """The question's time ran out: it is asked again with more help, or given up."""
    wait = step.session.wait
    if not wait or wait[0] != "Collect":
        raise Illegal("silence without a question")
    settle(step, event)
    step.visited()
    step.attempt("no_input")
    node = step.model.nodes[step.node]
    if step.stage == "confirm":
        step.word("confirm_no_input")
        action.failed(step, node, "no_input")  # type: ignore[arg-type]
    else:
        _missed(step, node, "no_input", node.tries.no_input)


def settle(step: Step, event: DigitsEntered | NoInput | CallEnded) -> None:
    """Closes a request whose answer was being said, by what was heard of it."""
    request = step.request
    if request is None or request.stage != "answering":
        return
    if request.answer in event.failed_prompts:
        told, reason = "no", "prompt_missing"
    elif isinstance(event, CallEnded) and not event.heard_ms:
        told, reason = "no", "answer_undelivered"
    else:
        whole = isinstance(event, NoInput) or step.session.wait[0] == "End"
        told, reason = ("yes" if whole else "cut"), ""
    step.facts.append(Told(request.id, told, event.heard_ms))
    if reason:
        step.fail(reason)
        if not isinstance(event, CallEnded):
            step.say(step.model.outcomes.get(reason, ""))
    else:
        step.close(SUCCEEDED)
