"""The rows of the record: one class is one table, one field is one column.

Import the module, not the names: several stand beside a namesake of `dialog` (`records.Attempt` is
the row, `dialog.turn.Attempt` the engine's fact). Times are UTC milliseconds. The ledger adds the
local `day` (YYYY-MM-DD) and `hour` of the site's zone to the tables in DATED, and `n` where a
comment says so; all ids are the caller's. `subscriber` and `caller` are keyed pseudonyms, "" when
unknown; columns named `number` hold a full number. JSON columns hold JSON text.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.complaint_records import ComplaintRow
from ledger.trial_records import TrialRow


class SessionFacts(NamedTuple):
    """What is known when a session opens; with SessionState it makes one row of `sessions`."""

    id: str
    dialogue: str | None  # link + call id, for ever unique; None for a text dialogue
    channel: str
    called: str
    subscriber: str
    caller: str
    identity: str
    link: str
    traffic: str
    digest: str
    operator: str
    brand: str
    tier: str
    province: str
    language: str
    opened_at: int


class SessionState(NamedTuple):
    """What a step leaves of its session: the only working state in the record.

    `state` is Session.dump(), None once nothing waits any more (full numbers live in it alone).
    `open` False frees the text dialogue's line for the next session, though `state` may still be
    kept while an order is under way.
    """

    turn: int
    state: str | None
    deadline: int = 0  # 0 = none
    open: bool = True
    ended_at: int | None = None
    end_reason: str = ""


class Step(NamedTuple):
    """One resume of the engine. Key: session, n."""

    session: str
    n: int
    at: int
    event: str  # the event's kind
    node: str
    stage: str
    tries: int
    key: str  # what was taken; never a secret
    heard_ms: int
    options: str  # JSON list, as offered
    said: str  # JSON list of text ids
    failed_prompts: str  # JSON list of text ids


class Request(NamedTuple):
    """A leaf was entered. Key: id. Session facts are repeated so that counting joins nothing."""

    id: str
    session: str
    n: int
    at: int
    leaf: str
    node: str
    kind: str  # query | change | message | none
    service: str
    keyword: str
    channel: str
    called: str
    link: str
    identity: str
    traffic: str
    digest: str
    subscriber: str
    operator: str
    brand: str
    tier: str
    province: str


class Closing(NamedTuple):
    """A request's first terminal outcome. Key: request; a later one is dropped.

    An `unknown` stays here; it counts as what its order is first reconciled to (OrderMove).
    """

    request: str
    at: int
    outcome: str
    reason: str
    raw: str
    errors: int
    repeats: int


class Attempt(NamedTuple):
    """A try that went wrong. `request` is "" before any leaf."""

    session: str
    n: int
    at: int
    request: str
    node: str
    reason: str


class Told(NamedTuple):
    """Whether an answer reached the subscriber: yes | cut | no."""

    request: str
    at: int
    told: str
    heard_ms: int


class CallEnd(NamedTuple):
    """A call is over. Key: session. `leaves` 0 makes it pre-leaf loss."""

    session: str
    at: int
    channel: str
    called: str
    traffic: str
    digest: str
    brand: str
    by: str  # caller | hotline | network
    leaves: int  # requests opened
    errors: int  # attempts that went wrong
    agent: bool  # asked for an agent
    node: str  # the last one


class Order(NamedTuple):
    """An order as quoted. Key: id, the request's."""

    id: str
    session: str
    at: int
    subscriber: str
    number: str
    verb: str
    target: str
    args: str  # JSON object, secrets left out
    price: int  # fen
    cycle: str
    tariff: str
    effective: str
    said: str  # the price text as it was said
    authenticated: str


RECONCILED = "reconciled"


class OrderMove(NamedTuple):
    """An order's next state; the last move is its state. Key: order_id, `n` (the ledger's).

    With the state RECONCILED `reason` is the BSS's late word: succeeded, accepted or a reason of
    dialog.outcomes.
    """

    order_id: str
    at: int
    state: str
    reason: str = ""
    raw: str = ""
    reply: str = ""  # of `confirmed`: what was keyed or texted
    heard_ms: int = 0
    receipt: str = ""  # the BSS's order number


class Delivery(NamedTuple):
    """A thing that a channel brought. Key: key; a second one makes the commit a Duplicate."""

    key: str
    session: str
    link: str
    opened_at: int


class DeliveryPart(NamedTuple):
    """What a step said that left its delivery open. Key: delivery, n."""

    delivery: str
    n: int
    at: int
    reply: str  # JSON


class DeliveryClosing(NamedTuple):
    """The step that closed a delivery and what it said. Key: delivery; a later one is dropped."""

    delivery: str
    n: int
    at: int
    reply: str  # JSON


class Inbox(NamedTuple):
    """A text, or a part of one, that a link must answer before it is worked on. Key: id.

    `mark` names source, destination and content, `line` the longer text that a part belongs to
    ("" for a whole one), `bind` the link's session that brought it. `payload` is sealed; it is
    cleared when the text's delivery is in the record. The ledger adds `answered`, whether the
    link was told so, and `open`.
    """

    id: str
    at: int
    link: str
    bind: str
    mark: str
    line: str
    n: int
    total: int
    payload: str


class Brought(NamedTuple):
    """A text that is taken as it comes: its Inbox row, `payload` "", written with its first step.

    `standing` are the link's sessions that are not over. Raises BroughtBefore in the commit.
    """

    row: Inbox
    standing: tuple[str, ...]


class Outbox(NamedTuple):
    """A text to be sent. Keys: id, inbound.

    `due_at`: when a sender may take it first; a reply that an HTTP answer is to carry leaves it
    that much time. `attempts` and `owner` are of its claims: it may be claimed as it is made.
    Finished rows have `due_at` NULL and `number` "".
    """

    id: str
    inbound: str | None  # the delivery it answers
    session: str
    at: int
    number: str
    called: str
    link: str
    kind: str  # reply | later (an answer that was promised) | notify (comes by itself)
    language: str
    text: str
    segments: int
    expires_at: int
    reply_context: str
    due_at: int | None
    attempts: int = 0
    owner: str = ""


class OutboxSend(NamedTuple):
    """What became of a text. status: taken | sent | failed | carried | expired.

    `failed` with the error LOST: its sender was not heard of again, it may have been sent.
    """

    outbox: str
    attempt: int
    at: int
    status: str
    error: str = ""
    provider_id: str = ""


LOST = "lost"


class Receipt(NamedTuple):
    """What a provider says of a text it took. Key: provider_id, state; a repeat is dropped.

    `outbox` is "" when no sender recorded that id: an HTTP answer's reply has none.
    """

    provider_id: str
    at: int
    state: str  # sent | delivered | failed
    error: str
    outbox: str


class PasswordTry(NamedTuple):
    """A service password was checked. `target` and `caller` are pseudonyms."""

    target: str
    caller: str
    at: int
    ok: bool


class OptOut(NamedTuple):
    """A subscriber stopped (`stop`) or restarted (`start`) the called number's own messages."""

    called: str
    subscriber: str
    at: int
    state: str


class Version(NamedTuple):
    """A checked menus version. Key: digest."""

    digest: str
    at: int
    sources: str  # JSON object: path -> text
    author: str
    note: str


class Serving(NamedTuple):
    """From `at` on this version serves; the last row rules. Key: `n` (the ledger's).

    `author` and `note` are the act's: a version that is served again has been written by another.
    """

    digest: str
    at: int
    author: str
    note: str


class WrapUp(NamedTuple):
    """How many talks agents closed with a wrap-up code in the time that begins at `at`.

    `source` is the mark of the file that says so. The ledger adds `edition`: of one `at` and kind
    of traffic the last edition's rows rule, so that a corrected file takes an earlier one's place
    time by time. Agents talk to real callers; the demo makes up its own.
    """

    at: int
    code: str
    n: int
    source: str
    traffic: str = "real"


class Purge(NamedTuple):
    """A purge of one table: rows older than `before` are gone."""

    at: int
    actor: str
    name: str  # the table
    before: int
    gone: int  # rows


Row = (
    Step
    | Request
    | Closing
    | Attempt
    | Told
    | CallEnd
    | Order
    | OrderMove
    | Delivery
    | DeliveryPart
    | DeliveryClosing
    | Inbox
    | Brought
    | Outbox
    | OutboxSend
    | Receipt
    | PasswordTry
    | OptOut
    | ComplaintRow
    | Version
    | Serving
    | TrialRow
    | Purge
)


class Walk(NamedTuple):
    """A whole dialogue as recorded: no row of its own, but all rows of its session.

    Each in its order. `end` is None of texts. A change closed as `unknown` stands so, whatever its
    order was reconciled to.
    """

    session: SessionFacts
    steps: tuple[Step, ...]
    attempts: tuple[Attempt, ...]
    requests: tuple[Request, ...]
    closings: tuple[Closing, ...]
    end: CallEnd | None


class Commit(NamedTuple):
    """All that one step changes, durable together or not at all.

    `expected` is the turn that the session must still have; None = the session is new and
    `opened` says what it is.
    """

    session: str
    expected: int | None
    rows: tuple[Row, ...]
    state: SessionState
    opened: SessionFacts | None = None


class LedgerError(RuntimeError):
    """The record did not take something; nothing of that commit was written."""


class Conflict(LedgerError):
    """The session's turn moved on, or a session of that id exists: load again."""


class Duplicate(LedgerError):
    """A delivery, a dialogue or a text line's open session exists already; `key` names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"already in the record: {key}")
        self.key = key


class BroughtBefore(LedgerError):
    """The text is in the inbox already; `key` is its id there."""

    def __init__(self, key: str) -> None:
        super().__init__(f"brought before: {key}")
        self.key = key


class BadRow(LedgerError):
    """A row breaks its table's rules (a key used twice, a wrong type): a fault of the program."""
