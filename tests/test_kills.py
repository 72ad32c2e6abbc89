"""SIGKILL at random points under a stream of numbered orders: nothing twice, nothing lost.

Twenty kills here and two hundred in `make soak`, over all three of the BSS's ways of dropping
duplicates.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from house_case import ROOT
from kill_case import SECRET, Gateway, Order, home_of, kill_often

from actions.embedded.bss import EmbeddedBss
from actions.port import Drops
from dialog.outcomes import DONE, UNKNOWN
from hotline.house import House, clock
from hotline.httpd import HttpServer
from hotline.serving import make_sender
from hotline.settings import Settings
from hotline.sweep import reconcile, recover
from ledger import records
from ledger.ledger import Ledger
from sms_commands.sender import LEASE_MS, Text

SEED = 2009
CODES = {"KTLDXS": "caller_id", "KT10086": "my10086", "KTCL": "ringback"}
NOTICES_A_KILL = 60
"""More than the sender gets rid of between two kills."""
BEYOND_HTTP_MS = 15_000
"""When replies that no HTTP answer carried are the outbox's."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """The texts' side."""
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.mark.parametrize(("drops", "kills"), [("by_key", 7), ("by_state", 7), ("not_at_all", 6)])
def test_kills(tmp_path: Path, gateway: Gateway, drops: Drops, kills: int) -> None:
    """Each text has one decision and its reply, no change is made twice, the rest is unknown."""
    endure(tmp_path, gateway, drops, kills)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("drops", "kills"), [("by_key", 67), ("by_state", 67), ("not_at_all", 66)])
def test_many_kills(tmp_path: Path, gateway: Gateway, drops: Drops, kills: int) -> None:
    """The same for long."""
    endure(tmp_path, gateway, drops, kills)


def endure(folder: Path, gateway: Gateway, drops: Drops, kills: int) -> None:
    """Kills, lets the next process finish what was left, and looks at what there is."""
    home = home_of(folder)
    orders, before = numbered(home), held(home)
    notify(home, kills * NOTICES_A_KILL)
    print(f"{drops}, seed {SEED}: requests and seconds before each kill:")
    print(kill_often(home, drops, gateway, orders, kills, SEED))
    last = Last(home, drops, gateway)
    try:
        last.finish()
        every_text_has_one_decision(last)
        every_text_has_its_reply(last)
        every_order_has_one_end(last)
        assert not [key for key, n in (held(home) - before).items() if n > 1]
        every_notice_leaves_once_or_is_known_as_lost(last, kills)
        assert last.house.ledger.compare_counts() == []
    finally:
        last.house.close()


def numbered(home: Path) -> Iterator[Order]:
    """An order for each subscriber and service that he may have; no two of one."""
    bss = EmbeddedBss(home / "bss.db", clock)
    numbers = [str(n) for n in range(13800138000, 13800139200)]
    whose = {n: who.subscriber for n in numbers if (who := bss.profile(n)) and who.subscriber}
    able = [
        (number, code)
        for code, service in CODES.items()
        for number, subscriber in whose.items()
        if bss.quote("subscribe", subscriber, {"service": service}).quote
    ]
    bss.close()
    return (Order(n, number, code) for n, (number, code) in enumerate(able))


def held(home: Path) -> Counter[tuple[str, str]]:
    """How often each subscriber has each service, by the BSS's own book."""
    with closing(sqlite3.connect(home / "bss.db")) as bss:
        return Counter(bss.execute("SELECT subscriber, service FROM held"))


def notify(home: Path, count: int) -> None:
    """Numbered texts for the outbox's sender, due at once."""
    at = clock()
    rows = [
        records.Outbox(
            f"notice-{n}", None, "", at, "13800138000", "10086", "kannel", "notify", "zh-CN",
            f"notice-{n}", 1, at + 24 * 3_600_000, "", at,
        )
        for n in range(count)
    ]  # fmt: skip
    with Ledger.open(home / "ledger.db") as ledger:
        ledger.append(rows).result()


class Last:
    """The process after the last kill, which nobody kills; also the link of its outbox."""

    def __init__(self, home: Path, drops: Drops, gateway: Gateway) -> None:
        self.home, self.gateway, self._ahead_ms = home, gateway, BEYOND_HTTP_MS
        settings = Settings(
            ROOT, home, kannel_secret=SECRET, kannel_sendsms=gateway.sendsms, drops=drops
        )
        self.house = House(settings, now=lambda: clock() + self._ahead_ms, recovering=True)

    def finish(self) -> None:
        """Recovers, sends what is due, takes what the gateway still holds, asks for orders."""
        house, pause = self.house, threading.Event()
        recover(house)
        while house.ledger.unfinished_deliveries():
            pause.wait(0.01)
        sender = make_sender(house, {"kannel": self}, threading.Event())
        while sender.once():
            pass
        http = HttpServer(house, "127.0.0.1", 0)
        http.start()
        self.gateway.bring_the_rest(http.port)
        http.close()
        reconcile(house, house.now())
        while any(house.bss.find(order.order.id) for order in house.ledger.open_orders()):
            pause.wait(0.01)
        self._ahead_ms += LEASE_MS
        while sender.once():
            pass

    def send(self, text: Text) -> str:
        """Takes a text of the outbox."""
        self.gateway.sent.append((f"+86{text.number}", text.text))
        return text.id


def every_text_has_one_decision(last: Last) -> None:
    """One delivery of each text that was brought, closed once; a request ends once or waits."""
    ledger, texts = last.house.ledger, Counter(f"kannel:{key}" for key in last.gateway.brought)
    assert Counter(row.key for row in ledger.rows(records.Delivery)) == texts
    assert Counter(row.delivery for row in ledger.rows(records.DeliveryClosing)) == texts
    closed = Counter(row.request for row in ledger.rows(records.Closing))
    for request in ledger.rows(records.Request):
        assert request.leaf in {f"enable/{service}" for service in CODES.values()}
        waits = ledger.session(request.session) is not None  # for the yes to its price
        assert closed[request.id] == (0 if waits else 1)


def every_text_has_its_reply(last: Last) -> None:
    """At least one, on the HTTP answer or by the outbox, and never another one."""
    rows = [row for row in last.house.ledger.rows(records.Outbox) if row.inbound]
    assert Counter(row.inbound for row in rows) == Counter(
        f"kannel:{key}" for key in last.gateway.brought
    )
    for row in rows:
        text = last.gateway.brought[str(row.inbound).partition(":")[2]]
        carried = {answer for answer in last.gateway.answers[text.id] if answer}
        assert carried <= {row.text}
        assert carried or (f"+86{text.number}", row.text) in last.gateway.sent, text.id


def every_order_has_one_end(last: Last) -> None:
    """One change at most of each order, none of no order; what is said of it is so, or unknown."""
    ledger = last.house.ledger
    with closing(sqlite3.connect(last.home / "bss.db")) as bss:
        made = Counter(dict(bss.execute("SELECT key, sum(done) FROM orders GROUP BY key")))
    orders = {order.id for order in ledger.rows(records.Order)}
    assert set(made) <= orders
    known = {move.order_id: move for move in ledger.rows(records.OrderMove)}  # n goes up
    listed = {order.order.id for order in ledger.open_orders() if order.state == UNKNOWN}
    for order in orders:
        move = known.get(order)
        word = (move.reason if move.state == records.RECONCILED else move.state) if move else ""
        assert word not in ("confirmed", "submitted"), order
        assert made[order] == (1 if word in DONE else 0), (order, word)
        assert (word == UNKNOWN) == (order in listed)


def every_notice_leaves_once_or_is_known_as_lost(last: Last, kills: int) -> None:
    """A sender that is killed while it sends loses that text, and the record says so."""
    left = Counter(text for _, text in last.gateway.sent if text.startswith("notice-"))
    assert max(left.values()) == 1
    sends = [row for row in last.house.ledger.rows(records.OutboxSend) if row.status != "taken"]
    ends = {row.outbox: row for row in sends if row.outbox.startswith("notice-")}
    assert len(ends) == len([row for row in sends if row.outbox.startswith("notice-")])
    lost = {notice for notice, row in ends.items() if row.error == records.LOST}
    assert set(left) | lost == set(ends) == {f"notice-{n}" for n in range(len(ends))}
    assert len(lost) <= kills
