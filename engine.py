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
)
from dialog.session import LEFT, OPEN, Origin, Session
from dialog.turn import Notify, Perform, Turn
from menus.model import Action, Model
from nodes import action, answering, form, menu, message, texting, transfer
from nodes.step import Illegal, Step

__all__ = ["Illegal", "begin", "resume"]

_HOPS = 20
"""Nodes that one event may pass through; lint finds such loops, this ends them."""

_ENTER: dict[str, Callable[[Step, Any], None]] = {
    "menu": menu.enter,
    "form": form.enter,
    "action": action.enter,
    "message": message.enter,
    "transfer": transfer.enter,
}


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
    late = step.n > model.step_limit
    if late and isinstance(event, DigitsEntered | NoInput):
        answering.settle(step, event)
        step.visited()
        _stop(step)
    else:
        _EVENTS[type(event)](step, event)
    hops = 0
    while step.then is None:
        hops += 1
        if hops > _HOPS or late:
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
    texting.know(step, event)
    step.word("welcome")
    step.go(step.model.start["voice"])


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
    _over(step, event, "abandoned" if event.by == "caller" else "interrupted")


def _over(step: Step, event: CallEnded, reason: str) -> None:
    """The line is down. An order that was sent goes on to its known end without the caller."""
    if step.state != OPEN:
        raise Illegal("the call was over already")
    answering.settle(step, event)
    step.visited()
    wait = step.session.wait
    if wait and wait[0] == "Perform" and step.stage == "submit":
        step.state, step.then = LEFT, Perform(*wait[1:])
        return
    step.fail(reason)
    step.ended("done" if wait and wait[0] == "End" else "left")


_EVENTS: dict[type[Any], Callable[[Step, Any], None]] = {
    CallArrived: _call_arrived,
    TextReceived: texting.text_received,
    DigitsEntered: answering.digits_entered,
    NoInput: answering.no_input,
    ActionDone: _action_done,
    ActionSlow: _action_slow,
    TransferEnded: _transfer_ended,
    WaitExpired: _wait_expired,
    CallEnded: _call_ended,
}
