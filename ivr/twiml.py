"""Twilio voice: a webhook's form becomes a Delivery, a Reply becomes TwiML. Pure functions.

A turn is repeatable: its URL carries its number and (CallSid, number) is the delivery's key, so
that Twilio's retry of a turn, and the poll of one that the BSS holds up, get the same reply.
"""

import math
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from dialog.events import (
    UNTOLD,
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TransferEnded,
)
from dialog.host import Delivery, Reply
from dialog.session import CLAIMED, NONE, VOICE, Origin
from dialog.turn import Collect, End, Perform, Transfer
from ivr.origin import national

_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_KEYS = re.compile(r"[0-9*#]{0,64}")
_TOPIC = re.compile(r"[a-z0-9_]{1,40}")
_OVER = frozenset(("completed", "busy", "failed", "no-answer", "canceled"))
_AGENT = {"completed": "answered", "answered": "answered", "busy": "busy", "no-answer": "no_answer"}


class BadFormError(ValueError):
    """A form that is not Twilio's; the text says what is wrong with it."""


def delivery_from_form(
    form: Mapping[str, str],
    n: int,
    at: int,
    *,
    topic: str = "",
    link: str = "twilio",
    identity: str = CLAIMED,
) -> Delivery:
    """The delivery of a turn's webhook, or of a status callback.

    `n` and `topic` come from the turn's URL (see `turn_url`), n = 1 is the call's first. `at` is
    UTC milliseconds. Nothing tells how much of the prompts was played.

    Raises BadFormError for a form without a CallSid, with digits that no telephone has, or a turn
    that is no number of a turn.
    """
    sid = form.get("CallSid", "")
    if not _CALL_SID.fullmatch(sid):
        raise BadFormError("CallSid is missing or malformed")
    if not 1 <= n <= 10_000:
        raise BadFormError(f"there is no turn {n}")
    caller = national(form.get("From", ""))
    called = national(form.get("To", ""))
    origin = Origin(VOICE, called, caller, identity if caller else NONE, link)
    dialogue = f"{link}/{sid}"
    event = _event(form, n, at, topic)
    turn = "ended" if isinstance(event, CallEnded) else str(n)
    return Delivery(f"{dialogue}/{turn}", dialogue, origin, event)


def _event(form: Mapping[str, str], n: int, at: int, topic: str) -> Event:
    if form.get("CallStatus") in _OVER:
        return CallEnded(at, "caller", UNTOLD)
    if n == 1:
        return CallArrived(at)
    if topic:
        if not _TOPIC.fullmatch(topic):
            raise BadFormError("topic is malformed")
        return TransferEnded(at, topic, _AGENT.get(form.get("DialCallStatus", ""), "failed"))
    digits = form.get("Digits", "")
    if not _KEYS.fullmatch(digits):
        raise BadFormError("Digits holds what no telephone has")
    # An entry that is empty but was ended by a key is an entry.
    if digits or form.get("FinishedOnKey"):
        return DigitsEntered(at, digits)
    return NoInput(at)


def turn_url(base: str, n: int, topic: str = "") -> str:
    """The URL of the n-th turn below `base`; after a transfer it carries the topic."""
    return f"{base}?{urlencode({'n': n} | ({'topic': topic} if topic else {}))}"


def twiml(
    reply: Reply | None, clips: Sequence[str], n: int, *, turns: str, prompts: str, agent: str = ""
) -> str:
    """What Twilio does after the n-th turn, as TwiML.

    `reply` None, or one that waits for the BSS, polls the same turn a second later. `clips` are
    the reply's (Host.clips), `prompts` the URL of the prompts folder, `turns` that of the turns,
    `agent` the number of the agents; without one a transfer fails at once.
    """
    response = VoiceResponse()
    then = reply.then if reply else None
    asking = isinstance(then, Collect) and then.barge_in
    gather = _gather(then, turn_url(turns, n + 1)) if isinstance(then, Collect) else None
    for clip in clips:
        (gather if gather and asking else response).play(f"{prompts}/{quote(clip)}")
    match then:
        case Collect():
            response.append(gather)
        case None | Perform():
            response.pause(length=1)
            response.redirect(turn_url(turns, n), method="POST")
        case Transfer():
            action = turn_url(turns, n + 1, then.topic)
            if agent:
                response.dial(agent, action=action, method="POST")
            else:
                response.redirect(action, method="POST")
        case End():
            response.hangup()
    return str(response)


def apology(clips: Sequence[str], *, prompts: str) -> str:
    """What Twilio plays when the house fails, as TwiML."""
    response = VoiceResponse()
    for clip in clips:
        response.play(f"{prompts}/{quote(clip)}")
    response.hangup()
    return str(response)


def _gather(wait: Collect, action: str) -> Gather:
    # Twilio has one time-out for the first key and for the next ones.
    ms = wait.first_ms if wait.max_digits == 1 else max(wait.first_ms, wait.between_ms)
    return Gather(
        input="dtmf",
        num_digits=wait.max_digits,
        finish_on_key=wait.finish,
        timeout=math.ceil(ms / 1000),
        action=action,
        method="POST",
        action_on_empty_result=True,
    )
