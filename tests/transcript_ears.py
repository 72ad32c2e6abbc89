"""What is overheard where channels, house and BSS meet while a transcript is played."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

from actions.perform import Done, Performer
from actions.port import Result
from dialog.events import CallEnded, DigitsEntered, TextReceived
from dialog.host import Delivery, Reply
from dialog.session import Session
from dialog.transcript import line, lines
from dialog.turn import Collect, Notify, Perform, Say
from hotline import versions
from hotline.replies import Replies
from hotline.runner import Runner
from ledger import records
from menus.keywords import Match
from menus.model import Model

_CODES_WITH_SECRETS = re.compile(r"(?:SQMM|BGMM|CZMM|203[123])[#*+\s]+(.+)", re.I | re.S)


class Passed(NamedTuple):
    """One delivery as the house got it, and the replies that it gave."""

    delivery: Delivery
    replies: list[Reply]
    errors: list[Exception]

    @property
    def lines(self) -> tuple[str, ...]:
        """What was said, as transcript lines."""
        return lines(say for reply in self.replies for say in reply.say)


class Overheard:
    """Stands between the channels and the runner; a duplicate is heard once."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self._deliver = runner, runner.deliver
        self.passed: list[Passed] = []
        self.said: list[tuple[str, ...] | Passed] = []
        self.changed = threading.Condition()
        runner.deliver = self.deliver  # type: ignore[method-assign]

    def deliver(self, delivery: Delivery, on_reply: Callable[[Reply | Exception], None]) -> None:
        """As the runner's."""
        if any(delivery.key == known.delivery.key for known in self.passed):
            self._deliver(delivery, on_reply)
            return
        passed = Passed(delivery, [], [])
        self.passed.append(passed)
        if not isinstance(delivery.event, CallEnded):
            self.said.append(passed)

        def told(reply: Reply | Exception) -> None:
            with self.changed:
                if isinstance(reply, Reply):
                    passed.replies.append(reply)
                else:
                    passed.errors.append(reply)
                self.changed.notify_all()
            on_reply(reply)

        self._deliver(delivery, told)

    def forget(self) -> None:
        """Begins the transcript here."""
        self.said.clear()

    @property
    def busy(self) -> bool:
        """Whether a delivery has got no answer yet."""
        return not all(passed.replies or passed.errors for passed in self.passed)

    @property
    def last(self) -> Reply:
        """The latest reply."""
        found: Reply = next(p.replies[-1] for p in reversed(self.passed) if p.replies)
        return found

    @property
    def sessions(self) -> list[str]:
        """The sessions, in the order in which they began."""
        found = (reply.session for passed in self.passed for reply in passed.replies)
        return list(dict.fromkeys(found))

    def secrets(self, model: Model) -> set[str]:
        """What was keyed or texted as a secret, long enough to be looked for."""
        found: set[str] = set()
        asked: dict[str, bool] = {}  # session -> whether it waits for a secret
        for passed in self.passed:
            event, session = passed.delivery.event, self._session(passed)
            if isinstance(event, DigitsEntered) and asked.get(session):
                found.add(event.digits)
            if isinstance(event, TextReceived):
                found |= _secrets_of(model, event, asked.get(session, False))
            if passed.replies:
                then = passed.replies[-1].then
                asked[session] = isinstance(then, Collect) and then.secret
        return {secret for secret in found if len(secret) > 3}

    @staticmethod
    def _session(passed: Passed) -> str:
        return passed.replies[0].session if passed.replies else ""


def _secrets_of(model: Model, event: TextReceived, asked: bool) -> set[str]:
    text = unicodedata.normalize("NFKC", event.text).strip()
    behind = _CODES_WITH_SECRETS.match(text)
    if behind:
        return {token for token in re.split(r"[#*+\s]+", behind[1]) if token}
    code = model.index.match(text, called="10086", profile=None, at_ms=event.at)
    return {text} if asked and not isinstance(code, Match) else set()


class Noting(Replies):
    """Replies that keep the texts sent beside, with the number that each went to."""

    def __init__(self, of: versions.Versions) -> None:
        super().__init__(of)
        self.made: dict[str, str] = {}  # outbox id -> number and text

    def notice(self, session: Session, notify: Notify, i: int, at: int) -> records.Outbox:
        """As it was, and noted."""
        row = super().notice(session, notify, i, at)
        assert row.text
        self.made[row.id] = f"{row.number} {line(Say(notify.text, notify.values))}"
        return row


class Jobs:
    """Counts what the BSS has still to answer."""

    def __init__(self, performer: Performer) -> None:
        self._perform = performer.perform
        self._open = 0
        self._lock = threading.Lock()
        performer.perform = self._counted  # type: ignore[method-assign]

    @property
    def open(self) -> bool:
        """Whether an answer is still to come, or to be taken."""
        return self._open > 0

    def _counted(self, job: Perform, done: Done | None = None) -> Future[Result]:
        self._count(1)

        def told(result: Result) -> None:
            if done is not None:
                done(result)
            self._count(-1)

        return self._perform(job, told)

    def _count(self, n: int) -> None:
        with self._lock:
            self._open += n
