"""Sends what waits in the outbox. At most one text for each row.

The ledger's claim is atomic: a claimed row is nobody else's. It ends in exactly one recorded
outcome, and only one with a `retry_at`, recorded while the claim's lease lasts, lets it be claimed
again; a claim that is never recorded is lost when its lease is over, and its text is not repeated.
So a link must say which of its failures are certain: TemporaryError (not sent, try again),
PermanentError (not sent, never will be); anything else may have been sent and is not repeated.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

_log = logging.getLogger(__name__)

FIRST_RETRY_MS = 5_000
LAST_RETRY_MS = 15 * 60_000
IDLE_SECONDS = 1.0
LEASE_MS = 120_000


class SendError(Exception):
    """A text that did not leave as it should; `args[0]` is a short code for the record.

    A code never holds a number or words of the text: it is logged and counted.
    """


class TemporaryError(SendError):
    """Surely not sent; another attempt may succeed."""


class PermanentError(SendError):
    """Surely not sent; no attempt will succeed."""


class OptedOutError(PermanentError):
    """The provider's own list says that the subscriber wants nothing from that number."""


class UncertainError(SendError):
    """The answer was lost: the text may have been sent, so it is not sent again."""


class Text(Protocol):
    """What the outbox holds of a text. Numbers are national, `expires_at` is UTC ms."""

    @property
    def id(self) -> str:
        """The row."""

    @property
    def link(self) -> str:
        """The messaging link that carries it."""

    @property
    def number(self) -> str:
        """To whom."""

    @property
    def called(self) -> str:
        """From which number."""

    @property
    def kind(self) -> str:
        """What was asked for (reply, later) or comes unasked (notify)."""

    @property
    def text(self) -> str:
        """The message as composed."""

    @property
    def expires_at(self) -> int:
        """From when it is no longer worth sending."""

    @property
    def reply_context(self) -> str:
        """What the link brought with the text that this one answers (JSON), "" for others."""


class SendPort(Protocol):
    """One messaging link."""

    def send(self, text: Text) -> str:
        """Sends it from `called` to `number` and gives the provider's message id.

        Raises TemporaryError, PermanentError or UncertainError.
        """


class Claimed(Protocol):
    """A text that is this sender's alone; its end is to be recorded while the lease lasts."""

    @property
    def text(self) -> Text:
        """What to send."""

    @property
    def attempt(self) -> int:
        """The how-many-eth claim this is, from 1."""


class Outcome(NamedTuple):
    """What became of a claimed text. Times are UTC ms."""

    outbox: str
    attempt: int
    at: int
    error: str = ""  # "" = the link took it
    provider_id: str = ""
    retry_at: int | None = None  # of an error: when it may be claimed again, None = never


def retry_at(now: int, attempts: int) -> int:
    """When to try again after `attempts` failed tries: 5 s, doubling up to 15 min."""
    return now + min(FIRST_RETRY_MS << min(attempts - 1, 16), LAST_RETRY_MS)


class Sender:
    """The loop. `run` blocks until `stop`; several may run over one ledger.

    `claim(now)` takes due rows for `lease_ms`, in one transaction; when this process dies, those
    that it holds are lost, so that it should take few. `record(outcome)` stores what became of
    one. `wake` is set by whoever writes a row, so that it leaves at once. A link's own time-out
    must be under half the lease.
    """

    def __init__(
        self,
        claim: Callable[[int], Iterable[Claimed]],
        record: Callable[[Outcome], None],
        links: Mapping[str, SendPort],
        now: Callable[[], int],
        wake: threading.Event,
        lease_ms: int = LEASE_MS,
    ) -> None:
        self._claim, self._record, self._links = claim, record, links
        self._now, self._wake, self._lease_ms = now, wake, lease_ms
        self._stopping = threading.Event()
        self._begin_by = 0
        self._claimed: deque[Claimed] = deque()
        self._owed: deque[Outcome] = deque()  # at most one: what could not be recorded yet

    def run(self) -> None:
        """Sends until stopped. A ledger that is away delays texts; it neither loses nor doubles."""
        while not self._stopping.is_set():
            if not self._round():
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
        if self._claimed or self._owed:
            self._round()

    def _round(self) -> int:
        try:
            return self.once()
        except Exception:  # noqa: BLE001 - the loop must outlive whatever the ledger raises
            _log.exception("outbox: the ledger did not answer; trying again")
            return 0

    def stop(self) -> None:
        """Ends `run` after the text that is being sent; rows claimed with it are handed back."""
        self._stopping.set()
        self._wake.set()

    def once(self) -> int:
        """One round: claims what is due, sends it, records it. Gives the number of rows finished.

        What the ledger raises passes through; the next round goes on where this one stopped.
        """
        done = 0
        if not self._claimed and not self._owed:
            now = self._now()
            self._begin_by = now + self._lease_ms // 2
            self._claimed.extend(self._claim(now))
        while self._owed or self._claimed:
            if not self._owed:
                self._owed.append(self._outcome(self._claimed.popleft()))
            self._record(self._owed[0])
            self._owed.popleft()
            done += 1
        return done

    def _outcome(self, claimed: Claimed) -> Outcome:
        text, attempt, now = claimed.text, claimed.attempt, self._now()
        if self._stopping.is_set() or now > self._begin_by:
            # begun later it might outlive its lease: a certain failure would count as lost
            return Outcome(text.id, attempt, now, "not_begun", retry_at=now)
        if text.expires_at <= now:
            return Outcome(text.id, attempt, now, "expired")
        link = self._links.get(text.link)
        try:
            if link is None:  # taken out of the settings; it may come back before the text expires
                raise TemporaryError("no_such_link")
            provider_id = link.send(text)
        except Exception as error:  # noqa: BLE001 - each has its outcome
            return not_sent(text, attempt, self._now(), error)
        return Outcome(text.id, attempt, self._now(), provider_id=provider_id)


def not_sent(text: Text, attempt: int, now: int, error: Exception) -> Outcome:
    """The outcome of a text whose link raised; what is no SendError may have been sent."""
    again = None
    code = str(error.args[0]) if isinstance(error, SendError) and error.args else ""
    code = code or type(error).__name__
    if isinstance(error, TemporaryError):
        again = retry_at(now, attempt)
    # no traceback and no message of the error: they may hold the number
    _log.warning("outbox %s: link %s: %s", text.id, text.link, code)
    return Outcome(text.id, attempt, now, code, retry_at=again)
