"""The feedback number: a text becomes a complaint with a receipt number and deadlines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from house_case import ROOT, Answers, Rig, make_home

from dialog.complaints import HOURS, due, receipt
from dialog.events import TextReceived
from dialog.host import Delivery
from dialog.session import NETWORK, TEXT, Origin
from hotline import complaints
from hotline.cli import cli
from hotline.house import clock
from hotline.trials import Impossible
from ledger.complaint_records import Complaint
from ledger.complaints import Filed

WORDS = "昨晚起没有信号，请回电13912345678"
NUMBER = "13800138000"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    return make_home(tmp_path)


@pytest.fixture
def rig(home: Path) -> Iterator[Rig]:
    """A process over it."""
    made = Rig(home)
    yield made
    made.close()


def texted(rig: Rig, words: str, key: str) -> Answers:
    """A text to the feedback number."""
    origin = Origin(TEXT, "10086900", NUMBER, NETWORK, "link")
    answers = rig.deliver(Delivery(key, "", origin, TextReceived(clock(), words)))
    rig.answer_all()
    return answers


def filed(rig: Rig) -> Filed:
    """The one complaint."""
    (found,) = rig.ledger.complaints()
    return found


def test_a_text_is_filed_and_answered_with_its_receipt(rig: Rig) -> None:
    """The reply has the number under which the sealed words stand; a repeat files nothing."""
    first = texted(rig, WORDS, "one")
    again = texted(rig, WORDS, "one")
    complaint = filed(rig).complaint
    assert complaint.id in first.last.text
    assert first.last.text == again.last.text
    assert re.fullmatch(r"\d{6}-[0-9A-HJKMNP-TV-Z]{8}", complaint.id)
    assert (complaint.number, complaint.called) == (NUMBER, "10086900")
    assert rig.vault.open(complaint.text) == WORDS


def test_the_words_stand_sealed(rig: Rig) -> None:
    """Neither the words nor the number in them are anywhere in the record."""
    texted(rig, WORDS, "one")
    for part in (WORDS, WORDS[:6], "13912345678"):
        assert rig.ledger.search(part) == []
        for file in rig.home.glob("ledger.db*"):
            assert part.encode() not in file.read_bytes()


@pytest.mark.parametrize("after", [False, True])
def test_it_is_filed_before_it_is_answered(home: Path, rig: Rig, *, after: bool) -> None:
    """A process that is lost at the commit has told nobody; the link's repeat is filed once."""
    rig.crash_at(0, after=after)
    assert texted(rig, WORDS, "one") == []
    assert len(rig.ledger.complaints()) == after
    other = Rig(home)
    other.recover()
    told = texted(other, WORDS, "one")
    assert filed(other).complaint.id in told.last.text
    other.close()


def test_receipts_differ() -> None:
    """Each step has its number, always the same one."""
    found = {receipt(f"session.{n}", "2026-03-16") for n in range(2000)}
    assert len(found) == 2000
    assert receipt("session.1", "2026-03-16") in found


def test_deadlines(rig: Rig) -> None:
    """24 hours; 48 and 72 from its arrival once it is raised, and never down again."""
    texted(rig, WORDS, "one")
    at, ledger = filed(rig).complaint.at, rig.ledger
    assert HOURS == {"ordinary": 24, "province": 48, "national": 72}

    def state(hours: float, **which: bool) -> list[str]:
        report = complaints.listed(ledger, at + int(hours * 3_600_000), "real", **which)
        return [str(row[4].id) for row in report.rows]  # type: ignore[union-attr]

    assert state(23.9) == ["open"]
    assert state(23.9, overdue=True) == []
    assert state(24.1) == ["overdue"]
    complaints.escalate(ledger, filed(rig), "province", at + 1, "me", "")
    assert state(24.1) == ["open"]
    assert state(48.1, overdue=True) == ["overdue"]
    complaints.escalate(ledger, filed(rig), "national", at + 2, "me", "")
    assert state(71.9) == ["open"]
    with pytest.raises(Impossible):
        complaints.escalate(ledger, filed(rig), "province", at + 3, "me", "")
    complaints.close(ledger, filed(rig), due(at, "national") + 1, "me", "回电")
    assert state(80) == []
    assert state(80, closed=True) == ["closed_late"]
    with pytest.raises(Impossible):
        complaints.close(ledger, filed(rig), at, "me", "")


def test_staff_see_and_close_it(home: Path, rig: Rig) -> None:
    """The command line lists what is open, shows the words, and takes what was done."""
    texted(rig, WORDS, "one")
    number = filed(rig).complaint.id

    def run(*words: str) -> Result:
        places = ["--site", str(ROOT), "--home", str(home)]
        return CliRunner().invoke(cli, [*places, "complaints", *words])

    (row,) = json.loads(run("list", "--json").output)["rows"]
    assert row["receipt"] == number
    assert NUMBER not in str(row)
    shown = run("show", number.lower()).output
    assert WORDS in shown
    assert NUMBER in shown
    assert run("raise", number, "national", "--author", "li").exit_code == 0
    assert run("close", number, "--author", "li", "--note", "已回电，修好").exit_code == 0
    assert json.loads(run("list", "--json").output)["rows"] == []
    assert "已回电，修好" in run("show", number).output
    assert run("show", "260316-00000000").exit_code != 0
    assert rig.ledger.rows(Complaint)[0].id == number
