"""A real Kannel before the hotline: texts both ways, long and Chinese, receipts, repeats."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import kannel as the_kannel
import peers
import pytest
import smsc as the_smsc
from kannel import FAKESMSC, SECRET, Kannel
from smsc import Smsc

from hotline.house import House
from hotline.httpd import HttpServer
from hotline.serving import make_sender
from hotline.settings import Settings
from ledger import records
from sms_commands.compose import split
from sms_commands.kannel import KannelSender

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A house behind its HTTP server, and the Kannel before it."""

    def __init__(self, house: House, kannel: Kannel, smsc: Smsc) -> None:
        self.house, self.kannel, self.smsc = house, kannel, smsc

    def answer(self, text: str, **how: Any) -> dict[str, Any]:
        """What the SMSC is given for a text that it brought."""
        self.smsc.mo(text, **how)
        return self.smsc.see("mt")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One Kannel, one SMSC, one house for the tests of this file."""
    peers.need(the_kannel.missing() or the_smsc.missing())
    run = tmp_path_factory.mktemp("kannel")
    (port,) = the_kannel.free_ports(1)
    settings = Settings(ROOT, run / "home", http_port=port, kannel_secret=SECRET)
    settings.home.mkdir()
    with House(settings) as house, the_smsc.running() as smsc:
        http = HttpServer(house, "127.0.0.1", port)
        http.start()
        with the_kannel.running(run, port, smsc.port) as kannel:
            smsc.see("bound")
            yield Served(house, kannel, smsc)
        http.close()


def test_a_text_is_answered_on_the_http_answer(served: Served) -> None:
    """Brought by POST, answered by the number that was texted, its receipt in the record."""
    told = served.answer("CXYE")
    assert (told["from"], told["to"]) == ("10086", "8613800138000")
    assert "58.60" in told["text"]
    (sent,) = _sends(served, "carried")
    peers.until(lambda: "delivered" in _receipts(served, sent.provider_id))
    assert _receipts(served, sent.provider_id) == ["delivered"]


def test_a_long_chinese_text(served: Served) -> None:
    """Kannel joins the parts of a long text, whatever their order: one text, with all its words."""
    before = len(served.house.ledger.rows(records.Delivery))
    long = "这是一条很长的、谁也看不懂的短信。" * 9
    told = served.answer(long, reverse=True)
    assert told["coding"] == 8
    assert len(served.house.ledger.rows(records.Delivery)) == before + 1
    assert [row.keyword for row in served.house.ledger.rows(records.Request, keyword=long)]


def test_a_long_chinese_answer(served: Served) -> None:
    """One that takes several parts rides on the HTTP answer; its receipt is in the record."""
    told = served.answer("108")
    (row,) = [
        row
        for row in served.house.ledger.rows(records.Outbox)
        if row.text.replace("\n", "") == told["text"].replace("\n", "")
    ]
    assert told["parts"] == len(split(row.text)) > 1
    sent = served.house.ledger.rows(records.OutboxSend, outbox=row.id, status="carried")
    peers.until(lambda: "delivered" in _receipts(served, sent[0].provider_id))


def test_a_get_url(served: Served) -> None:
    """A Kannel whose service has a get-url brings Chinese and long texts in the address."""
    house, run = served.house, served.kannel.run / "get"
    run.mkdir()
    with (
        the_smsc.running() as smsc,
        the_kannel.running(run, house.settings.http_port, smsc.port, by_get=True),
    ):
        smsc.see("bound")
        smsc.mo("查话费")
        assert "58.60" in smsc.see("mt")["text"]
        long = "又一条谁也看不懂的短信，&=%+ ！" * 9
        smsc.mo(long)
        smsc.see("mt")
    assert house.ledger.rows(records.Request, keyword=long)


def test_a_password_is_nowhere(served: Served) -> None:
    """Neither Kannel's logs nor the record hold what was texted as a secret."""
    served.answer("BGMM 246135 802914")
    for secret in ("246135", "802914"):
        assert secret not in served.kannel.logs()
        assert served.house.ledger.search(secret) == []


def test_another_number_answers_for_itself(served: Served) -> None:
    """One engine, several shortcodes: a reply leaves from the number that was texted."""
    assert served.answer("x", to="10010")["from"] == "10010"


def test_texts_beside_a_dialogue_leave_by_sendsms(served: Served) -> None:
    """The outbox's sender gives Kannel what no HTTP answer carries; receipts find it."""
    house = served.house
    sender = KannelSender(served.kannel.sendsms, house.settings.kannel_receipts)
    loop = make_sender(house, {"kannel": sender}, threading.Event())
    at = house.now()
    row = records.Outbox(
        f"notice-{at}", None, "", at, "13800138000", "10086", "kannel", "notify", "zh-CN",
        "您已开通来电显示，每月5元。" * 6, 2, at + 60_000, "", at,
    )  # fmt: skip
    house.ledger.append([row]).result()
    while loop.once():
        pass
    told = served.smsc.see("mt", text=row.text)
    assert (told["from"], told["to"]) == ("10086", "8613800138000")
    assert told["parts"] == len(split(row.text)) > 1
    peers.until(lambda: "delivered" in _receipts(served, f"kannel/{row.id}"))


def test_receipts_of_what_failed_only(served: Served) -> None:
    """A Kannel that is asked for failures tells them, by the network's code, and nothing else."""
    house = served.house
    asked = replace(house.settings, kannel_told="failed").kannel_receipts
    sender = KannelSender(served.kannel.sendsms, asked)
    ids = []
    for failed in (False, True):
        served.smsc.do("receipts", on=True, failed=failed)
        at = house.now()
        ids.append(sender.send(records.Outbox(
            f"told-{at}-{failed}", None, "", at, "13800138000", "10086", "kannel", "notify", "en",
            f"Your order is done, {failed}.", 1, at + 60_000, "", at,
        )))  # fmt: skip
        served.smsc.see("mt")
    served.smsc.do("receipts", on=True)
    peers.until(lambda: bool(_receipts(served, ids[1])))
    (row,) = house.ledger.rows(records.Receipt, provider_id=ids[1])
    assert (row.state, row.error) == ("failed", "011")
    assert _receipts(served, ids[0]) == []


def test_fakesmsc_by_hand(served: Served) -> None:
    """Kannel's own fake SMSC, as docs/kannel.md tries it."""
    program = [str(FAKESMSC), "-H", "127.0.0.1", "-r", str(served.kannel.ports.smsc), "-m", "1"]
    with subprocess.Popen(
        [*program, "13800138000 10086 text CXYE"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as fake:
        assert fake.stdout is not None
        try:
            assert any(b"Got message 1: <10086 13800138000" in line for line in fake.stdout)
        finally:
            fake.terminate()


def _sends(served: Served, status: str) -> list[records.OutboxSend]:
    return served.house.ledger.rows(records.OutboxSend, status=status)


def _receipts(served: Served, provider_id: str) -> list[str]:
    rows = served.house.ledger.rows(records.Receipt, provider_id=provider_id)
    return [row.state for row in rows]
