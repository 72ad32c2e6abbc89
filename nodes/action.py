"""action: a query, an order or a verification behind its gates.

The gates stand in one order: allowed, fields, password, confirm. No key, keyword or codebook gets
round them: `enter` is the only way in and goes from gate to gate until one has to wait.
"""

from __future__ import annotations

from dialog.events import ActionDone, DigitsEntered
from dialog.outcomes import DECLINED, DONE, SUCCEEDED, outcome_of
from dialog.session import CLAIMED, NONE
from dialog.turn import Collect, Notify, OrderMoved, OrderWritten, Perform
from dialog.values import LIST, Value, Values
from menus.model import Action, Field, Place
from nodes import entry, picking, telling
from nodes.filters import admits, closed
from nodes.step import Step

SPOKEN_ROWS = 3
"""A longer list speaks this many rows; the rest goes by SMS."""

_NUMBER, _PASSWORD = "caller_number", "service_password"
"""The entries of the password gate; they never reach the action behind it."""

_HERE = Place("engine", 0)


def enter(step: Step, node: Action) -> None:
    """Goes to the first gate that is not passed, and through the last one to the BSS."""
    reason = forbidden(step, node)
    if reason:
        _refuse(step, node, reason)
        return
    field = entry.missing(step, node.fields)
    if field is not None:
        entry.ask(step, field, node.tries)
    elif _must_verify(step, node):
        _ask_who(step, node)
    elif node.does == "verify":
        _succeed(step, node, SUCCEEDED, {})
    elif node.does == "order":
        _perform(step, "quote", node)
    else:
        _perform(step, "query", node)


def forbidden(step: Step, node: Action) -> str:
    """The first gate: the reason that a rule of the file refuses with, or ""."""
    if node.filter is not None and not admits(node.filter, step):
        return "not_eligible"
    if node.subject and node.does != "verify" and anothers(step):
        return "not_our_subscriber"
    return closed(step, "change" if node.does == "order" else "query")


def anothers(step: Step) -> bool:
    """Whether another operator's subscriber asks at a number that serves one's own."""
    own = step.model.operators.get(step.session.origin.called, "")
    theirs = step.profile.operator if step.profile is not None else ""
    return bool(own and theirs) and own != theirs


# -- who is it -----------------------------------------------------------------------------------


def _must_verify(step: Step, node: Action) -> bool:
    if not node.subject and node.does != "verify":
        return False
    if step.stage == "verified":
        return False
    if node.does == "verify":
        return True
    if node.password == "always":
        return True
    identity = step.session.origin.identity
    return identity in (CLAIMED, NONE) and step.authenticated != "password"


def _asks_number(step: Step, node: Action) -> bool:
    origin = step.session.origin
    return node.does == "verify" or (
        not step.acting and (origin.identity == NONE or not origin.caller)
    )


def _who_fields(step: Step, node: Action) -> tuple[Field, ...]:
    words = step.model.words
    number = Field(
        _NUMBER,
        "phone",
        words["ask_number"],
        _HERE,
        (words["ask_number_again"],),
        step.model.faults["phone"],
    )
    password = Field(
        _PASSWORD,
        "password",
        words["ask_password"],
        _HERE,
        (words["ask_password_again"],),
        step.model.faults["password"],
    )
    return (number, password) if _asks_number(step, node) else (password,)


def _ask_who(step: Step, node: Action) -> None:
    field = entry.missing(step, _who_fields(step, node))
    if field is not None:
        entry.ask(step, field, node.tries, "password")
        return
    number = step.fields.get(_NUMBER) or step.acting or step.session.origin.caller
    who = {"number": number, "password": step.fields[_PASSWORD]}
    step.stage = "verify"
    step.then = Perform(_key(step, "verify"), "verify", "subscriber", "", who)


# -- entries -------------------------------------------------------------------------------------


def entered(step: Step, node: Action, event: DigitsEntered) -> None:
    """Takes an entry of a field, of the password gate, the answer to a price or a list's number."""
    if step.stage == "confirm":
        _answered(step, node, event)
        return
    if step.stage == picking.STAGE:
        picking.picked(step, node, event.digits)
        return
    field = waiting_for(step, node)
    text = entry.take(step, field, event)
    if text is None:
        failed(step, node, "bad_parameter")
    else:
        step.fields = {**step.fields, field.name: text}
        if field.name != _PASSWORD:  # a wrong password is a failed try, however well formed
            step.tries = 0


def waiting_for(step: Step, node: Action) -> Field:
    """The entry that the open question asks for."""
    if step.stage.startswith("field:"):
        return entry.named(node.fields, step.stage)
    return next(f for f in _who_fields(step, node) if f.name == step.stage)


def failed(step: Step, node: Action, reason: str) -> None:
    """Counts a failed try; asks again or gives up."""
    step.tries += 1
    if step.tries >= node.tries.most:
        confirming = step.stage == "confirm" and reason == "no_input"
        final = "confirm_timeout" if confirming else reason
        step.fail(final)
        step.say(step.model.outcomes.get(final, ""))
        step.give_up(node)
    elif step.stage == "confirm":
        _ask_price(step, node)
    else:
        field = waiting_for(step, node)
        entry.ask(step, field, node.tries, "field" if ":" in step.stage else "password")


# -- the price -----------------------------------------------------------------------------------


def _ask_price(step: Step, node: Action) -> None:
    """States the price. It can't be cut, and no key pressed before it ends answers it."""
    given = telling.values_of(node, step.constants, step.fields, step.quote)
    step.say(node.confirm, given)
    step.stage = "confirm"
    tries = node.tries
    step.then = Collect(
        "confirm", 1, "", tries.first_ms, tries.between_ms, barge_in=False, flush=True
    )


def _answered(step: Step, node: Action, event: DigitsEntered) -> None:
    request, reply = step.request, step.reply or event.digits
    assert request is not None
    if event.failed_prompts:  # a price that was not heard can't be agreed to
        _refuse(step, node, "prompt_missing")
    elif event.digits == "1" and (reason := closed(step, "change")):  # since the price was said
        late = step.model.words["confirmed_late"] if reason == "outside_window" else ""
        _refuse(step, node, reason, text=late)
    elif event.digits == "1":
        step.facts.append(OrderMoved(request.id, "confirmed", reply=reply, heard_ms=event.heard_ms))
        _submit(step, node)
    elif event.digits == "*":
        step.facts.append(OrderMoved(request.id, "declined", reply=reply))
        step.stage = ""
        step.close(DECLINED)
        step.say(telling.text_of(step.model, node, DECLINED))
        step.after(node)
    else:
        step.attempt("invalid_key")
        step.word("confirm_again")
        failed(step, node, "invalid_key")


# -- the BSS -------------------------------------------------------------------------------------


def _key(step: Step, call: str) -> str:
    return f"{step.session.id}.{step.n}.{call}"


def _perform(step: Step, call: str, node: Action) -> None:
    subscriber = step.profile.subscriber if step.profile is not None else ""
    args = {**step.constants, **step.fields}
    key = _key(step, call)
    if call == "submit":
        assert step.request is not None
        key = step.request.id
    step.stage = call
    step.then = Perform(key, call, node.name, subscriber, args, step.quote)


def _submit(step: Step, node: Action) -> None:
    assert step.request is not None
    step.facts.append(OrderMoved(step.request.id, "submitted"))
    _perform(step, "submit", node)


def slow(step: Step, node: Action) -> None:
    """The BSS takes its time: says so and goes on waiting for the same answer."""
    wait = step.session.wait
    if step.voice:
        step.say(node.slow)
    step.then = Perform(*wait[1:])


def done(step: Step, node: Action, event: ActionDone) -> None:
    """Takes the BSS's answer to whatever the action waits for."""
    if event.profile is not None:
        step.profile = event.profile
    stage, step.stage = step.stage, ""
    if stage == "verify":
        _verified(step, node, event)
    elif stage == "quote":
        _quoted(step, node, event)
    else:
        _finished(step, node, event, stage)


def _verified(step: Step, node: Action, event: ActionDone) -> None:
    if event.result == SUCCEEDED:
        step.authenticated = "password"
        step.acting = step.fields.get(_NUMBER, step.acting)
        step.fields = {k: v for k, v in step.fields.items() if k not in (_NUMBER, _PASSWORD)}
        step.stage, step.tries = "verified", 0
        enter(step, node)
        return
    if event.result == "wrong_password":
        step.attempt("wrong_password")
        step.tries += 1
        if step.tries < node.tries.most:
            step.fields = {k: v for k, v in step.fields.items() if k != _PASSWORD}
            step.say(telling.text_of(step.model, node, "wrong_password"))
            _ask_who(step, node)
            return
        step.say(telling.text_of(step.model, node, "password_locked"))
        step.stage = ""
        step.fail("wrong_password", event.raw)
        step.after(node)
        return
    _refuse(step, node, event.result, event.raw)


def _quoted(step: Step, node: Action, event: ActionDone) -> None:
    quote = event.quote
    if event.result != SUCCEEDED or quote is None:
        _refuse(
            step, node, event.result if event.result not in DONE else "internal_error", event.raw
        )
        return
    step.quote = tuple(quote)
    assert step.request is not None
    target = step.constants.get("service") or node.name
    public = {
        f.name: step.fields[f.name]
        for f in node.fields
        if f.name in step.fields and f.type in entry.PUBLIC
    }
    step.facts.append(
        OrderWritten(step.request.id, node.name, target, public, step.quote, step.authenticated)
    )
    if node.confirm:
        step.tries = 0
        _ask_price(step, node)
    else:
        step.facts.append(OrderMoved(step.request.id, "confirmed"))
        _submit(step, node)


def _finished(step: Step, node: Action, event: ActionDone, stage: str) -> None:
    outcome, reason = outcome_of(event.result)
    if stage == "submit":
        assert step.request is not None
        step.facts.append(OrderMoved(step.request.id, outcome, reason, event.raw))
    if outcome in DONE:
        known = telling.values_of(node, step.constants, step.fields, step.quote)
        _succeed(step, node, outcome, {**known, **event.values}, event.raw)
    else:
        _refuse(step, node, event.result, event.raw)


def _succeed(step: Step, node: Action, outcome: str, given: Values, raw: str = "") -> None:
    text = telling.answer(node, step.constants, outcome)
    if node.pick:
        options = picking.listed(step, node, given)
        if options:
            step.say(text)
            step.close(outcome, raw=raw)
            picking.offer(step, node, options)
        else:
            _refuse(step, node, "not_active", raw)
        return
    if step.voice:
        step.say(text, _first_rows(given))
        if any(v.type == LIST and len(v.of) > SPOKEN_ROWS for v in given.values()):
            step.word("more_by_sms")
            step.notify.append(Notify(text, given))
    else:
        step.say(text, given)
    if node.does == "order":
        step.close(outcome, raw=raw)
        receipt = telling.by_leaf(node.receipts, node, step.constants)
        if (step.voice or step.acting) and receipt:
            step.notify.append(Notify(receipt, given))
    elif step.voice and step.request is not None:
        step.request = step.request._replace(stage="answering", answer=text)
    else:
        step.close(outcome, raw=raw)
    step.after(node)


def _first_rows(given: Values) -> Values:
    return {
        key: Value(LIST, value.of[:SPOKEN_ROWS]) if value.type == LIST else value
        for key, value in given.items()
    }


def _refuse(step: Step, node: Action, word: str, raw: str = "", text: str = "") -> None:
    outcome, reason = outcome_of(word)
    step.say(text or telling.text_of(step.model, node, word), telling.named(step.constants))
    step.close(outcome, reason, raw)
    step.stage = ""
    step.after(node)
