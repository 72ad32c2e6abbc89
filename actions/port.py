"""The BSS port: what the house asks of a business support system, whichever it is.

Calls block and may be made from many threads at once. An adapter maps its BSS's codes to the words
of dialog.outcomes and keeps the code in `raw`; it neither retries nor sets time-outs of its own
beyond those of its sockets: perform.py does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol

from dialog.events import Profile, Quote
from dialog.values import Value

BY_KEY: Final = "by_key"  # a repeated key gets the first one's answer
BY_STATE: Final = "by_state"  # a repeated change is refused, because it is done already
NOT_AT_ALL: Final = "not_at_all"  # a repeated change is a second change

Drops = Literal["by_key", "by_state", "not_at_all"]

NO_VALUES: dict[str, Value] = {}


class BssError(Exception):
    """The BSS gave no business answer; `args[0]` is its own code or a short word, no free text."""

    @property
    def raw(self) -> str:
        """The code, for the record."""
        return str(self.args[0]) if self.args else type(self).__name__


class Temporary(BssError):
    """Nothing was done, for sure, and another attempt may succeed (connection refused, busy)."""


class Permanent(BssError):
    """Nothing was done, for sure, and another attempt will fare no better (request rejected)."""


class NoAnswer(BssError):
    """The request was sent and no answer came: it may have been done or not."""


class Result(NamedTuple):
    """A business answer. `result` is an outcome or a reason (dialog.outcomes).

    `raw` is the BSS's own code. A word outside the lists is taken as unmapped: backend_error.
    """

    result: str
    values: dict[str, Value] = NO_VALUES
    raw: str = ""
    quote: Quote | None = None
    profile: Profile | None = None


class Port(Protocol):
    """A BSS. Every method may raise BssError; `subscriber` is the subscription's id, "" unknown."""

    @property
    def drops_duplicates(self) -> Drops:
        """How a second submit of one order is treated."""

    @property
    def zone(self) -> str:
        """The time zone of its days and months, such as Asia/Shanghai."""

    @property
    def at_hand(self) -> bool:
        """Whether it answers what changes nothing within a millisecond or so.

        Then `profile`, `query` and `quote` are called on whatever thread needs the answer; a BSS
        behind a network is not at hand, for nobody may wait for it there.
        """

    def profile(self, number: str) -> Profile | None:
        """Who has this number; None when nobody is known to.

        A number of another operator has a profile without `subscriber`.
        """

    def query(self, name: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """Answers a query of actions.signatures."""

    def quote(self, verb: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """What an order would cost, or the reason why it would be refused. Changes nothing."""

    def submit(
        self, key: str, verb: str, subscriber: str, args: Mapping[str, str], quote: Quote | None
    ) -> Result:
        """Carries out an order on the terms of `quote`; `key` names it for ever."""

    def find(self, key: str) -> Result | None:
        """The answer that the order of this key got; None when no such order is known (yet)."""

    def verify(self, number: str, password: str) -> Result:
        """Checks a service password; a success carries the subscriber's Profile."""
