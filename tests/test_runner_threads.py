"""Everything at once: many threads, two processes, real timers, a BSS that loses answers."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bss_case import number
from house_case import Caller, Rig, make_home, text_of

from actions.faults import Fault, FaultyPort
from dialog.events import CallArrived, CallEnded
from dialog.host import Busy, Delivery, Reply
from dialog.turn import End, Perform
from engine import Illegal
from ledger import records

THREADS, ROUNDS = 6, 12
PATIENCE_S = 60
BODIES = ("CXYE", "KTLDXS", "是", "QXLDXS", "1", "KTYETX 50", "XX", "3032", "STOP")


def brought(rig: Rig, delivery: Delivery) -> Reply | Exception:
    """Brings a delivery and waits for its last reply."""
    told: queue.Queue[Reply | Exception] = queue.Queue()
    rig.runner.deliver(delivery, told.put)
    while True:
        reply = told.get(timeout=PATIENCE_S)
        if isinstance(reply, Exception) or not isinstance(reply.then, Perform):
            return reply
        if isinstance(delivery.event, CallEnded):
            return reply


class Throng:
    """Texters and callers on threads of their own, each delivery brought twice at once."""

    def __init__(self, rigs: list[Rig]) -> None:
        self.rigs = rigs
        self.replies: queue.Queue[tuple[str, Reply | Exception]] = queue.Queue()
        self.failed: list[BaseException] = []

    def run(self) -> None:
        """Until everybody has been answered."""
        work = [*((self._texts, n) for n in range(THREADS)), *((self._calls, n) for n in range(2))]
        threads = [threading.Thread(target=self._guarded, args=one) for one in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.failed, self.failed

    def _guarded(self, work: Any, n: int) -> None:
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            self.failed.append(error)

    def _twice(self, delivery: Delivery) -> Reply | Exception:
        """The same delivery to both processes at the same time."""
        second = threading.Thread(
            target=self._guarded, args=(lambda _: self._bring(1, delivery), 0)
        )
        second.start()
        reply = self._bring(0, delivery)
        second.join()
        return reply

    def _bring(self, which: int, delivery: Delivery) -> Reply | Exception:
        reply = brought(self.rigs[which], delivery)
        self.replies.put((delivery.key, reply))
        return reply

    def _texts(self, n: int) -> None:
        for i in range(ROUNDS):
            body = BODIES[(n + i) % len(BODIES)]
            self._twice(text_of(body, number(n % 3), f"sms-{n}-{i}"))

    def _calls(self, n: int) -> None:
        for i in range(ROUNDS // 3):
            call = Caller.__new__(Caller)
            call.rig, call.held = self.rigs[n % 2], bool(i % 2)
            call.dialogue, call.number = f"call-{n}-{i}", number(3 + n)
            call.origin = text_of("", call.number, "").origin._replace(channel="voice")
            call.n = 0
            bring = (lambda d: self._bring(n % 2, d)) if call.held else self._twice
            for event in (
                CallArrived(call.rig.now()),
                *(call.keys(keys) for keys in ("3", "1", "1", "1")),
                CallEnded(call.rig.now(), "caller", 100),
            ):
                call.n += 1
                reply = bring(call.delivery(event))
                if isinstance(reply, Reply) and isinstance(reply.then, End):
                    break


@pytest.mark.parametrize("drops", ["by_key", "by_state", "not_at_all"])
def test_a_throng_is_served_once_each(tmp_path: Path, drops: Any) -> None:
    """Every delivery one reply, the same for its duplicate; at most one change per order."""
    home = make_home(tmp_path)
    rigs = [Rig(home, drops=drops, live=True) for _ in range(2)]
    for rig in rigs:
        rig.performer.port = FaultyPort(
            rig.bss,
            [
                Fault("lose", "submit", times=2),
                Fault("temporary", "quote", times=2),
                Fault("no_answer", "submit", times=1),
            ],
        )
    throng = Throng(rigs)
    throng.run()
    told: dict[str, set[Any]] = {}
    while not throng.replies.empty():
        key, reply = throng.replies.get()
        assert isinstance(reply, Reply | Illegal | Busy), reply
        if isinstance(reply, Reply):
            told.setdefault(key, set()).add((reply.session, reply.n, reply.text))
    assert all(len(replies) == 1 for replies in told.values())
    for rig in rigs:
        rig.settle()
        rig.sweep()
    never = threading.Event()
    while any(rig.ledger.unfinished_deliveries() for rig in rigs):
        assert not never.wait(0.05)
    rig = rigs[0]
    deliveries = Counter(row.key for row in rig.ledger.rows(records.Delivery))
    assert deliveries == Counter(row.delivery for row in rig.ledger.rows(records.DeliveryClosing))
    inbound = Counter(row.inbound for row in rig.ledger.rows(records.Outbox) if row.inbound)
    assert inbound == Counter(key for key in deliveries if key.startswith("sms-"))
    assert len(inbound) == THREADS * ROUNDS
    for order in rig.order_states():
        assert rig.bss.changes(order) <= 1
    assert rig.ledger.compare_counts() == []
    assert rig.ledger.compare_visits() == []
    assert [rig.runner._open for rig in rigs] == [{}, {}]
    for rig in rigs:
        rig.close()
