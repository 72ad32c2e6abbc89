"""Replay: recorded calls on other menus, with real lengths and the real engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from engine_case import NOW, PROFILE
from house_case import ROOT, site

import engine
from dialog.events import (
    ActionDone,
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    Quote,
    TransferEnded,
)
from dialog.session import NETWORK, Origin, Session
from dialog.turn import End, Perform, Transfer, Turn
from hotline import record
from hotline.speech import Speech
from ivr.manifest import load_manifest
from ledger import records as r
from menus.edits import Line, applied
from menus.model import Menu, Model
from reports.layout import Decimal, Word
from tuning.heard import AGENT, milliseconds
from tuning.patience import patience
from tuning.replay import (
    ASTRAY,
    LATER,
    NO_WAY,
    SAME,
    SOONER,
    TRIES,
    UNFOLLOWED,
    UNKNOWN,
    UNTIMED,
    Replayed,
    Version,
    replayed,
    ways,
)
from tuning.replay_report import Basis, Tally, leaves, replay

MODEL = site()[1]
QUOTE = Quote(500, "month", "1", "now")


@cache
def _speech() -> Speech:
    return Speech(lambda digest: None, load_manifest(ROOT / "prompts"))


def version(model: Model) -> Version:
    """A model with the shipped audio's lengths."""
    return Version(model, _speech().languages(model), ways(model))


THEN = version(MODEL)


def menu_of(model: Model, id_: str) -> Menu:
    """A menu."""
    menu = model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu


def spans(model: Model, menu: str, language: str = "zh-CN") -> dict[str, tuple[int, int]]:
    """When each option's announcement begins and ends."""
    spoken = version(model).languages[language].menus[menu]
    keys = [choice.key for choice in menu_of(model, menu).choices]
    return milliseconds(menu_of(model, menu), spoken, keys)[0]


def edited(**menus: Iterable[Line]) -> Version:
    """The shipped menus with these lines."""
    return version(applied(MODEL, {id_: tuple(lines) for id_, lines in menus.items()}))


LAST_FIRST = edited(charges=[Line("charges", at) for at in (7, 0, 1, 2, 3, 4, 5, 6)])
RENUMBERED = edited(
    charges=[Line("charges", at, key=str(n + 1)) for n, at in enumerate((7, 0, 1, 2, 3, 4, 5, 6))]
)


class Call:
    """A call played through the engine and recorded as the house records it."""

    def __init__(self, model: Model = MODEL) -> None:
        self.model = model
        origin = Origin("voice", "10086", "13800138000", NETWORK, "line", "real")
        self.session: Session = engine.begin("s", model, origin)
        self.steps: list[r.Step] = []
        self.requests: list[r.Request] = []
        self.closings: list[r.Closing] = []
        self.end: r.CallEnd | None = None
        self.turn = self.on(CallArrived(NOW, PROFILE))

    def on(self, event: Event) -> Turn:
        """An event, and its rows."""
        turn = engine.resume(self.model, self.session, event)
        self.session = turn.session
        for row in record.rows(turn, event, NOW, str, lambda turn: ""):
            if isinstance(row, r.Step):
                self.steps.append(row)
            elif isinstance(row, r.Request):
                self.requests.append(row)
            elif isinstance(row, r.Closing):
                self.closings.append(row)
            elif isinstance(row, r.CallEnd):
                self.end = row
        self.turn = turn
        return turn

    def press(self, key: str, heard: int | None = None, language: str = "zh-CN") -> Call:
        """A key: without a time as soon as the option has been announced."""
        menu = self.model.nodes[self.session.node]
        spoken = version(self.model).languages[language]
        said = [say.text for say in self.turn.say]
        before = 0
        if isinstance(menu, Menu) and menu.intro in said:
            before = sum(spoken.texts.get(text, 0) for text in said[: said.index(menu.intro)])
            if heard is None:
                heard = spans(self.model, menu.id, language).get(key, (0, 900))[1]
        self.on(DigitsEntered(NOW, key, before + (heard or 0)))
        while isinstance(self.turn.then, Perform):
            quote = QUOTE if self.turn.then.call == "quote" else None
            self.on(ActionDone(NOW, self.turn.then.key, "succeeded", quote=quote))
        return self

    def silence(self) -> Call:
        """Nothing is pressed."""
        self.on(NoInput(NOW, 20_000))
        return self

    def hang_up(self) -> r.Walk:
        """The caller is gone: the call as the record has it."""
        if not isinstance(self.turn.then, End) or self.session.state == "open":
            self.on(CallEnded(NOW, "caller", 500))
        facts = record.opened(self.session, "line/1", NOW, str)._replace(digest=self.model.digest)
        return r.Walk(
            facts, tuple(self.steps), (), tuple(self.requests), tuple(self.closings), self.end
        )


def results(walk: r.Walk, now: Version, then: Version = THEN) -> list[tuple[str, str, int]]:
    """Leaf, result and milliseconds saved of each leg."""
    return [(row.leaf, row.result, row.saved_ms) for row in replayed(walk, then, now)]


def saves(menu: str, key: str, now: Version, new: str = "") -> int:
    """How much sooner an option has been announced."""
    return spans(MODEL, menu)[key][1] - spans(now.model, menu)[new or key][1]


# -- who waits for an option ----------------------------------------------------------------------


def test_on_its_own_version_a_call_is_the_same() -> None:
    """Choices, slips, wrong turns, two leaves, an entry given up, another language."""
    call = Call()
    call.press("7").silence().press("9").press("2").press("*").press("1").press("8")
    call.press("1").press("8").press("2").press("1", language="en").press("3", language="en")
    call.press("2", language="en").press("*").press("1", language="en")
    walk = call.hang_up()
    found = list(replayed(walk, THEN, THEN))
    assert [(row.leaf, row.result, row.saved_ms) for row in found] == [
        ("payments", SAME, 0), ("bill", SAME, 0), ("bill", SAME, 0),
    ]  # fmt: skip


def test_an_option_that_comes_first_is_reached_sooner() -> None:
    """By exactly what is announced less before it; those behind it are later."""
    first = Call().press("1").press("8").hang_up()
    other = Call().press("1").press("1").hang_up()
    assert results(first, LAST_FIRST) == [("payments", SOONER, saves("charges", "8", LAST_FIRST))]
    assert results(other, LAST_FIRST) == [("balance", LATER, saves("charges", "1", LAST_FIRST))]
    assert saves("charges", "8", LAST_FIRST) > 10_000


def test_who_waits_finds_a_new_key() -> None:
    """With keys given out anew the announcement tells them."""
    walk = Call().press("1").press("8").hang_up()
    saved = saves("charges", "8", RENUMBERED, "1")
    assert results(walk, RENUMBERED) == [("payments", SOONER, saved)]


def test_reaction_is_the_same() -> None:
    """Who took a second to press takes it again."""
    late = spans(MODEL, "charges")["8"][1] + 1000
    walk = Call().press("1").press("8", late).hang_up()
    assert results(walk, LAST_FIRST)[0][2] == saves("charges", "8", LAST_FIRST)


def test_who_hears_everything_hears_everything() -> None:
    """No barge-in: another order changes nothing, one more option does."""
    whole = 60_000
    walk = Call().press("1").press("8", whole).hang_up()
    assert results(walk, LAST_FIRST) == [("payments", SAME, 0)]
    longer = edited(charges=[*(Line("charges", n) for n in range(8)), Line("account", 0, "#")])
    (leaf, result, saved) = results(walk, longer)[0]
    assert (leaf, result) == ("payments", LATER)
    begin, end = spans(longer.model, "charges")["#"]
    assert saved == begin - end


# -- who knows a key ------------------------------------------------------------------------------


def test_a_known_key_that_stays() -> None:
    """Regulars notice nothing of another order."""
    walk = Call().press("1", 100).press("8", 100).hang_up()
    assert results(walk, LAST_FIRST) == [("payments", SAME, 0)]


def test_a_known_key_that_leads_elsewhere() -> None:
    """They press it all the same, and are lost; what comes after can't be followed."""
    walk = Call().press("1", 100).press("8", 100).press("1").press("2").press("1").hang_up()
    assert [row[:2] for row in results(walk, RENUMBERED)] == [
        ("payments", ASTRAY), ("products", UNFOLLOWED),
    ]  # fmt: skip


def test_a_wrong_key_that_is_one_now() -> None:
    """A slip that led nowhere leads somewhere."""
    walk = Call().press("5", 500).press("1").press("1").hang_up()
    promoted = edited(main=[*(Line("main", n) for n in range(5)), Line("charges", 7, "5")])
    assert results(walk, THEN) == [("balance", SAME, 0)]
    assert [row[:2] for row in results(walk, promoted)] == [("balance", ASTRAY)]


# -- other menus ----------------------------------------------------------------------------------


def test_a_shortcut_spares_a_menu() -> None:
    """Who waits takes the first option that leads there; who knows the keys goes the old way."""
    promoted = edited(main=[Line("charges", 7, "5"), *(Line("main", n) for n in range(5))])
    waits = Call().press("1").press("8").hang_up()
    knows = Call().press("1", 50).press("8", 50).hang_up()
    then = spans(MODEL, "main")["1"][1] + spans(MODEL, "charges")["8"][1]
    now = spans(promoted.model, "main")["5"][1]
    assert results(waits, promoted) == [("payments", SOONER, then - now)]
    assert results(knows, promoted) == [("payments", SAME, 0)]


def test_slips_of_a_menu_that_is_spared() -> None:
    """Where no menu is met no slip is made in it."""
    promoted = edited(main=[Line("charges", 7, "5"), *(Line("main", n) for n in range(5))])
    walk = Call().press("1").press("9", 3000).press("8").hang_up()
    clean = Call().press("1").press("8").hang_up()
    assert results(walk, promoted)[0][2] == results(clean, promoted)[0][2] + 3000


def test_a_leaf_that_is_gone() -> None:
    """Nothing leads there any more."""
    without = edited(charges=[Line("charges", n) for n in range(7)])
    walk = Call().press("1").press("8").hang_up()
    assert results(walk, without) == [("payments", NO_WAY, 0)]


def test_a_leaf_that_has_moved() -> None:
    """Its new menu is found by what the options say."""
    there = edited(
        charges=[Line("charges", n) for n in range(7)],
        account=[*(Line("account", n) for n in range(7)), Line("charges", 7, "8")],
    )
    walk = Call().press("1").press("8").hang_up()
    assert results(walk, there)[0][:2] == ("payments", LATER)


def test_fewer_tries() -> None:
    """The same silences are one too many."""
    menu = menu_of(MODEL, "main")
    strict = replace(menu, tries=replace(menu.tries, most=1))
    model = replace(MODEL, nodes={**MODEL.nodes, "main": strict})
    walk = Call().silence().press("1").press("1").hang_up()
    assert results(walk, THEN) == [("balance", SAME, 0)]
    assert [row[1] for row in results(walk, version(model))] == [TRIES]


def test_out_of_tries_then_and_now() -> None:
    """Who was sent to an agent, found none and went on, does so again."""
    call = Call().silence().silence().silence()
    assert isinstance(call.turn.then, Transfer)
    call.on(TransferEnded(NOW, "general", "busy"))
    walk = call.press("1").press("8").hang_up()
    assert results(walk, THEN) == [("payments", SAME, 0)]
    assert results(walk, LAST_FIRST)[0][2] == saves("charges", "8", LAST_FIRST)


def test_who_asks_for_an_agent_and_finds_none_goes_on() -> None:
    """From where that leads, not from the menu in which it was asked; after a leaf or before."""
    call = Call().press("1").press("8").press("0")
    assert isinstance(call.turn.then, Transfer)
    call.on(TransferEnded(NOW, "general", "busy"))
    walk = call.press("1").press("2").hang_up()
    assert results(walk, THEN) == [
        ("payments", SAME, 0), ("", AGENT, 0), ("last_bill", SAME, 0),
    ]  # fmt: skip


def test_two_lines_to_one_leaf() -> None:
    """Another month's bill is asked for by the line that asks for the month."""
    swapped = edited(bill_menu=[Line("bill_menu", 1), Line("bill_menu", 0)])
    walk = Call().press("1").press("3").press("2").press("0301").hang_up()
    assert results(walk, swapped) == [("bill", SOONER, saves("bill_menu", "2", swapped))]


def test_a_version_without_audio() -> None:
    """Who gets there is known, how fast is not."""
    silent = Version(MODEL, {}, ways(MODEL))
    walk = Call().press("1").press("8").hang_up()
    assert results(walk, silent) == [("payments", UNTIMED, 0)]


# -- no leaf --------------------------------------------------------------------------------------


def test_without_a_leaf_the_wish_is_unknown() -> None:
    """Hung up at once, after a menu, after a leaf and a menu; an agent is said apart."""
    assert results(Call().hang_up(), LAST_FIRST) == [("", UNKNOWN, 0)]
    assert results(Call().press("1").hang_up(), LAST_FIRST) == [("", UNKNOWN, 0)]
    twice = Call().press("1").press("1").press("1").press("2").hang_up()
    assert [row[:2] for row in results(twice, LAST_FIRST)] == [("balance", LATER), ("", UNKNOWN)]
    assert [row[1] for row in results(Call().press("0").hang_up(), LAST_FIRST)] == ["agent"]


def test_who_was_served_and_hangs_up_has_no_wish_left() -> None:
    """Whether there is more was asked, and nobody was impatient."""
    found = list(replayed(Call().press("1").press("1").hang_up(), THEN, THEN))
    assert [(row.leaf, row.gone) for row in found] == [("balance", False)]


def test_what_was_listened_to_is_kept_for_patience() -> None:
    """The milliseconds of menus, and whether it ended by hanging up."""
    (row,) = replayed(Call().press("1").hang_up(), THEN, THEN)
    assert row.then_ms == spans(MODEL, "main")["1"][1] + 500
    assert row.gone


# -- patience -------------------------------------------------------------------------------------


def test_kaplan_meier() -> None:
    """Hang-ups among those who still listen: the textbook's product of shares."""
    known = patience([(1000, True), (2000, False), (3000, True), (3000, False), (5000, True)])
    assert [known.listens(ms) for ms in (0, 999)] == [1, 1]
    assert known.listens(1000) == pytest.approx(4 / 5)
    assert known.listens(2500) == pytest.approx(4 / 5)
    assert known.listens(3000) == pytest.approx(4 / 5 * 2 / 3)
    assert known.listens(5000) == 0
    assert (known.hang_ups, known.legs) == (3, 5)
    assert known.lost(1000, 3000) == pytest.approx(1 / 3)
    assert known.lost(1000, 1500) == 0
    assert known.lost(6000, 7000) == 0  # nobody is left to tell
    assert patience([]).listens(10) == 1


# -- the report -----------------------------------------------------------------------------------

BASIS = Basis("real", "", "", "2026-03-15T12:00:00+08:00", "menus.yaml 0123")


def tallied(*rows: Replayed) -> Tally:
    """A tally of calls of one leg each."""
    tally = Tally()
    for row in rows:
        tally.add([row])
    return tally


def test_results_have_numerators_and_examples() -> None:
    """Each result with n of all, mean seconds, ids; expectations with what they rest on."""
    tally = tallied(
        Replayed("a", "balance", SOONER, 9000, 3000),
        Replayed("b", "balance", SOONER, 9000, 1000),
        Replayed("c", "points", LATER, 4000, -2000),
        Replayed("d", "points", ASTRAY, 100),
        Replayed("e", "", UNKNOWN, 5000, 0, gone=True),
    )
    made = replay(tally, BASIS._replace(left_out=7))
    rows = {row[0].id: [str(cell) for cell in row[1:]] for row in made.rows}  # type: ignore[union-attr]
    assert rows[SOONER] == ["2/5 40.00 %", "2.00 s", "a b"]
    assert rows[LATER] == ["1/5 20.00 %", "-2.00 s", "c"]
    assert rows[ASTRAY] == ["1/5 20.00 %", "None", "d"]
    notes = " ".join(made.notes)
    assert "lost: 1/4 25.00 %" in notes
    assert "save 0.67 s on average" in notes
    assert "Of the 1 later ones 0.3 are expected to hang up" in notes  # one of three left at 5 s
    assert "1 hung up before any leaf" in notes
    assert "7 calls are left out" in notes
    names = {"balance": Word("balance", "话费余额", "balance")}
    by_leaf = [(row[0].id, *row[1:]) for row in leaves(tally, names).rows]  # type: ignore[union-attr]
    assert by_leaf == [
        ("balance", 2, 2, 0, 0, 0, Decimal(2.0, 2, "s")),
        ("points", 2, 0, 0, 1, 1, Decimal(-2.0, 2, "s")),
    ]


def test_nothing_to_replay() -> None:
    """One clear sentence."""
    made = replay(Tally(), BASIS)
    assert made.rows == ()
    assert "没有 real 话务的通话可以重放" in made.notes[0]


def test_answers_are_any() -> None:
    """Every result has its word and its place in the table."""
    tally: Any = tallied(*(Replayed("a", "x", result, None) for result in (
        SOONER, SAME, LATER, UNTIMED, NO_WAY, ASTRAY, TRIES, UNKNOWN, UNFOLLOWED)))  # fmt: skip
    assert len(replay(tally, BASIS).rows) == 9
