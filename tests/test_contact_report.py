"""Node contact rate: who is in the denominator, who was reached, and what a zero says."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ledger.counts import CALL, REQUEST, Count
from reports.basis import Basis
from reports.contact import contact
from reports.layout import Report, Word
from reports.offers import Offer

AS_OF = datetime.datetime(2008, 3, 10, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
DAY = "2008-03-09"
BASIS = Basis("real", AS_OF, DAY, DAY)


def offer(leaf: str, voice: bool = True, text: bool = True) -> Offer:
    """A leaf as offered."""
    return Offer(leaf, Word(leaf, leaf.upper(), leaf), voice, text)


def asked(leaf: str, n: int, outcome: str = "succeeded", channel: str = "voice") -> Count:
    """So many requests of version d1."""
    return Count(REQUEST, channel=channel, digest="d1", leaf=leaf, outcome=outcome, n=n)


def calls(n: int, digest: str = "d1") -> Count:
    """So many calls."""
    return Count(CALL, channel="voice", digest=digest, outcome="served", n=n)


OFFERS = {
    "d1": [offer("balance"), offer("points"), offer("credit"), offer("another", text=False),
           offer("hours", voice=False)],
}  # fmt: skip
COUNTS = [
    calls(1000),
    asked("balance", 40),
    asked("balance", 30, channel="text"),
    asked("balance", 5, "failed"),
    asked("points", 2, "accepted"),
    asked("credit", 7, "failed"),
    asked("none", 13, "failed", "text"),
]


def made(counts: list[Count] = COUNTS, versions: Any = OFFERS, **more: Any) -> Report:
    """The report of the day."""
    return contact(counts, versions, BASIS, **more)


def cells(found: Report) -> dict[str, dict[str, Any]]:
    """The rows by leaf, each by its columns' ids."""
    names = [column.id for column in found.columns]
    return {row[1]: dict(zip(names, row, strict=True)) for row in found.rows}


def test_rate_of_a_day() -> None:
    """Leaves with a completed request over all that were offered; failures complete nothing."""
    found = made()
    assert found.facts["contact_rate"] == "2/5 40.00 %"
    rows = cells(found)
    assert {leaf: row["reached"].id for leaf, row in rows.items()} == {
        "balance": "yes", "points": "yes", "credit": "no", "another": "no", "hours": "no",
    }  # fmt: skip
    assert (rows["balance"]["done_voice"], rows["balance"]["done_text"]) == (40, 30)
    assert (rows["credit"]["requests"], rows["credit"]["done_voice"]) == (7, 0)
    assert (rows["another"]["done_text"], rows["hours"]["done_voice"]) == (None, None)
    assert "voice 2/4 50.00 %" in found.notes[0]
    assert "text 1/4 25.00 %" in found.notes[0]


def test_what_a_zero_says() -> None:
    """Nobody in n calls and texts that were offered it: at most 3/n, by 95 %."""
    rows = cells(made())
    assert rows["credit"]["chances"] == 1000 + 43
    assert str(rows["credit"]["bound"]) == f"{300 / 1043:.4f} %"
    assert str(rows["another"]["bound"]) == "0.3000 %"  # calls alone are offered it
    assert rows["hours"]["chances"] == 43
    assert rows["balance"]["bound"] is None
    assert [row["leaf"] for row in rows.values()][:3] == ["credit", "another", "hours"]
    assert any("3 个节点无人接触" in note for note in made().notes)


def test_a_bound_is_at_most_everybody() -> None:
    """With two calls the bound is no number over 100 %."""
    assert str(cells(made([calls(2)]))["credit"]["bound"]) == "100.0000 %"


def test_least() -> None:
    """With k = 3 two completed requests are not enough, and k is shown."""
    found = made(least=3)
    assert found.facts["contact_rate"] == "1/5 20.00 %"
    assert found.facts["least"] == "3"
    assert cells(found)["points"]["bound"] is None
    assert any("1 were reached fewer than 3 times" in note for note in found.notes)
    with pytest.raises(ValueError, match="least"):
        made(least=0)


def test_reached_by_one_channel_only() -> None:
    """A leaf that both channels offer and one of them reached is named."""
    found = made()
    assert cells(found)["points"]["only"].id == "voice"
    assert cells(found)["balance"]["only"] is None
    assert any(note.endswith("reached only by voice: points") for note in found.notes)


def test_versions_of_one_day() -> None:
    """Versions with different leaves: each counts what it offered to those who met it."""
    versions = {**OFFERS, "d2": [offer("balance"), offer("fetion")], "d3": [offer("unmet")]}
    found = made([*COUNTS, calls(200, "d2")], versions)
    rows = cells(found)
    assert found.facts["contact_rate"] == "2/6 33.33 %"
    assert "unmet" not in rows  # nobody called on d3
    assert rows["fetion"]["chances"] == 200
    assert rows["credit"]["chances"] == 1043


def test_a_version_that_cannot_be_read_is_told() -> None:
    """Its leaves are in no denominator, and no figure goes without that word."""
    found = made([*COUNTS, calls(9, "gone")], {**OFFERS, "gone": None})
    assert any("Versions gone can't be read" in note for note in found.notes)
    assert found.facts["contact_rate"] == "2/5 40.00 %"


def test_a_day_without_calls() -> None:
    """A sentence and no rate."""
    found = made([])
    assert (found.rows, "contact_rate" in found.facts) == ((), False)
    assert f"on {DAY}" in found.notes[0]


def test_a_day_that_is_not_over_is_told() -> None:
    """Today's rate is not yesterday's."""
    late = AS_OF - datetime.timedelta(days=1)
    found = contact(COUNTS, OFFERS, BASIS._replace(as_of=late))
    assert any("is not over yet" in note for note in found.notes)
