"""Two processes on one ledger, and everything that can go wrong, in any order.

Texts, calls, keys, duplicates, a BSS that fails, hangs or loses its answers, callers who hang up,
waits that lapse, processes lost at any commit. Whatever happens: at most one change per order,
every delivery and every request closed once, one reply for one text, every order at an end that is
true, the tallies equal to the rows, and no secret where it must not be.
"""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bss_case import number
from house_case import PASSWORD, Answers, Caller, Rig, make_home, text_of
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from machine_case import Errors, check_carried, waiting
from trial_case import begin, candidate, check_trial

from actions.faults import Fault
from actions.perform import Performer
from dialog.events import CallEnded, NoInput, TransferEnded
from dialog.host import Busy, Delivery, Reply
from dialog.outcomes import DONE
from dialog.turn import Collect
from engine import Illegal
from ledger import records

NEW_PASSWORD = "802914"
WRONG = "773355"
UNHEARD_OF = "99887766"
TEXTS = (
    "CXYE", "KTLDXS", "QXLDXS", "3032", "KTSJLL#20", "QXSJLL", "KTYETX 50", "KTYETX",
    f"BGMM {PASSWORD} {NEW_PASSWORD}", f"BGMM {WRONG} {NEW_PASSWORD}", "BGMM",
    f"CXGSD {number(1)}", "CXGSD", "301", "1", "2", "是", "否", "*", "STOP", "HELP",
    f"乱码 {UNHEARD_OF}",
)  # fmt: skip
KEYS = ("1", "2", "3", "4", "7", "8", "9", "0", "*", PASSWORD, NEW_PASSWORD, WRONG, number(1))
ORDERS = ("KTLDXS", "3021", "3041", "3051", "3032", "QXCL", "1071", "2101")
PATHS = (
    "3 4 1 1", "3 5 1 1", "3 1 1 1", "3 1 2 1", "3 3 1 2 1", "1 1", "1 6 1 50 1",
    f"2 3 2 {PASSWORD} {NEW_PASSWORD}",
)  # fmt: skip
WHO = st.integers(0, 5)
FAULTS = (
    (), (),
    (Fault("lose", "submit"),),
    (Fault("no_answer", "submit"),),
    (Fault("lose", "submit", times=0),),
    (Fault("lose", "submit", times=0), Fault("no_answer", "find", times=0)),
    (Fault("temporary", times=0),),
    (Fault("crash"),),
    (Fault("crash", times=0),),
    (Fault("answer", raw="E-77"),),
)  # fmt: skip
MAY_HOLD = {"orders.number", "outbox.number", "versions.sources"}
ENDS = {"succeeded", "accepted", "refused", "failed", "unknown", "declined", "void", "reconciled"}


class Brought(NamedTuple):
    """A delivery, and what its channel was told; the rig it was brought to."""

    delivery: Delivery
    answers: Answers
    rig: Rig


class Hotline(RuleBasedStateMachine):
    """Two processes, a BSS, and the world around them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hotline-machine-"))
        self.home = make_home(self.folder)
        self.rigs: list[Rig] = []
        self.dead: list[Rig] = []
        self.brought: list[Brought] = []
        self.calls: list[Caller] = []
        self.late: list[Callable[[], Any]] = []
        self.errors = Errors()
        logging.getLogger("hotline").addHandler(self.errors)
        self.n = 0

    @initialize(
        drops=st.sampled_from(("by_key", "by_state", "not_at_all")),
        at_hand=st.booleans(), tried=st.booleans(),
    )  # fmt: skip
    def begin(self, drops: Any, at_hand: bool, tried: bool) -> None:
        """Two processes start; a trial of two versions may run all the time."""
        self.drops, self.at_hand = drops, at_hand
        self.rigs = [self._rig()]
        if tried:
            begin(self.rigs[0])
        self.rigs.append(self._rig())

    def _rig(self) -> Rig:
        rig = Rig(self.home, drops=self.drops, known=[candidate().model])
        rig.performer.at_hand = self.at_hand
        return rig

    def _bring(self, which: int, delivery: Delivery) -> None:
        rig = self.rigs[which]
        self.brought.append(Brought(delivery, rig.deliver(delivery), rig))
        self._replace_lost()

    def _replace_lost(self) -> None:
        for n, rig in enumerate(self.rigs):
            if rig.ledger.lost:
                self._bury(rig)
                self.rigs[n] = self._rig()

    def _bury(self, rig: Rig) -> None:
        """What the lost process had sent may still arrive at the BSS, now or much later."""
        rig.lose()
        performer = rig.performer
        for job, _ in performer.held:
            self.late.append(lambda job=job: Performer.perform(performer, job).result())
        performer.held = []
        self.dead.append(rig)

    # -- what channels bring ---------------------------------------------------------------------

    @rule(which=st.integers(0, 1), who=WHO, body=st.sampled_from(TEXTS), ready=st.booleans())
    def text(self, which: int, who: int, body: str, ready: bool = True) -> None:
        """A text; an HTTP answer may stand ready for its reply."""
        self.n += 1
        text = text_of(body, number(who), f"sms-{self.n}")
        self._bring(which, waiting(text, ready))

    @rule(
        which=st.integers(0, 1), who=WHO,
        secret=st.sampled_from((PASSWORD, NEW_PASSWORD, WRONG)),
    )  # fmt: skip
    def text_secret(self, which: int, who: int, secret: str) -> None:
        """A secret is texted where one is asked for."""
        rig = self.rigs[which]
        line = rig.ledger.open_text("10086", rig.vault.pseudonym(number(who)))
        session = rig.session(line) if line else None
        if (
            session is not None
            and session.wait[0] == "Collect"
            and Collect(*session.wait[1:]).secret
        ):
            self.text(which, who, secret)

    @rule(
        which=st.integers(0, 1), who=WHO, path=st.sampled_from(PATHS),
        answered=st.booleans(), held=st.booleans(),
    )  # fmt: skip
    def call(self, which: int, who: int, path: str, answered: bool, held: bool) -> None:
        """A call that goes some way at once, waiting for the BSS's quotes or not."""
        self.n += 1
        rig = self.rigs[which]
        caller = Caller(rig, number(who), f"call-{self.n}", held=held)
        self.calls.append(caller)
        for keys in path.split():
            if rig.ledger.lost:
                break
            caller.press(keys)
            if answered and not rig.ledger.lost:
                self._answer_questions(rig)
        self.brought += [
            Brought(answers_of, answers, rig)
            for answers_of, answers in zip(caller.deliveries, caller.heard, strict=True)
        ]
        self._replace_lost()

    def _answer_questions(self, rig: Rig) -> None:
        """The BSS answers what changes nothing; the orders wait."""
        for n in reversed(range(len(rig.performer.held))):
            if rig.performer.held[n][0].call != "submit":
                rig.answer(n=n)

    @rule(which=st.integers(0, 1), who=WHO, body=st.sampled_from(ORDERS))
    def order(self, which: int, who: int, body: str) -> None:
        """A texter orders something and says yes to its price."""
        self.text(which, who, body)
        self._answer_questions(self.rigs[which])
        self._replace_lost()
        self.text(which, who, "是")

    def _call_event(self, which: int, n: int, event: Any) -> None:
        caller = self.calls[n % len(self.calls)]
        if caller.held:  # such a line is one process's, and is lost with it
            if caller.rig not in self.rigs or self._waits(caller):
                return
            which = self.rigs.index(caller.rig)
        caller.n += 1
        self._bring(which, caller.delivery(event))

    @staticmethod
    def _waits(caller: Caller) -> bool:
        return not any(map(_over, caller.heard[-1]))

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1), n=st.integers(0, 3), keys=st.sampled_from(KEYS))
    def press(self, which: int, n: int, keys: str) -> None:
        """A caller presses keys."""
        caller = self.calls[n % len(self.calls)]
        session = self.rigs[which].session(caller.session)
        if session is not None and session.wait[0] == "Collect":
            keys = keys[: Collect(*session.wait[1:]).max_digits]  # channels take no more
        self._call_event(which, n, caller.keys(keys))

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1), n=st.integers(0, 3))
    def silence(self, which: int, n: int) -> None:
        """A caller presses nothing."""
        self._call_event(which, n, NoInput(self.rigs[0].now(), 900))

    @precondition(lambda self: self.calls)
    @rule(
        which=st.integers(0, 1), n=st.integers(0, 3),
        status=st.sampled_from(("answered", "busy", "no_answer", "failed")),
    )  # fmt: skip
    def agent(self, which: int, n: int, status: str) -> None:
        """An agent's leg ends."""
        self._call_event(which, n, TransferEnded(self.rigs[0].now(), "general", status))

    @precondition(lambda self: self.calls)
    @rule(
        which=st.integers(0, 1), n=st.integers(0, 3), by=st.sampled_from(("caller", "network")),
        heard=st.sampled_from((0, 400)),
    )  # fmt: skip
    def hang_up(self, which: int, n: int, by: str, heard: int) -> None:
        """A line goes down."""
        self._call_event(which, n, CallEnded(self.rigs[0].now(), by, heard))

    @precondition(lambda self: self.brought)
    @rule(which=st.integers(0, 1), n=st.integers(0, 200), rest=st.booleans())
    def duplicate(self, which: int, n: int, rest: bool) -> None:
        """A delivery comes again; the latest ones most often."""
        back = n % 3 if rest else n
        again = self.brought[-1 - back % len(self.brought)].delivery
        if not again.held:
            self._bring(which, waiting(again, again.carrier is not None))

    # -- what happens meanwhile --------------------------------------------------------------------

    @precondition(lambda self: any(rig.performer.held for rig in self.rigs))
    @rule(which=st.integers(0, 1), n=st.integers(0, 5), faults=st.sampled_from(FAULTS))
    def answer(self, which: int, n: int, faults: tuple[Fault, ...]) -> None:
        """The BSS answers one of the jobs that wait, in any order."""
        rig = self.rigs[which]
        if rig.performer.held:
            sent = [i for i, (job, _) in enumerate(rig.performer.held) if job.call == "submit"]
            some = sent if sent and n % 2 else range(len(rig.performer.held))
            rig.answer(*faults, n=some[n // 2 % len(some)])
            self._replace_lost()

    @rule(which=st.integers(0, 1))
    def tick(self, which: int) -> None:
        """Patience runs out, and who waits for a line looks again."""
        self.rigs[which].tick()
        self._replace_lost()

    @rule(which=st.integers(0, 1))
    def lapse(self, which: int) -> None:
        """Every wait is overdue, and the sweeper comes by.

        That takes minutes, and a living process hears of an order in seconds.
        """
        others = (rig for n, rig in enumerate(self.rigs) if n != which)
        if not any(job.call == "submit" for rig in others for job, _ in rig.performer.held):
            self.rigs[which].sweep()
            self._replace_lost()

    @rule(which=st.integers(0, 1))
    def reconcile(self, which: int) -> None:
        """Orders of unknown end are asked for."""
        self.rigs[which].reconcile()

    @rule(which=st.integers(0, 1), nth=st.integers(0, 3), after=st.booleans())
    def crash(self, which: int, nth: int, after: bool) -> None:
        """A process will be lost at one of its next commits, before or behind it."""
        self.rigs[which].crash_at(nth, after=after)

    @precondition(lambda self: self.late)
    @rule(n=st.integers(0, 5))
    def late_work(self, n: int) -> None:
        """The BSS does what a lost process had sent."""
        self.late.pop(n % len(self.late))()

    @precondition(lambda self: any(rig.performer.held for rig in self.rigs))
    @rule(sent=st.booleans())
    def restart(self, sent: bool) -> None:
        """The whole house is lost while the BSS works, and starts again."""
        self._restart()
        if sent and self.late:
            self.late.pop()()
        self.rigs.append(self._rig())

    def _restart(self) -> None:
        for rig in self.rigs:
            self._bury(rig)
        self.rigs = [self._rig()]
        self.rigs[0].recover()

    # -- the end -----------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Everything comes to its end; then the record must be true."""
        logging.getLogger("hotline").removeHandler(self.errors)
        try:
            if self.rigs:
                self._finish()
        finally:
            for rig in (*self.dead, *self.rigs):
                rig.close()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        for rig in self.rigs:
            rig.crash_at(-1, after=False)
        for _ in range(40):
            for rig in self.rigs:
                rig.answer_all()
                rig.tick()
                rig.sweep()
            if not any(rig.performer.held or rig.timers.calls for rig in self.rigs):
                break
        self._check_channels()
        self._restart()
        for work in self.late:
            work()
        rig = self.rigs[0]
        for _ in range(8):
            rig.answer_all()
            rig.tick()
            rig.sweep()
        rig.reconcile()
        assert not self.errors.lines, self.errors.lines
        self._check_record(rig)
        self._check_orders(rig)
        self._check_secrets(rig)

    def _check_channels(self) -> None:
        """Every channel that still listens was told an end, once, the same for every duplicate."""
        told: dict[str, set[Any]] = {}
        for (key, _, _, event, *_), answers, rig in self.brought:
            gone = isinstance(event, CallEnded)  # hears of no BSS any more
            over = [n for n, answer in enumerate(answers) if gone or _over(answer)]
            assert over in ([], [len(answers) - 1]), (key, answers)
            for answer in answers:
                assert not isinstance(answer, Exception) or isinstance(answer, Illegal | Busy), (
                    answer
                )
            found = rig.ledger.delivery(key)
            open_elsewhere = found is not None and not found.closed
            assert over or rig.ledger.lost or open_elsewhere, (key, answers)
            if over and isinstance(answers[-1], Reply):
                reply = answers[-1]
                said = tuple(say.text for say in reply.say)
                told.setdefault(key, set()).add((reply.session, reply.n, said, reply.text))
        assert all(len(replies) == 1 for replies in told.values()), told

    def _check_record(self, rig: Rig) -> None:
        ledger = rig.ledger
        assert _all(rig, "SELECT id FROM sessions WHERE state IS NOT NULL") == []
        deliveries = [row.key for row in ledger.rows(records.Delivery)]
        closings = [row.delivery for row in ledger.rows(records.DeliveryClosing)]
        assert Counter(deliveries) == Counter(closings)
        texts = {b.delivery.key for b in self.brought if b.delivery.origin.channel == "text"}
        inbound = Counter(row.inbound for row in ledger.rows(records.Outbox) if row.inbound)
        assert inbound == Counter(key for key in deliveries if key in texts)
        check_carried((b.delivery for b in self.brought if not b.rig.ledger.lost), ledger)
        requests = [row.id for row in ledger.rows(records.Request)]
        assert Counter(requests) == Counter(row.request for row in ledger.rows(records.Closing))
        assert ledger.compare_counts() == []
        assert ledger.compare_visits() == []
        ended = Counter(row.session for row in ledger.rows(records.CallEnd))
        calls = _all(rig, "SELECT id FROM sessions WHERE channel = 'voice'")
        assert ended == Counter(calls)
        check_trial(ledger)

    def _check_orders(self, rig: Rig) -> None:
        for order, states in rig.order_states().items():
            assert rig.bss.changes(order) <= 1, (order, states)
            assert states, order
            assert states[-1] in ENDS, (order, states)
            assert states.count("submitted") <= 1, states
            moves = rig.ledger.rows(records.OrderMove, order_id=order)
            last = moves[-1]
            found = rig.bss.find(order)
            done = rig.bss.changes(order) == 1
            said_done = last.state in DONE or (last.state == "reconciled" and last.reason in DONE)
            assert done == said_done, (order, states, last, found)

    def _check_secrets(self, rig: Rig) -> None:
        for secret in (PASSWORD, NEW_PASSWORD, WRONG, UNHEARD_OF, *map(number, range(6))):
            alone = re.compile(rf"(?<![0-9a-f]){secret}(?![0-9a-f])")
            for place in set(rig.ledger.search(secret)) - MAY_HOLD:
                table, column = place.split(".")
                cells = _all(rig, f"SELECT {column} FROM {table}")
                assert not any(alone.search(str(cell)) for cell in cells), (secret, place)
        sealed = re.compile("~[A-Z2-7=]{40,}~")
        for place in set(rig.ledger.search("~")) - MAY_HOLD:
            table, column = place.split(".")
            cells = _all(rig, f"SELECT {column} FROM {table}")
            assert not any(sealed.search(str(cell)) for cell in cells), place


def _over(answer: Reply | Exception) -> bool:
    """Whether a channel is told nothing more."""
    return isinstance(answer, Exception) or type(answer.then).__name__ != "Perform"


def _all(rig: Rig, sql: str) -> list[Any]:
    ledger = sqlite3.connect(rig.ledger.path)
    try:
        return [row[0] for row in ledger.execute(sql)]
    finally:
        ledger.close()


_CHECKS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # explaining takes hours
}


class TestBriefly(Hotline.TestCase):  # type: ignore[name-defined,misc]
    """As much as a test run has time for."""

    settings = settings(max_examples=100, stateful_step_count=40, **_CHECKS)


@pytest.mark.soak
class TestForLong(Hotline.TestCase):  # type: ignore[name-defined,misc]
    """Many more, and longer ones."""

    settings = settings(max_examples=1500, stateful_step_count=60, **_CHECKS)
