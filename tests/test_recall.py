"""What the engine is told of a subscriber's past: only when it matters, by an index, for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house_case import Rig, make_home, text_of
from ledger_rows import AT, DAY, closing, request, start

from dialog.events import TextReceived
from ledger import history
from ledger.history import Reached
from ledger.ledger import Ledger

HANGZHOU = "13800138021"


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Callable[[], Rig]]:
    """Starts processes over one state folder."""
    home, rigs = make_home(tmp_path), list[Rig]()

    def made() -> Rig:
        rigs.append(Rig(home))
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


def test_a_late_digit_is_late_in_any_process(another: Callable[[], Rig]) -> None:
    """The list was sent by a process that is gone; the digit comes to another one."""
    first = another()
    assert first.text("15", HANGZHOU).said[0] == "usage_intro"
    assert first.sweep()
    first.lose()
    second = another()
    assert second.text("1", HANGZHOU).said == ["expired"]
    assert second.outcomes() == [("usage_menu", "succeeded"), ("none", "expired")]


def received(rig: Rig, body: str, at: int, key: str) -> list[str]:
    """A text that its link says it took at a time (UTC ms): what it was answered with."""
    delivery = text_of(body, HANGZHOU, key)
    event = delivery.event
    assert isinstance(event, TextReceived)
    answers = rig.deliver(delivery._replace(event=event._replace(at=rig.runner.now(), received=at)))
    rig.answer_all()
    for _ in range(3):  # a question that has lapsed is closed first
        rig.tick()
        rig.answer_all()
    return answers.said


def test_a_price_is_good_for_its_time_by_the_links_clock(another: Callable[[], Rig]) -> None:
    """However late a yes comes here, and though the link's clock is fast; but no later."""
    rig = another()
    asked = rig.now()
    assert received(rig, "4051", asked, "order")[-1] == "confirm_enable"
    assert received(rig, "是", asked + 290_000, "fast clock")[-1] == "enabled"
    assert received(rig, "4061", asked, "second")[-1] == "confirm_enable"
    now = rig.now
    rig.runner.now = lambda: now() + 400_000  # nobody has swept meanwhile
    assert received(rig, "是", asked + 1_000, "in time")[-1] == "enabled"
    assert received(rig, "4071", 0, "third")[-1] == "confirm_enable"
    rig.runner.now = lambda: now() + 800_000
    assert received(rig, "是", asked + 800_000, "too late") == ["expired"]
    assert rig.outcomes()[-2:] == [("enable/xiaoshan_news", "confirm_timeout"), ("none", "expired")]


def test_another_subscribers_list_matters_to_nobody(another: Callable[[], Rig]) -> None:
    """The digit of somebody who got no list is the code that it was."""
    rig = another()
    rig.text("15", HANGZHOU)
    answers = rig.text("1", "13800138031")
    rig.answer_all()
    assert answers.said == ["confirm_enable"]


def test_only_bare_digits_are_looked_up(
    another: Callable[[], Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other texts, and digits that answer an open list, cost no look-up."""
    rig, asked = another(), list[str]()
    reached = rig.ledger.reached

    def noted(subscriber: str, called: str, traffic: str, since: int) -> list[Reached]:
        asked.append(called)
        return reached(subscriber, called, traffic, since)

    monkeypatch.setattr(rig.ledger, "reached", noted)
    for text in ("CXYE", "11", "15", "6", "满3送3", "N", "STOP"):
        rig.text(text, HANGZHOU)
        rig.answer_all()
    assert asked == []
    rig.text("1", HANGZHOU)
    assert asked == ["10086"]


def test_reached_is_of_one_subscriber_number_and_time(tmp_path: Path) -> None:
    """What others reached, to other numbers, by voice or long ago is not in it."""
    texts = {"channel": "text", "node": "charges", "subscriber": "me"}
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        rows = (
            request("mine", **texts),
            request("order", **{**texts, "node": "enable"}),
            closing("order", "failed", "confirm_timeout"),
            request("long ago", at=AT - DAY, **{**texts, "node": "a"}),
            request("others", **{**texts, "node": "b", "subscriber": "you"}),
            request("nobody", **{**texts, "node": "c", "subscriber": ""}),
            request("elsewhere", **{**texts, "node": "d"}, called="10010"),
            request("by voice", **{**texts, "node": "e", "channel": "voice"}),
            request("rehearsed", **{**texts, "node": "f"}, traffic="rehearsal"),
            request("unknown", **{**texts, "node": "none"}, leaf="none"),
        )
        ledger.write(start("s", *rows)).result()
        found = ledger.reached("me", "10086", "real", AT)
        assert sorted(found) == [("charges", ""), ("enable", "confirm_timeout")]
        assert ledger.reached("", "10086", "real", 0) == []
        plan = ledger._read(f"EXPLAIN QUERY PLAN {history._REACHED}", ("me", AT, "10086", "real"))
        assert "idx_requests_subscriber_at (subscriber=? AND at>?)" in plan[0][3]
