"""Floods, loops and senders that are no subscribers: one answer at most, a decision for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Queue

import pytest
from bss_case import Clock
from house_case import ROOT, make_home

from dialog.events import STOP, TextReceived
from dialog.host import Delivery, Reply
from dialog.session import NETWORK, TEXT, Origin
from dialog.turn import Perform
from hotline.house import House
from hotline.settings import BadSetting, Settings, from_environment
from ledger import records
from sms_commands.numbers import answerable

NUMBER = "13800138000"


@pytest.fixture
def clock() -> Clock:
    """Stands still unless it is told to go on."""
    return Clock("2026-03-16T10:00:00")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped site, which takes four texts a minute and answers three unknown ones."""
    return Settings(ROOT, make_home(tmp_path), texts_a_minute=4, unknown_texts=3)


@pytest.fixture
def house(settings: Settings, clock: Clock) -> Iterator[House]:
    """Its house."""
    with House(settings, now=clock) as house:
        yield house


_KEYS = count()


@dataclass
class Texter:
    """A number's texts to another; `told` what each was answered with, "" for nothing."""

    house: House
    clock: Clock
    number: str = NUMBER
    called: str = "10086"
    traffic: str = "real"
    told: list[str] = field(default_factory=list)

    def text(self, *bodies: str, every: int = 1000) -> list[str]:
        """Sends texts, some milliseconds between them; the answers to them."""
        origin = Origin(TEXT, self.called, self.number, NETWORK, "link", self.traffic)
        for body in bodies:
            heard: Queue[Reply | Exception] = Queue()
            event = TextReceived(self.clock(), body)
            key = f"guard:{next(_KEYS)}"
            self.house.runner.deliver(Delivery(key, "", origin, event), heard.put)
            reply = heard.get(timeout=30)
            while isinstance(reply, Reply) and not _over(reply):
                reply = heard.get(timeout=30)
            assert isinstance(reply, Reply), reply
            self.told.append(reply.text)
            self.clock.ms += every
        return self.told[-len(bodies) :]

    def reasons(self) -> list[str]:
        """How each request ended: its reason, or its outcome."""
        ledger = self.house.ledger
        ends = {row.request: row.reason or row.outcome for row in ledger.rows(records.Closing)}
        rows = sorted(ledger.rows(records.Request), key=lambda row: (row.at, row.n))
        return [ends.get(row.id, "open") for row in rows]


def _over(reply: Reply) -> bool:
    return not isinstance(reply.then, Perform)


@pytest.fixture
def texter(house: House, clock: Clock) -> Texter:
    """A subscriber."""
    return Texter(house, clock)


def test_a_flood_is_told_once_and_each_text_decided(texter: Texter) -> None:
    """Four texts are answered, the fifth is told to wait, the rest are silent and on record."""
    answers = texter.text(*["CXYE"] * 8)
    assert all("58.60" in answer for answer in answers[:4])
    assert "一分钟" in answers[4]
    assert answers[5:] == ["", "", ""]
    assert texter.reasons() == ["succeeded"] * 4 + ["rate_limited"] * 4
    outbox = texter.house.ledger.rows(records.Outbox)
    assert len(outbox) == 5


def test_a_flood_that_goes_on_is_told_no_more(texter: Texter) -> None:
    """As long as it never pauses, minutes later too, there is no second word."""
    answers = texter.text(*["CXYE"] * 40, every=5000)
    assert sum("一分钟" in answer for answer in answers) == 1
    texter.clock.ms += 60_000
    assert "58.60" in texter.text("CXYE")[0]


def test_who_waits_is_served_again(texter: Texter) -> None:
    """A minute later all is as before, the one word included."""
    texter.text(*["CXYE"] * 6)
    texter.clock.ms += 60_000
    assert "58.60" in texter.text("CXYE")[0]
    assert "一分钟" in texter.text(*["CXYE"] * 4)[-1]


def test_limits_are_each_numbers_own(house: House, clock: Clock) -> None:
    """Another subscriber, and the same one at another number, are not held back."""
    Texter(house, clock).text(*["CXYE"] * 5, every=0)
    assert "话费" in Texter(house, clock, "13800138021").text("CXYE")[0]
    assert "受理" in Texter(house, clock, called="10086900").text("有意见")[0]


def test_another_process_knows_of_the_flood(house: House, clock: Clock, settings: Settings) -> None:
    """What is counted stands in the record, so that any process goes on from there."""
    Texter(house, clock).text(*["CXYE"] * 4)
    with House(settings, now=clock) as other:
        assert "一分钟" in Texter(other, clock).text("CXYE")[0]
    assert Texter(house, clock).text("CXYE") == [""]


def test_an_open_price_outlives_a_flood(texter: Texter) -> None:
    """What is too much changes nothing; the yes counts when it may be heard again."""
    texter.text("KTFX", "喂", "在吗", "喂", "Y", "Y")
    assert texter.reasons()[-2:] == ["rate_limited", "rate_limited"]
    texter.clock.ms += 60_000
    assert "飞信" in texter.text("Y")[0]
    assert texter.reasons()[0] == "succeeded"


def test_stop_is_heard_in_a_flood(texter: Texter) -> None:
    """The will to get no more is taken however much came before; it is not answered."""
    texter.text(*["CXYE"] * 6)
    assert texter.text("STOP") == [""]
    house = texter.house
    assert house.ledger.opted_out("10086", house.vault.pseudonym(NUMBER))
    assert [row.state for row in house.ledger.rows(records.OptOut)] == [STOP]


def test_complaints_are_filed_in_a_flood(house: House, clock: Clock) -> None:
    """What is too much at the feedback number is on file all the same; the first gets its receipt.

    The record decides each text once and has the words sealed only; blanks and HELP are no words.
    """
    texter = Texter(house, clock, called="10086900")
    words = [f"没有网络信号，第{n}次说了" for n in range(8)]
    answers = texter.text(*words)
    assert all("受理" in answer for answer in answers[:5])
    assert answers[5:] == ["", "", ""]
    filed = house.ledger.complaints()
    assert [house.vault.open(one.complaint.text) for one in filed] == words
    assert filed[4].complaint.id in answers[4]
    assert texter.reasons() == ["succeeded"] * 4 + ["rate_limited"] * 4
    assert house.ledger.search("没有网络信号") == []
    assert texter.text("   ", "HELP", "STOP") == ["", "", ""]
    assert len(house.ledger.complaints()) == len(words)


def test_an_open_question_is_no_lost_complaint(house: House, clock: Clock) -> None:
    """Who is asked for words and floods: what is too much is filed, the question waits on."""
    texter = Texter(house, clock, called="10086900")
    texter.text(" ", "", " ", "", "退错了钱", "听到没有")
    assert len(house.ledger.complaints()) == 2
    clock.ms += 60_000
    assert "受理" in texter.text("在吗")[0]
    assert len(house.ledger.complaints()) == 3


def test_unknown_texts_in_a_row(texter: Texter) -> None:
    """Three are answered; what follows is silent until something is a code."""
    answers = texter.text(*[f"我在开会{n}" for n in range(5)], every=20_000)
    assert [bool(answer) for answer in answers] == [True, True, True, False, False]
    assert texter.reasons() == ["unknown_command"] * 3 + ["unanswerable"] * 2
    assert "58.60" in texter.text("CXYE", every=20_000)[0]
    assert texter.text("我在开会")[0] != ""


def test_a_machine_that_answers_a_price_is_left_alone(texter: Texter) -> None:
    """An open question is not repeated for ever to who does not answer it."""
    answers = texter.text("KTFX", *["我在开会"] * 5, every=20_000)
    assert [bool(answer) for answer in answers] == [True, True, True, True, False, False]


def test_a_machine_that_agrees_to_everything_is_left_alone(texter: Texter) -> None:
    """An answer without a question is no code either, however polite; a code ends it."""
    answers = texter.text(*["好的", "OK", "1", "好的", "是"], every=20_000)
    assert [bool(answer) for answer in answers] == [True, True, True, False, False]
    assert texter.reasons() == ["expired"] * 3 + ["unanswerable"] * 2
    assert "58.60" in texter.text("CXYE")[0]


def test_our_own_answer_come_back(texter: Texter) -> None:
    """A text that is our last reply to it gets none."""
    (reply,) = texter.text("ZZZZ", every=20_000)
    assert reply
    assert texter.text(f" {reply}\n") == [""]
    assert texter.reasons() == ["unknown_command", "unanswerable"]


@pytest.mark.parametrize("number", ["10010", "106575001", "95588", "12520", "BANK", "bank@abc"])
def test_no_answer_to_who_is_no_subscriber(house: House, clock: Clock, number: str) -> None:
    """A short code, a service number, a name: on record and not answered, whatever they say."""
    texter = Texter(house, clock, number)
    assert texter.text("CXYE", "HELP") == ["", ""]
    assert texter.reasons() == ["unanswerable", "unanswerable"]
    assert house.ledger.rows(records.Outbox) == []


@pytest.mark.parametrize("number", ["13800138000", "+14155550100", "01066668888", "85291234567"])
def test_subscribers_numbers(number: str) -> None:
    """Mobile, fixed and foreign numbers are people's."""
    assert answerable(number)


def test_rehearsals_are_not_limited(house: House, clock: Clock) -> None:
    """Who tries the menus out may be as fast as he likes."""
    answers = Texter(house, clock, traffic="rehearsal").text(*["CXYE"] * 6, every=0)
    assert all("58.60" in answer for answer in answers)


def test_limits_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment sets them; what is no number is refused in one sentence."""
    monkeypatch.setenv("HOTLINE_TEXTS_A_MINUTE", "7")
    found = from_environment(ROOT, tmp_path)
    assert (found.texts_a_minute, found.unknown_texts) == (7, 5)
    monkeypatch.setenv("HOTLINE_UNKNOWN_TEXTS", "many")
    with pytest.raises(BadSetting, match="HOTLINE_UNKNOWN_TEXTS"):
        from_environment(ROOT, tmp_path)
