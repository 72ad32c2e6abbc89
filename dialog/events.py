"""What can happen to a dialogue. Frozen, JSON-safe; `at` is UTC milliseconds throughout.

Voice events also carry `heard_ms`, how much of the last turn's prompts was played, and
`failed_prompts`, the texts whose audio could not be played.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dialog.values import Value, load

UNTOLD = -1
"""`heard_ms` of a call's end by a channel that can't tell: what it was given counts as begun."""


class Profile(NamedTuple):
    """What the BSS knows of a subscriber. `subscriber` is the subscription, not the number."""

    subscriber: str
    operator: str = ""  # who serves the number: cmcc, unicom, telecom, ...
    brand: str = ""
    prepaid: bool = False
    tier: str = ""  # "", silver, gold, diamond, supreme
    province: str = ""
    language: str = ""
    senior: bool = False  # aged 65 and over
    roaming: str = "unknown"  # home | abroad | unknown


class Quote(NamedTuple):
    """What an order will cost, as the BSS states it before it is confirmed."""

    price: int  # fen
    cycle: str  # once | month | year | none
    tariff: str  # the tariff's version; an order submitted on an old one is `quote_changed`
    effective: str  # now | next_cycle | YYYY-MM-DD
    targets: tuple[str, ...] = ()  # the services meant, when the order names a family


STOP, START, HELP = "stop", "start", "help"
ANSWERED = (STOP, START, HELP)
"""Verdicts: the link has done and answered it, as Twilio does on its numbers."""
LIMITED, FLOOD = "limited", "flood"
"""Verdicts: more texts than a minute takes. The first is told so, those after it are not."""
STRANGER, ECHO, NOISE = "stranger", "echo", "noise"
"""Verdicts: its sender is no subscriber; it is our own answer come back; only if it is a code is it
answered, because too many that were none came before it."""

Used = tuple[tuple[str, int], ...]
"""Leaves and how often they were asked for."""


class CallArrived(NamedTuple):
    """A call has been answered; `profile` is None when the BSS is away or knows no such number.

    `used`: what the subscriber asked for lately, leaves and how often, most used first.
    """

    at: int
    profile: Profile | None = None
    used: Used = ()


class TextReceived(NamedTuple):
    """A text to the called number, raw but for secrets, which stand sealed.

    `received`: when the link took it, which dated rules go by; 0 where the link does not say.
    `listed`: a list or a price that a digit answers was sent within a day; told of bare digits.
    `verdict`: what is known of it before it is read, "" of most.
    `used` as for a call; told of texts that reach a menu with own options.
    """

    at: int
    text: str
    profile: Profile | None = None
    received: int = 0
    listed: bool = False
    verdict: str = ""
    used: Used = ()


class DigitsEntered(NamedTuple):
    """Keys pressed, without the finishing `#`. A secret entry stands sealed in `digits`.

    `fault` is the field check's word on a sealed entry ("" = well formed).
    """

    at: int
    digits: str
    heard_ms: int = 0
    failed_prompts: tuple[str, ...] = ()
    fault: str = ""


class NoInput(NamedTuple):
    """The wait's time ran out without a key."""

    at: int
    heard_ms: int = 0
    failed_prompts: tuple[str, ...] = ()


class ActionDone(NamedTuple):
    """The BSS answered, or perform.py gave up: `result` is an outcome or a reason."""

    at: int
    key: str
    result: str
    values: dict[str, Value] = {}
    raw: str = ""  # the BSS's own code
    quote: Quote | None = None
    profile: Profile | None = None  # of a verified subscriber


class ActionSlow(NamedTuple):
    """A Perform's patience ran out; its ActionDone will still come."""

    at: int
    key: str
    heard_ms: int = 0
    failed_prompts: tuple[str, ...] = ()


class TransferEnded(NamedTuple):
    """The agent leg is over: `status` is answered | busy | no_answer | failed."""

    at: int
    topic: str
    status: str


class WaitExpired(NamedTuple):
    """The sweeper's word: the wait's deadline in the session is past."""

    at: int


class CallEnded(NamedTuple):
    """The line is gone. `by` is caller | hotline | network."""

    at: int
    by: str
    heard_ms: int = 0
    failed_prompts: tuple[str, ...] = ()


Event = (
    CallArrived
    | TextReceived
    | DigitsEntered
    | NoInput
    | ActionDone
    | ActionSlow
    | TransferEnded
    | WaitExpired
    | CallEnded
)

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        CallArrived,
        TextReceived,
        DigitsEntered,
        NoInput,
        ActionDone,
        ActionSlow,
        TransferEnded,
        WaitExpired,
        CallEnded,
    )
}


def load_profile(row: Any) -> Profile | None:
    """A profile back from its JSON list, None from null."""
    return None if row is None else Profile(*row)


def load_quote(row: Any) -> Quote | None:
    """A quote back from its JSON list, None from null."""
    if row is None:
        return None
    price, cycle, tariff, effective, targets = row
    return Quote(price, cycle, tariff, effective, tuple(targets))


def load_values(row: dict[str, Any]) -> dict[str, Value]:
    """Named values back from JSON."""
    return {key: load(value) for key, value in row.items()}
