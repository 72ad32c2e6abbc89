"""Own options: of whom, which, where they come from, and what tuning makes of their presses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_case import MODEL, PROFILE, Play, at, facts
from house_case import Rig, make_home, site
from ledger_rows import AT, DAY, closing, request, start
from menus_site import MINIMAL, SIGNATURES

from dialog.events import CallArrived, Used
from dialog.session import TEXT, VOICE
from dialog.turn import OWN, RequestOpened, Visited
from hotline import recall
from ledger import history
from ledger.counts import STEP, Visit
from ledger.ledger import Ledger
from menus.loader import load_sources, read_sources
from menus.model import Filter, Menu, Model
from tuning.counted import counted
from tuning.habits import same_lines
from tuning.heard import acts

BALANCE, DATA = ("balance", 5), ("data_usage", 4)


def arrived(*used: tuple[str, int], model: Model = MODEL) -> Play:
    """A call of somebody who asked for this lately."""
    play = Play(TEXT, model=model)  # a text dialogue is not begun before its first text
    play.session = play.session._replace(origin=play.session.origin._replace(channel=VOICE))
    play.on(CallArrived(at(play.when), PROFILE, used))
    return play


def announced(play: Play) -> list[tuple[str, str]]:
    """Key and label of the choices of the last turn, in order."""
    said = (say.values for say in play.turn.say if say.text == "choice")
    return [(values["key"].of, values["label"].of) for values in said]


def own_first(play: Play) -> list[tuple[str, str]]:
    """What is announced before the menu's intro."""
    return announced(play)[: play.said.index("main_intro") - play.said.index("own_intro") - 1]


# -- which -----------------------------------------------------------------------------------------


def test_the_most_used_come_first_under_free_keys() -> None:
    """As many as there are keys, in the order of use; the menu's own choices follow as ever."""
    play = arrived(DATA, BALANCE, ("points", 3))
    assert play.said[:2] == ["welcome", "own_intro"]
    assert own_first(play) == [("7", "label_data_usage")]
    assert announced(play)[1] == ("1", "label_charges")
    turn = play.keys("7")
    assert [fact.leaf for fact in facts(turn, RequestOpened)] == ["data_usage"]
    (visit,) = facts(turn, Visited)
    assert (visit.key, visit.options[:2]) == (OWN, ("7", "1"))
    play = arrived(DATA, BALANCE, ("points", 3))
    play.keys("2", "8")
    listed = [("4", "label_data_usage"), ("5", "label_balance"), ("6", "label_points")]
    assert announced(play)[:4] == [*listed, ("1", "label_enable")]


@pytest.mark.parametrize(
    "used",
    [
        (),
        (("balance", 2),),
        (("enable/caller_id", 9),),
        (("gone_long_ago", 9),),
        (("charges", 9),),
    ],
    ids=["nothing", "too little", "no choice of these menus", "no leaf any more", "a menu"],
)
def test_what_is_not_offered(used: Used) -> None:
    """A leaf must be a choice of the menus named, and used often enough."""
    play = arrived(*used)
    assert "own_intro" not in play.said
    assert facts(play.keys("7"), RequestOpened) == []


def filtered(where: str, rule: Filter) -> Model:
    """The model with a filter on the balance: on its choice, or on the action itself."""
    nodes = dict(MODEL.nodes)
    if where == "action":
        nodes["balance"] = replace(nodes["balance"], filter=rule)
        return replace(MODEL, nodes=nodes)
    main = nodes["main"]
    assert isinstance(main, Menu)
    assert main.own is not None
    leaves = {**main.own.leaves, "balance": replace(main.own.leaves["balance"], filter=rule)}
    nodes["main"] = replace(main, own=replace(main.own, leaves=leaves))
    return replace(MODEL, nodes=nodes)


@pytest.mark.parametrize("where", ["choice", "action"])
def test_only_what_this_subscriber_may_use(where: str) -> None:
    """A filter that keeps somebody out keeps the option out; the next one takes its key."""
    closed = filtered(where, Filter(brand=frozenset({"mzone"})))
    assert own_first(arrived(BALANCE, DATA, model=closed)) == [("7", "label_data_usage")]
    open_ = filtered(where, Filter(brand=frozenset({PROFILE.brand})))
    assert own_first(arrived(BALANCE, model=open_)) == [("7", "label_balance")]


# -- out of the record -----------------------------------------------------------------------------


def test_used_is_what_went_well_of_one_subscriber_lately(tmp_path: Path) -> None:
    """Failed, old, others' and other traffic's requests are not in it; the latest are looked at."""
    mine: dict[str, Any] = {"subscriber": "me"}
    rows = [
        *(request(f"b{n}", at=AT + n, **mine) for n in range(3)),
        *(request(f"p{n}", leaf="points", at=AT + 3 + n, channel="text", **mine) for n in range(3)),
        *(request(f"f{n}", leaf="bill", at=AT + 9 + n, **mine) for n in range(3)),
        *(request(f"o{n}", leaf="credit", at=AT - DAY, **mine) for n in range(3)),
        *(request(f"y{n}", leaf="services", at=AT, subscriber="you") for n in range(3)),
        *(request(f"r{n}", leaf="products", at=AT, traffic="rehearsal", **mine) for n in range(3)),
        *(request(f"u{n}", leaf="none", at=AT + 20, **mine) for n in range(3)),
        *(request(f"q{n}", leaf="validity", at=AT + 30, **mine) for n in range(3)),  # not over
    ]
    ended = [
        closing(row.id, "failed" if row.leaf == "bill" else "succeeded")
        for row in rows
        if row.leaf != "validity"
    ]
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.write(start("s", *rows, *ended)).result()
        assert ledger.used("me", "real", AT, 3, 8) == (("points", 3), ("balance", 3))
        assert ledger.used("me", "real", AT, 3, 5) == (("points", 3),)
        assert ledger.used("me", "real", AT, 4, 8) == ()
        assert ledger.used("nobody", "real", AT, 1, 8) == ()
        assert ledger.used("", "real", 0, 1, 8) == ()
        plan = ledger._read(f"EXPLAIN QUERY PLAN {history._ENOUGH}", ("me", AT, 3))
        assert any("INDEX idx_requests_subscriber_at" in row[3] for row in plan)
        plan = ledger._read(f"EXPLAIN QUERY PLAN {history._USED}", ("me", AT, "real", 8))
        assert "idx_requests_subscriber_at" in plan[0][3]
        assert not any("TEMP B-TREE" in row[3] for row in plan)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A house."""
    made = Rig(make_home(tmp_path))
    yield made
    made.close()


def asked_often(rig: Rig, number: str, text: str = "101", n: int = 3) -> None:
    """A subscriber texts a code some times."""
    for _ in range(n):
        rig.text(text, number)
        rig.answer_all()


def test_own_options_out_of_the_record(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """By text or by voice, in whatever process; a rehearsal's past is another one."""
    asked_often(rig, "13800138000")
    assert "own_intro" in rig.call("13800138000").heard[0].said
    assert "own_intro" not in rig.call("13800138006").heard[0].said
    assert "own_intro" not in rig.call("13800138000", traffic="rehearsal").heard[0].said
    monkeypatch.setattr(recall, "USED_ROWS", 2)
    assert "own_intro" not in rig.call("13800138000").heard[0].said


def test_a_number_without_its_subscription_has_no_past(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the BSS does not say whose a number is, it may be another's by now."""
    monkeypatch.setattr(rig.bss, "profile", lambda number: None)
    asked_often(rig, "13800138000", "CXGSD#13800138006")
    assert rig.outcomes() == [("home_location", "succeeded")] * 3
    assert "own_intro" not in rig.call("13800138000").heard[0].said


def test_who_withholds_the_number_has_no_past(rig: Rig) -> None:
    """Nobody's past is everybody's who withholds the number."""
    for _ in range(3):
        caller = rig.call("")
        caller.hang_up()
    assert "own_intro" not in rig.call("").heard[0].said


# -- the check of the file -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ('{intro: intro, of: [main], keys: ["6"], least: 3}', []),
        ('{intro: intro, of: [mian], keys: ["6"], least: 3}', ["unknown_node"]),
        ('{intro: intro, of: [balance], keys: ["6"], least: 3}', ["unknown_node"]),
        ('{intro: intor, of: [main], keys: ["6"], least: 3}', ["unknown_text"]),
        ('{intro: intro, of: [main], keys: ["0"], least: 3}', ["reserved_collision"]),
        ('{intro: intro, of: [main], keys: ["1"], least: 3}', ["duplicate_key"]),
        ('{intro: intro, of: [main], keys: ["6", "6"], least: 3}', ["duplicate_key"]),
        ('{intro: intro, of: [main], keys: ["6"], least: 0}', ["bad_value"]),
        ('{intro: intro, of: [main], keys: ["6"]}', ["missing_key"]),
    ],
)
def test_what_the_check_finds_in_own_options(own: str, expected: list[str]) -> None:
    """Menus that are none, texts that are none, keys that are taken."""
    sources = read_sources(MINIMAL)
    main = "  main:\n    intro: intro\n"
    sources["menus.yaml"] = sources["menus.yaml"].replace(main, f"{main}    own: {own}\n", 1)
    _, found = load_sources(sources, signatures=SIGNATURES)
    assert [f.code for f in found] == expected


# -- tuning ----------------------------------------------------------------------------------------


def test_tuning_takes_own_options_for_no_line_of_the_menu(rig: Rig) -> None:
    """A press of one is neither a wrong key nor a choice; the others are as ever."""
    asked_often(rig, "13800138000")
    caller = rig.call("13800138000")
    caller.press("7")
    rig.answer_all()
    caller.press("1")
    caller.press("1")
    caller.hang_up()
    (walk,) = rig.ledger.walks("", "", "real", "voice")
    model = site()[1]
    done = [(act.kind, act.menu, act.key) for act in acts(walk, model, {})]
    assert done == [("choose", "more", "1"), ("choose", "main", "1"), ("gone", "charges", "")]
    assert "7" not in next(act for act in acts(walk, model, {}) if act.menu == "main").offered
    visits = [
        Visit(STEP, digest="d", node="main", stage="choose", event="DigitsEntered", key=key, n=1)
        for key in (OWN, "1", "6")
    ]
    found = counted(visits, {"d": same_lines(model, model)})
    assert (found.pressed, found.errors) == ({("main", "1"): 1}, {"main": 1})
