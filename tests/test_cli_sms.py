"""`hotline sms` as somebody else and on another day: --to, --book, --brand, --at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from house_case import ROOT, make_home

from hotline.cli import cli
from hotline.house import clock
from ledger import records
from ledger.ledger import Ledger

NUMBER = "13800138000"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh state folder."""
    return make_home(tmp_path)


@pytest.fixture
def sms(home: Path) -> Iterator[Any]:
    """Texts from one number, in this process."""

    def run(*args: str) -> Result:
        return CliRunner().invoke(cli, ["--site", str(ROOT), "--home", str(home), "sms", *args])

    return run


def outcome(told: Result) -> str:
    """The last line: what became of the text."""
    assert told.exit_code == 0, told.output
    return told.output.rstrip().splitlines()[-1]


def test_another_day_has_its_own_rules(sms: Any) -> None:
    """T2 takes no orders at the end of a month, in November 2009 from 18:00 on; queries, yes."""
    for at, result in (
        ("2009-11-30T18:00", "outside_window"),
        ("2009-11-30T17:59:59", "open"),
        ("2009-11-29 18:30", "open"),
        ("2009-10-31T09:00", "outside_window"),
        ("2006-06-17T09:00", "unknown_command  none"),  # before there was a T2
    ):
        assert outcome(sms(NUMBER, "1331", "--book", "t2", "--at", at)).startswith(result), at
    assert outcome(sms(NUMBER, "202", "--book", "t2", "--at", "2009-11-30T18:00")) == (
        "succeeded  services"
    )


@pytest.mark.parametrize("day", ["2009-11-20", "2031-11-20"])
def test_a_dialogue_goes_on_another_day(sms: Any, day: str) -> None:
    """The price and its yes: neither a past nor a coming day makes the yes late."""
    assert outcome(sms(NUMBER, "1331", "--book", "t2", "--at", f"{day}T10:00")).startswith("open")
    assert outcome(sms(NUMBER, "是", "--at", f"{day}T10:01")) == "succeeded  enable/buy_3_get_3"


def test_the_record_keeps_today(sms: Any, home: Path) -> None:
    """Another day is only rehearsed: rows have the time at which it was, and are rehearsal's."""
    before = clock()
    sms(NUMBER, "1331", "--book", "t2", "--at", "2009-11-30T18:30")
    with Ledger.open(home / "ledger.db") as ledger:
        (request,) = ledger.rows(records.Request)
        served = ledger.rows(records.Serving)
    assert before <= request.at <= clock()
    assert request.traffic == "rehearsal"
    assert all(row.at <= clock() for row in served)


def test_as_a_subscriber_of_another_brand(sms: Any, home: Path) -> None:
    """M-Zone's leaflet has codes that a GoTone subscriber's has not; the record says as whom."""
    assert outcome(sms(NUMBER, "JSCTK")) == "not_eligible  none"
    assert outcome(sms(NUMBER, "JSCTK", "--brand", "mzone")) == "succeeded  describe/talk_card"
    assert outcome(sms(NUMBER, "JSCTK", "--book", "t6b")) == "succeeded  describe/talk_card"
    with Ledger.open(home / "ledger.db") as ledger:
        brands = sorted(row.brand for row in ledger.rows(records.Request))
    assert brands == ["gotone", "mzone", "mzone"]


def test_a_dialogue_of_somebody_else_is_ended(sms: Any, home: Path) -> None:
    """A price that was told to one brand is not agreed to by another."""
    assert outcome(sms(NUMBER, "BLCTK", "--brand", "mzone")).startswith("open")
    assert outcome(sms(NUMBER, "是", "--brand", "easyown")) == "expired  none"
    with Ledger.open(home / "ledger.db") as ledger:
        closed = [row.reason for row in ledger.rows(records.Closing)]
    assert closed == ["confirm_timeout", "expired"]


def test_a_book_brings_its_number(sms: Any) -> None:
    """The other operator's leaflet is texted to that operator's numbers."""
    assert "→ 10010 " in sms("18600138000", "x", "--book", "unicom").output
    assert "→ 5133 " in sms("18600138000", "114", "--book", "unicom", "--to", "5133").output


def test_a_book_brings_the_operator_of_its_number(sms: Any) -> None:
    """Who has another operator's leaflet is played as its subscriber, either way."""
    assert outcome(sms(NUMBER, "114", "--book", "unicom")) == "succeeded  status/unicom_third"
    assert outcome(sms("18600138000", "101", "--book", "t5")) == "succeeded  balance"
    assert outcome(sms("18600138000", "101")) == "not_our_subscriber  balance"


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("--book", "t9"), "t6b"),
        (("--brand", "gold"), "gotone"),
        (("--book", "t6b", "--brand", "gotone"), "mzone"),
        (("--book", "unicom", "--to", "10086"), "10010"),
        (("--at", "2009-11-30"), "2009-11-30T18:30"),
        (("--at", "2009-13-30T18:30"), "2009-11-30T18:30"),
        (("--at", "2009-11-30T18:30+08:00"), "2009-11-30T18:30"),
        (("--at", "0001-01-01T00:00"), "2009-11-30T18:30"),
    ],
)
def test_bad_values_are_one_line(sms: Any, home: Path, args: tuple[str, ...], hint: str) -> None:
    """What would be right is named, and nothing is sent."""
    told = sms(NUMBER, "CXYE", *args)
    assert told.exit_code == 2
    assert hint in told.output.rstrip().splitlines()[-1]
    with Ledger.open(home / "ledger.db") as ledger:
        assert ledger.rows(records.Request) == []
