"""Texts that a link must answer before they are worked on: which of two equal ones is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_rows import AT, HOUR, start, step

from ledger import records as r
from ledger.inbox_rows import TIRED_MS
from ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty record."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def text(key: str, bind: str, at: int = AT, **fields: object) -> r.Inbox:
    """One that says always the same."""
    row = r.Inbox(key, at, "smpp", bind, "mark", "", 1, 1, "sealed")
    return row._replace(**fields)  # type: ignore[arg-type]


def test_a_subscriber_may_send_a_text_twice(ledger: Ledger) -> None:
    """In one session, and at once over two sessions that stand: two texts, each worked on."""
    taken = [
        ledger.inbox_take(text("one", "a"), ["a", "b"]).result(),
        ledger.inbox_take(text("two", "a", AT + 1), ["a", "b"]).result(),
        ledger.inbox_take(text("three", "b", AT + 2), ["a", "b"]).result(),
    ]
    assert [kept.id for kept in taken] == ["one", "two", "three"]
    assert all(kept.rows for kept in taken)


def test_a_session_that_is_over_was_never_answered(ledger: Ledger) -> None:
    """The next session brings the text again: it is the first one, and worked on if it was not."""
    ledger.inbox_take(text("one", "a"), ["a"]).result()
    again = ledger.inbox_take(text("two", "b", AT + 10), ["b"]).result()
    assert (again.id, [row.id for row in again.rows]) == ("one", ["one"])
    ledger.inbox_done(["one"]).result()
    third = ledger.inbox_take(text("three", "c", AT + 20), ["c"]).result()
    assert (third.id, third.rows) == ("one", ())
    assert len(ledger.rows(r.Inbox)) == 1


def test_a_link_that_is_tired_of_waiting(ledger: Ledger) -> None:
    """It brings the text again in the same session, or in another one that stands."""
    ledger.inbox_take(text("one", "a"), ["a", "b"]).result()
    for n, bind in enumerate("ab"):
        row = text(f"again-{n}", bind, AT + TIRED_MS)
        assert ledger.inbox_take(row, ["a", "b"]).result().id == "one"


def test_an_answered_text_is_not_brought_again(ledger: Ledger) -> None:
    """The same words later are another text; so are they after a day."""
    ledger.inbox_take(text("one", "a"), ["a"]).result()
    ledger.inbox_answered("one").result()
    assert ledger.inbox_take(text("two", "b", AT + HOUR), ["b"]).result().id == "two"
    assert ledger.inbox_take(text("three", "c", AT + 26 * HOUR), ["c"]).result().id == "three"


def test_other_words_are_another_text(ledger: Ledger) -> None:
    """Whatever became of the first."""
    ledger.inbox_take(text("one", "a"), ["a"]).result()
    assert ledger.inbox_take(text("two", "b", mark="other"), ["b"]).result().id == "two"


# -- taken as it comes -----------------------------------------------------------------------------


def taken(ledger: Ledger, session: str, row: r.Inbox, *standing: str) -> None:
    """A dialogue's first step, with the text that it takes."""
    state = r.SessionState(1, None, 0, False, AT, "done")
    brought = r.Brought(row._replace(payload=""), standing)
    facts = {"dialogue": None, "channel": "text"}
    ledger.write(start(session, step(session), brought, state=state, **facts)).result()


def test_a_text_that_is_taken_as_it_comes_is_in_the_inbox_and_done(ledger: Ledger) -> None:
    """Nobody hands it on again, and its link's next session brings nothing new."""
    taken(ledger, "s", text("one", "a"), "a")
    assert ledger.inbox_waiting(AT + HOUR) == []
    again = ledger.inbox_take(text("two", "b", AT + 10), ["b"]).result()
    assert (again.id, again.rows) == ("one", ())
    with pytest.raises(r.BroughtBefore) as known:
        taken(ledger, "t", text("three", "c", AT + 20), "c")
    assert known.value.key == "one"
    assert [row.session for row in ledger.rows(r.Step)] == ["s"]
    ledger.inbox_answered("one").result()
    taken(ledger, "t", text("four", "c", AT + 30), "c")
    assert {row.id for row in ledger.rows(r.Inbox)} == {"one", "four"}


def test_equal_texts_over_sessions_that_stand_are_taken_each(ledger: Ledger) -> None:
    """As those that are kept first."""
    taken(ledger, "s", text("one", "a"), "a", "b")
    taken(ledger, "t", text("two", "b", AT + 1), "a", "b")
    assert len(ledger.rows(r.Step)) == 2


@pytest.mark.parametrize("kept_first", [True, False], ids=["kept first", "taken first"])
def test_a_text_that_was_long_in_coming_is_one(ledger: Ledger, kept_first: bool) -> None:
    """It was kept because its step took long, and the step came all the same: it is done."""
    row = text("one", "a")
    if kept_first:
        assert ledger.inbox_take(row, ["a"]).result().rows
        taken(ledger, "s", row, "a")
    else:
        taken(ledger, "s", row, "a")
        assert not ledger.inbox_take(row, ["a"]).result().rows
    assert [row.payload for row in ledger.rows(r.Inbox)] == [""]
    assert ledger.inbox_waiting(AT + HOUR) == []
