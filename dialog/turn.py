"""What a turn is made of: what is said, exactly one wait, and the facts for the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dialog.session import Session
from dialog.values import Value, Values

NOTHING: dict[str, Value] = {}


class Say(NamedTuple):
    """One text of the file with its typed values."""

    text: str
    values: Values = NOTHING


class Collect(NamedTuple):
    """Wait for keys (voice) or for an answering text.

    Times are milliseconds. `purpose` is menu | field | password | confirm. `barge_in`: a key cuts
    the prompts. `flush`: keys buffered before the prompts end are discarded, so that type-ahead
    never answers a price. `secret`: the entry is sealed before the engine sees it.
    """

    purpose: str
    max_digits: int
    finish: str = "#"  # "" = no finishing key
    first_ms: int = 5000
    between_ms: int = 3000
    barge_in: bool = True
    flush: bool = False
    secret: bool = False
    type: str = ""  # the field's type (dialog.fields), for the check of a sealed entry


class Perform(NamedTuple):
    """Wait for the BSS. `key` names the work: the same step gives the same key.

    `call` is query | quote | submit | verify; `name` the query's or the order's verb; `args` the
    node's constants and fields (secrets sealed). `patience_ms` until ActionSlow.
    """

    key: str
    call: str
    name: str
    subscriber: str
    args: dict[str, str]
    quote: tuple[Any, ...] | None = None
    patience_ms: int = 2500


class Transfer(NamedTuple):
    """Wait for an agent: the channel bridges to the queue of `topic`."""

    topic: str


class End(NamedTuple):
    """The dialogue is over. `reason` is done | goodbye | left | exhausted | step_limit."""

    reason: str


Wait = Collect | Perform | Transfer | End


class Notify(NamedTuple):
    """A text to the subscriber beside the dialogue: an order's receipt, a list's rest."""

    text: str
    values: Values = NOTHING


class RequestOpened(NamedTuple):
    """A leaf was entered. `kind` is query | change | message | none."""

    id: str
    leaf: str
    node: str
    kind: str
    service: str = ""
    keyword: str = ""  # the spelling that matched; for no match the text, digit runs masked


class Attempt(NamedTuple):
    """A try inside a request or before any leaf that went wrong; never closes anything itself."""

    request: str  # "" before any leaf
    node: str
    reason: str


class RequestClosed(NamedTuple):
    """The first terminal outcome of a request. `errors` and `repeats` tell guidance from will."""

    id: str
    outcome: str
    reason: str = ""
    raw: str = ""
    errors: int = 0
    repeats: int = 0


class Told(NamedTuple):
    """Whether the answer reached the subscriber: yes | cut | no."""

    request: str
    told: str
    heard_ms: int = 0


class OrderWritten(NamedTuple):
    """An order was quoted: what, for whom, at what price."""

    id: str  # the request's id
    verb: str
    target: str
    args: dict[str, str]
    quote: tuple[Any, ...]
    authenticated: str


class OrderMoved(NamedTuple):
    """An order's next state: confirmed | submitted | declined | void | an outcome of the BSS.

    For `confirmed`, `reply` is what was keyed or texted and `heard_ms` how much of the price
    sentence had been played.
    """

    id: str
    state: str
    reason: str = ""
    raw: str = ""
    reply: str = ""
    heard_ms: int = 0


OWN = "own"
"""The key of a visit that took one of the subscriber's own options, whichever key it was."""


class Visited(NamedTuple):
    """Where a step stood: the node, the try, the options as offered, the key that was taken."""

    node: str
    stage: str
    tries: int = 0
    options: tuple[str, ...] = ()
    key: str = ""


class Opted(NamedTuple):
    """The subscriber stopped (or restarted) proactive messages of the called number."""

    state: str  # stop | start


class Complained(NamedTuple):
    """A complaint came in. `receipt` is the number that the subscriber was told."""

    receipt: str
    text: str  # sealed


Fact = (
    RequestOpened
    | Attempt
    | RequestClosed
    | Told
    | OrderWritten
    | OrderMoved
    | Visited
    | Opted
    | Complained
)


class Turn(NamedTuple):
    """The engine's answer to one event."""

    session: Session
    say: tuple[Say, ...]
    then: Wait
    notify: tuple[Notify, ...] = ()
    facts: tuple[Fact, ...] = ()


_WAITS: dict[str, type[Any]] = {w.__name__: w for w in (Collect, Perform, Transfer, End)}


def dump_wait(wait: Wait) -> tuple[Any, ...]:
    """A wait's JSON form: its name, then its fields."""
    return (type(wait).__name__, *wait)


def load_wait(row: Sequence[Any]) -> Wait:
    """A wait back from its JSON form."""
    wait: Wait = _WAITS[row[0]](*row[1:])
    return wait
