"""What a channel may ask of the house. Channels know this protocol and nothing behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from dialog.events import Event
from dialog.session import Origin
from dialog.turn import Say, Wait


class Claim(NamedTuple):
    """How a reply is claimed in the commit that it is made in.

    An HTTP answer carries it at once; `provider_id` is what its receipts will name. A link that
    sends it says who it is (`owner`) and for how long the claim is its own (`lease_ms`).
    """

    provider_id: str = ""
    owner: str = ""
    lease_ms: int = 0


class Carrier(Protocol):
    """Whoever stands ready to carry the reply of a delivery. Called from any thread."""

    def claim(self, text: Any) -> Claim | None:
        """The reply is about to be committed: takes it, or None when nobody waits any more.

        `text` is what the outbox will hold of it.
        """

    def release(self) -> None:
        """That commit failed: nothing is claimed."""


class Delivery(NamedTuple):
    """One thing that a channel brought.

    `key` names it for ever: the same key is the same delivery, however often it arrives
    (link + call id + n, link + message id). `dialogue` names the call (link + call id); texts
    leave it empty, theirs is the open dialogue of called number and subscriber.
    `origin` is read when the delivery opens a session. `held`: it comes over a line that this
    process holds and that never repeats anything, so its steps are all that is recorded of it.
    `carrier` is for texts: without one the reply waits in the outbox for whoever claims it.
    `beside` are rows that the link wants in the record together with the delivery.
    """

    key: str
    dialogue: str
    origin: Origin
    event: Event
    reply_context: str = ""  # JSON a link needs to answer (CMPP LinkID, service id, ...)
    held: bool = False
    carrier: Carrier | None = None
    beside: tuple[Any, ...] = ()


class Reply(NamedTuple):
    """What one step gives the channel to carry. `n` counts the session's steps.

    `then` is the wait to carry out. While it is a Perform, another Reply of the same delivery
    follows; any other wait closes the delivery. `text` is the composed reply of a text dialogue,
    `replayed` tells that a duplicate was answered from the record.
    """

    session: str
    n: int
    digest: str
    language: str
    say: tuple[Say, ...]
    then: Wait
    text: str = ""
    replayed: bool = False


class Busy(RuntimeError):
    """The house takes no more now; the channel apologises and the caller may try again."""


class Host(Protocol):
    """The runner as the channels see it."""

    def deliver(self, delivery: Delivery, on_reply: Callable[[Reply | Exception], None]) -> None:
        """Takes a delivery; `on_reply` is called from any thread, once a step, until it closes.

        Every Reply is durable before `on_reply` sees it. An Exception is the last call: the
        record could not be written or the engine failed, and the channel must apologise.
        """

    def clips(self, reply: Reply) -> tuple[str, ...]:
        """The reply's audio: clip paths under the site's prompts/, in order, of its version."""

    def written(self, reply: Reply) -> str:
        """The reply as characters (TwiML <Say>, the terminal), in the session's language."""
