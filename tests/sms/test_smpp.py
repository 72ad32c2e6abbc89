"""SMPP 3.4 against an SMSC: bind, texts both ways, long ones, throttling, lost links, receipts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peers
import pytest
from smsc import PASSWORD, Smsc

from actions.faults import FaultyPort
from hotline.house import House
from hotline.ids import uuid7
from hotline.serving import noted
from hotline.settings import BadSetting, Settings
from hotline.smpp import SmppDesk, accounts
from hotline.sweep import recover
from ledger import records
from sms_commands.compose import split
from sms_commands.pdu import Incoming
from sms_commands.smpp import Account

ROOT = Path(__file__).resolve().parents[2]
NUMBER = "13800138000"


class Running:
    """A house with one SMPP link, its loop on a thread of its own."""

    def __init__(self, house: House, smsc: Smsc, binds: int = 1) -> None:
        self.house = house
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        account = Account("smpp", "127.0.0.1", smsc.port, "hotline", PASSWORD)

        async def begin() -> SmppDesk:
            desk = SmppDesk(house, account, binds, lambda outcome: noted(house, outcome))
            desk.start()
            return desk

        self.desk = self.on_loop(begin)

    def on_loop(self, make: Callable[[], Any]) -> Any:
        """Runs a coroutine on the link's loop."""
        future: Future[Any] = asyncio.run_coroutine_threadsafe(make(), self._loop)
        return future.result(60)

    def close(self) -> None:
        """Unbinds and ends the loop."""
        self.on_loop(self.desk.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The shipped site."""
    with House(Settings(ROOT, tmp_path)) as house:
        yield house


@contextmanager
def linked(house: House, smsc: Smsc, binds: int = 1) -> Iterator[Running]:
    """The house's link, bound."""
    running = Running(house, smsc, binds)
    try:
        for _ in range(binds):
            smsc.see("bound")
        yield running
    finally:
        running.close()


def row(text: str) -> records.Outbox:
    """A text to be sent."""
    return records.Outbox(
        "notice", None, "", 0, NUMBER, "10086", "smpp", "notify", "zh-CN", text, 1, 0, "", 0
    )


def statuses(house: House) -> list[tuple[str, str]]:
    """What became of each text that was to be sent."""
    rows = house.ledger.rows(records.OutboxSend)
    return [(row.outbox, row.status) for row in rows]


def outcomes(house: House) -> list[str]:
    """Leaf and outcome of each request."""
    closed = {row.request: row.reason or row.outcome for row in house.ledger.rows(records.Closing)}
    return [f"{row.leaf} {closed.get(row.id)}" for row in house.ledger.rows(records.Request)]


def test_a_text_is_answered_from_the_number_that_was_texted(house: House, smsc: Smsc) -> None:
    """deliver_sm in, acknowledged; submit_sm out in UCS-2; its receipt finds the text."""
    with linked(house, smsc):
        smsc.mo("CXYE")
        assert smsc.see("mo")["status"] == [0]
        answer = smsc.see("mt")
        assert (answer["from"], answer["to"]) == ("10086", "8613800138000")
        assert "58.60" in answer["text"]
        assert answer["coding"] == 8
        peers.until(
            lambda: [row.state for row in house.ledger.rows(records.Receipt)] == ["delivered"]
        )
    (receipt,) = house.ledger.rows(records.Receipt)
    (sent,) = [row for row in house.ledger.rows(records.OutboxSend) if row.status == "sent"]
    assert (receipt.provider_id, receipt.outbox) == (f"smpp/{answer['id']}", sent.outbox)
    assert outcomes(house) == ["balance succeeded"]


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "last part first"])
def test_long_chinese_texts_both_ways(house: House, smsc: Smsc, reverse: bool) -> None:
    """The parts of a long text are one text, whatever their order; so is one that is sent."""
    with linked(house, smsc) as running:
        smsc.mo("看不懂的长短信，" * 20, reverse=reverse)
        assert set(smsc.see("mo")["status"]) == {0}
        smsc.see("mt")
        for text in ("您已开通来电显示，每月5元。" * 9, "Price: 5 € [a month]. " * 12):
            running.desk.send(row(text))
            told = smsc.see("mt", text=text)
            assert told["parts"] == len(split(text)) > 1
    assert outcomes(house) == ["none unknown_command"]
    assert all(not row.payload for row in house.ledger.rows(records.Inbox))


def test_a_password_never_stands_readable(house: House, smsc: Smsc) -> None:
    """What is kept before it is answered is sealed, and cleared when it is in the record."""
    with linked(house, smsc):
        smsc.mo("BGMM 135246 802914")
        smsc.see("mt")
    assert house.ledger.search("135246") == []
    assert house.ledger.search("802914") == []


def test_throttled_texts_go_again_in_their_order(house: House, smsc: Smsc) -> None:
    """A throttled text is repeated before the subscriber's next one."""
    with linked(house, smsc):
        smsc.do("throttle", n=2)
        smsc.mo("CXYE")
        smsc.see("throttled")
        smsc.mo("CXJF")
        smsc.see("throttled")
        first, second = smsc.see("mt"), smsc.see("mt")
    assert "58.60" in first["text"]
    assert "58.60" not in second["text"]
    assert outcomes(house) == ["balance succeeded", "points succeeded"]


def test_the_link_binds_again(house: House, smsc: Smsc) -> None:
    """After a lost connection the next text is taken and answered as if nothing had been."""
    with linked(house, smsc):
        smsc.do("drop")
        smsc.see("gone")
        smsc.see("bound")
        smsc.mo("CXYE")
        assert "58.60" in smsc.see("mt")["text"]


def test_two_binds_may_bring_the_same_text_twice(house: House, smsc: Smsc) -> None:
    """A subscriber's two equal texts over two binds that stand are two, however close they are."""
    with linked(house, smsc, binds=2):
        for _ in range(5):
            for bind in (0, 1):
                smsc.mo("CXYE", bind=bind)
        for _ in range(10):
            assert "58.60" in smsc.see("mt")["text"]
    assert outcomes(house) == ["balance succeeded"] * 10


def test_the_reply_leaves_from_the_number_as_it_was_texted(house: House, smsc: Smsc) -> None:
    """The SMSC writes the number with its country code, and has it back so."""
    with linked(house, smsc):
        smsc.mo("CXYE", to="8610086")
        answer = smsc.see("mt")
    assert (answer["from"], "58.60" in answer["text"]) == ("8610086", True)


def test_an_answer_that_may_have_left_is_not_sent_again(house: House, smsc: Smsc) -> None:
    """The SMSC took the request and the link broke: never two texts for one."""
    with linked(house, smsc):
        smsc.do("mute", n=1)
        smsc.mo("CXYE")
        smsc.see("muted")
        smsc.do("drop")
        peers.until(lambda: [status for _, status in statuses(house)] == ["taken", "failed"])
        smsc.see("bound")
        smsc.mo("CXJF")
        smsc.see("mt")
    assert [row.error for row in house.ledger.rows(records.OutboxSend) if row.error] == [
        "no_answer"
    ]


def test_what_was_kept_is_handed_on_by_the_next_process(
    house: House, smsc: Smsc, tmp_path: Path
) -> None:
    """A process is lost between keeping a text and working on it: the next one answers it."""
    payload = house.vault.seal('["8613800138000", "10086", "CXYE"]')
    at = house.now()
    row = records.Inbox(uuid7(at), at, "smpp", "lost.1", "mark", "", 1, 1, payload)
    house.ledger.inbox_take(row).result()
    recover(house)
    with linked(house, smsc):
        assert "58.60" in smsc.see("mt")["text"]
    (kept,) = house.ledger.rows(records.Inbox)
    assert kept.payload == ""


def test_a_text_that_comes_again_is_answered_once(house: House, smsc: Smsc) -> None:
    """Its first coming is in the record and was never acknowledged: the process was lost then."""
    with linked(house, smsc) as running:
        row = running.desk._row(Incoming("8613800138000", "10086", "CXYE"), "lost.1", house.now())
        house.ledger.append([records.Brought(row, ())]).result()
        smsc.mo("CXYE")
        assert smsc.see("mo")["status"] == [0]
        smsc.mo("CXJF")
        assert "58.60" not in smsc.see("mt")["text"]
    assert outcomes(house) == ["points succeeded"]


def test_a_text_that_must_wait_is_kept_meanwhile(tmp_path: Path, smsc: Smsc) -> None:
    """The BSS works on the subscriber's order; the next text is acknowledged all the same."""
    rules = tmp_path / "faults.json"
    rules.write_text('[{"call": "submit", "do": "hang"}]')
    with House(Settings(ROOT, tmp_path, bss_faults=rules)) as house, linked(house, smsc):
        port = house.bss
        assert isinstance(port, FaultyPort)
        smsc.mo("KTLDXS")
        assert smsc.see("mo")["status"] == [0]
        smsc.see("mt")
        smsc.mo("是")
        assert smsc.see("mo")["status"] == [0]
        port.reached.wait()
        smsc.mo("CXYE")
        assert smsc.see("mo")["status"] == [0]
        (kept,) = house.ledger.inbox_waiting(house.now())
        assert "CXYE" not in kept.payload
        port.release()
        smsc.see("mt")
        assert "58.60" in smsc.see("mt")["text"]
        peers.until(lambda: not house.ledger.inbox_waiting(house.now()))
        assert sorted(status for _, status in statuses(house)).count("taken") == 3
    assert outcomes(house) == ["enable/caller_id succeeded", "balance succeeded"]


def test_accounts_of_the_setting() -> None:
    """Name, binds, type and alphabet; defaults; several by blanks."""
    one, two = accounts("smpp://id:pw@smsc.example smpp://b:pw@h:2776?name=two&binds=3&type=VMA")
    assert one == (Account("smpp", "smsc.example", 2775, "id", "pw"), 1)
    assert two == (Account("two", "h", 2776, "b", "pw", "VMA"), 3)


@pytest.mark.parametrize(
    "setting", ["smsc:2775", "smpp://h", "smpp://a:b@h?binds=0", "smpp://a:b@h smpp://c:d@h"]
)
def test_a_bad_setting_is_one_sentence(setting: str) -> None:
    """What can't be a link is said at the start, not found later."""
    with pytest.raises(BadSetting, match="HOTLINE_SMPP"):
        accounts(setting)
