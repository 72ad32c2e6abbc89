"""The outbox's loop: every claimed row ends in one record, and none is sent twice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from sms_commands.sender import (
    FIRST_RETRY_MS,
    LAST_RETRY_MS,
    LEASE_MS,
    Claimed,
    Outcome,
    PermanentError,
    Sender,
    TemporaryError,
    Text,
    UncertainError,
    retry_at,
)

NUMBER = "13800138000"
NOW = 1_000_000


@dataclass(frozen=True)
class Row:
    """A text in the outbox."""

    id: str
    link: str = "link"
    number: str = NUMBER
    called: str = "10086"
    kind: str = "reply"
    text: str = "余额58.60元"
    expires_at: int = 10 * NOW
    reply_context: str = ""


@dataclass(frozen=True)
class Out:
    """A claimed text as the ledger gives it."""

    text: Row
    attempt: int


@dataclass
class Link:
    """A link that answers in turn what it is told to; when it runs out, it sends."""

    answers: list[Exception] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, text: Text) -> str:
        """Raises the next answer, else takes the text."""
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append((text.number, text.called, text.text))
        return f"SM{len(self.sent)}"


class Outbox:
    """Rows in memory with the ledger's promise: a claim takes a row away from everybody else."""

    def __init__(self, *rows: Row) -> None:
        self.waiting = {row.id: Out(row, 1) for row in rows}
        self.taken: dict[str, Out] = {}
        self.due_at: dict[str, int] = {}
        self.outcomes: list[Outcome] = []
        self.lock = threading.Lock()
        self.settled = threading.Event()
        self.away = 0  # how many calls of record will fail

    def claim(self, now: int) -> Iterable[Claimed]:
        """Takes what is due."""
        with self.lock:
            due = [key for key in self.waiting if self.due_at.get(key, 0) <= now]
            for key in due:
                self.taken[key] = self.waiting.pop(key)
            return [self.taken[key] for key in due]

    def record(self, outcome: Outcome) -> None:
        """Stores an outcome; one with a retry_at gives the row back."""
        with self.lock:
            if self.away:
                self.away -= 1
                raise OSError("the disk is full")
            out = self.taken.pop(outcome.outbox)
            self.outcomes.append(outcome)
            if outcome.retry_at is not None:
                self.due_at[outcome.outbox] = outcome.retry_at
                self.waiting[outcome.outbox] = replace(out, attempt=out.attempt + 1)
            if not self.waiting and not self.taken:
                self.settled.set()


def sender(outbox: Outbox, link: Link, now: int = NOW) -> Sender:
    """A sender of one link at a fixed time."""
    return Sender(outbox.claim, outbox.record, {"link": link}, lambda: now, threading.Event())


def test_a_due_row_is_sent_and_recorded() -> None:
    """The row's numbers and text reach its link; the provider's id reaches the record."""
    outbox, link = Outbox(Row("a")), Link()
    assert sender(outbox, link).once() == 1
    assert link.sent == [(NUMBER, "10086", "余额58.60元")]
    assert outbox.outcomes == [Outcome("a", 1, NOW, provider_id="SM1")]


@pytest.mark.parametrize(
    ("answer", "error", "again"),
    [
        (TemporaryError("twilio_429"), "twilio_429", NOW + FIRST_RETRY_MS),
        (PermanentError("twilio_21610"), "twilio_21610", None),
        (UncertainError("ReadTimeout"), "ReadTimeout", None),
        (RuntimeError(f"bad number {NUMBER}"), "RuntimeError", None),
    ],
)
def test_only_a_certain_failure_is_tried_again(
    answer: Exception, error: str, again: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A text that may have been sent is not repeated, and no log holds its number."""
    outbox = Outbox(Row("a"))
    with caplog.at_level(logging.DEBUG):
        sender(outbox, Link([answer])).once()
    assert outbox.outcomes == [Outcome("a", 1, NOW, error, retry_at=again)]
    assert NUMBER not in caplog.text


def test_back_off_doubles_up_to_a_limit() -> None:
    """The wait after each failed try is twice the last, and at most a quarter of an hour."""
    waits = [retry_at(NOW, n) - NOW for n in range(1, 30)]
    assert waits[:3] == [FIRST_RETRY_MS, 2 * FIRST_RETRY_MS, 4 * FIRST_RETRY_MS]
    assert waits == sorted(waits)
    assert waits[-1] == LAST_RETRY_MS


def test_a_row_comes_back_when_it_is_due_again() -> None:
    """After a temporary failure nothing is sent before retry_at, and then once."""
    outbox, link = Outbox(Row("a")), Link([TemporaryError("twilio_503")])
    sender(outbox, link).once()
    assert sender(outbox, link, NOW + FIRST_RETRY_MS - 1).once() == 0
    assert sender(outbox, link, NOW + FIRST_RETRY_MS).once() == 1
    assert [outcome.error for outcome in outbox.outcomes] == ["twilio_503", ""]
    assert outbox.outcomes[-1].attempt == 2
    assert len(link.sent) == 1


def test_an_expired_row_is_not_sent() -> None:
    """A reply that nobody waits for any more is recorded as expired."""
    outbox, link = Outbox(Row("a", expires_at=NOW), Row("b", expires_at=NOW + 1)), Link()
    sender(outbox, link).once()
    assert [(o.outbox, o.error) for o in outbox.outcomes] == [("a", "expired"), ("b", "")]
    assert len(link.sent) == 1


def test_a_link_out_of_the_settings_keeps_its_rows() -> None:
    """A row of an unknown link waits: the link may come back."""
    outbox = Outbox(Row("a", link="gone"))
    sender(outbox, Link()).once()
    assert outbox.outcomes[0].error == "no_such_link"
    assert outbox.outcomes[0].retry_at == NOW + FIRST_RETRY_MS


def test_a_ledger_that_is_away_doubles_and_loses_nothing() -> None:
    """A text whose outcome can't be recorded is not sent again, and later rows still leave."""
    outbox, link = Outbox(Row("a"), Row("b")), Link()
    outbox.away = 2
    loop = sender(outbox, link)
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            loop.once()
    assert loop.once() == 2
    assert [(o.outbox, o.error) for o in outbox.outcomes] == [("a", ""), ("b", "")]
    assert len(link.sent) == 2


def test_rows_of_a_stopped_round_are_handed_back() -> None:
    """What was claimed but not begun is due at once for the next process."""
    outbox = Outbox(Row("a"), Row("b"))

    class Stopping(Link):
        def send(self, text: Text) -> str:
            loop.stop()
            return super().send(text)

    loop = sender(outbox, Stopping())
    loop.run()
    assert outbox.outcomes == [
        Outcome("a", 1, NOW, provider_id="SM1"),
        Outcome("b", 1, NOW, "not_begun", retry_at=NOW),
    ]


def test_nothing_is_begun_late_in_its_lease() -> None:
    """After a slow send the rest is handed back while its lease lasts."""
    outbox, clock = Outbox(Row("a"), Row("b")), [NOW]

    class Slow(Link):
        def send(self, text: Text) -> str:
            clock[0] += LEASE_MS // 2 + 1
            return super().send(text)

    Sender(
        outbox.claim, outbox.record, {"link": Slow()}, lambda: clock[0], threading.Event()
    ).once()
    assert [(o.outbox, o.error) for o in outbox.outcomes] == [("a", ""), ("b", "not_begun")]


def test_several_senders_share_an_outbox() -> None:
    """Three loops over one outbox send each text once, are woken, and end when stopped."""
    outbox, link, wake = Outbox(), Link(), threading.Event()
    loops = [
        Sender(outbox.claim, outbox.record, {"link": link}, lambda: NOW, wake) for _ in range(3)
    ]
    threads = [threading.Thread(target=loop.run) for loop in loops]
    for thread in threads:
        thread.start()
    with outbox.lock:
        outbox.waiting = {str(n): Out(Row(str(n), text=str(n)), 1) for n in range(200)}
    wake.set()
    assert outbox.settled.wait(30)
    for loop in loops:
        loop.stop()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert sorted(text for _, _, text in link.sent) == sorted(str(n) for n in range(200))


def test_the_loop_outlives_a_claim_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A ledger that is locked for a moment delays the texts and ends nothing."""
    outbox, link, wake = Outbox(Row("a")), Link(), threading.Event()
    failures = [OSError("locked")]

    def claim(now: int) -> Iterable[Claimed]:
        if failures:
            wake.set()  # so that the loop does not idle
            raise failures.pop()
        return outbox.claim(now)

    loop = Sender(claim, outbox.record, {"link": link}, lambda: NOW, wake)
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert outbox.settled.wait(30)
    loop.stop()
    thread.join(30)
    assert "the ledger did not answer" in caplog.text
    assert len(link.sent) == 1
