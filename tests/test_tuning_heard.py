"""What recorded calls tell of callers: presses and how, errors, hang-ups; the lengths behind it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from house_case import ROOT, site

from hotline.speech import Speech, spoken
from ivr.manifest import Manifest, load_manifest
from ledger import records as r
from ledger.counts import Visit
from menus.model import Menu, Model
from tuning.counted import counted
from tuning.habits import Habits, habits, same_lines
from tuning.heard import (
    AGENT,
    BACK,
    CHOOSE,
    EARLY,
    GONE,
    REPEAT,
    SILENCE,
    TOLD,
    UNTOLD,
    WHOLE,
    WRONG,
    Spoken,
    acts,
    milliseconds,
)

MODEL = site()[1]
SPOKEN = spoken(MODEL, "zh-CN", load_manifest(ROOT / "prompts"))
MAIN = MODEL.nodes["main"]
assert isinstance(MAIN, Menu)
KEYS = tuple(choice.key for choice in MAIN.choices)
SPANS, ALL = milliseconds(MAIN, SPOKEN.menus["main"], KEYS)
WELCOME = SPOKEN.texts["welcome"]
FACTS = r.SessionFacts(
    "s", "line/1", "voice", "10086", "p", "p", "network", "line", "real", MODEL.digest,
    "cmcc", "gotone", "", "beijing", "zh-CN", 1,
)  # fmt: skip


def step(n: int, event: str, said: Any = (), node: str = "main", **more: Any) -> r.Step:
    """A step in a menu."""
    options = json.dumps(more.pop("options", KEYS))
    row = r.Step("s", n, n, event, node, "choose", 0, "", 0, options, json.dumps(list(said)), "[]")
    return row._replace(**more)


def walk(*steps: r.Step, language: str = "zh-CN") -> r.Walk:
    """A call of these steps."""
    return r.Walk(FACTS._replace(language=language), steps, (), (), (), None)


def pressed(key: str, heard_ms: int, said: Any = ("welcome", "main_intro", "choice")) -> Any:
    """What is made of one key in the first menu."""
    call = walk(step(1, "CallArrived", said), step(2, "DigitsEntered", key=key, heard_ms=heard_ms))
    return list(acts(call, MODEL, {"zh-CN": SPOKEN}))


def test_when_a_key_comes_tells_who_knows_it() -> None:
    """Before its announcement begins it is known; when all is over nobody interrupted."""
    begin, end = SPANS["2"]
    assert begin == SPOKEN.menus["main"].intro + SPOKEN.menus["main"].choices[0]
    for heard, how in ((0, EARLY), (begin - 1, EARLY), (begin, TOLD), (end, TOLD), (ALL, WHOLE)):
        (press,) = pressed("2", WELCOME + heard)
        assert (press.how, press.heard) == (how, heard)
        assert (press.n, press.menu, press.key, press.offered) == (2, "main", "2", KEYS)


def test_what_came_before_the_menu_may_have_no_length() -> None:
    """An answer's length is not known, nor is a menu that was not said again."""
    assert pressed("2", 900, ("balance_is", "main_intro"))[0].how == UNTOLD
    assert pressed("2", 900, ("balance_is",))[0].how == UNTOLD
    (press,) = pressed("2", 900 + SPOKEN.texts["no_match_1"], ("no_match_1", "main_intro"))
    assert press.heard == 900


def test_keys_that_are_no_choices() -> None:
    """Reserved keys, a wrong one, silence, the end; an entry is nothing done in a menu."""
    assert [act.kind for act in pressed("0", 900)] == [AGENT]
    assert [act.kind for act in pressed("9", 900)] == [REPEAT]
    assert [act.kind for act in pressed("7", 900)] == [WRONG]
    others = walk(
        step(1, "CallArrived", ("main_intro",)),
        step(2, "NoInput", ("no_input_1", "main_intro"), heard_ms=ALL),
        step(3, "DigitsEntered", ("charges_intro",), key="1", heard_ms=9000),
        step(4, "DigitsEntered", ("main_intro",), "charges", key="*", heard_ms=700),
        step(5, "DigitsEntered", key="***", stage="field:month"),
        step(6, "ActionDone"),
        step(7, "CallEnded", heard_ms=400),
    )
    found = list(acts(others, MODEL, {"zh-CN": SPOKEN}))
    assert [act.kind for act in found] == [SILENCE, CHOOSE, BACK, GONE]
    assert [act.heard for act in found][::2] == [ALL, 700]


def test_who_hears_another_language_is_timed_in_it() -> None:
    """After the choice of a language the lengths are that language's; none: nothing is told."""
    calls = walk(
        step(1, "CallArrived", ("welcome", "main_intro")),
        step(2, "DigitsEntered", ("language_intro",), key="8", heard_ms=WELCOME + SPANS["8"][1]),
        step(3, "DigitsEntered", ("main_intro",), "language", key="2", options=("1", "2"),
             heard_ms=9000),
        step(4, "DigitsEntered", key="1", heard_ms=9000),
    )  # fmt: skip
    found = list(acts(calls, MODEL, {"zh-CN": SPOKEN}))
    assert [act.language for act in found] == ["zh-CN", "zh-CN", "en"]
    assert [act.heard is None for act in found] == [False, False, True]
    english = Spoken({**SPOKEN.menus}, SPOKEN.texts)
    assert list(acts(calls, MODEL, {"zh-CN": SPOKEN, "en": english}))[2].heard == 9000
    unknown = acts(walk(*calls.steps, language="fr"), MODEL, {"zh-CN": SPOKEN})
    assert {act.how for act in unknown} == {UNTOLD}


def test_only_what_was_offered_is_counted() -> None:
    """A choice that a filter hid took no time."""
    call = walk(
        step(1, "CallArrived", ("main_intro",)),
        step(2, "DigitsEntered", key="2", options=("2", "3"), heard_ms=SPANS["1"][0]),
    )
    (press,) = acts(call, MODEL, {"zh-CN": SPOKEN})
    assert press.how == TOLD


def test_habits_are_those_of_the_lines_of_today() -> None:
    """Presses of an old version count for the same line under its key of today."""
    then = MODEL.nodes["main"]
    assert isinstance(then, Menu)
    swapped = replace(
        then,
        choices=tuple(
            replace(c, key={"1": "2", "2": "1"}.get(c.key, c.key)) for c in then.choices[:-1]
        ),
    )
    today = replace(MODEL, nodes={**MODEL.nodes, "main": swapped})
    lines = same_lines(MODEL, today)
    assert lines["main", "1"] == "2"
    assert lines["main", "3"] == "3"
    assert lines["main", "0"] == "0"
    assert ("main", "8") not in lines
    call = walk(
        step(1, "CallArrived", ("main_intro",)), step(2, "DigitsEntered", key="1", heard_ms=1)
    )
    found = habits([(call, MODEL, {"zh-CN": SPOKEN})] * 3, {MODEL.digest: lines})
    assert found.presses == {("main", "2"): {EARLY: 3}}
    assert found.calls == 3


def test_few_presses_are_taken_to_be_like_the_others() -> None:
    """Shares of an option are drawn to those of all, the more the fewer there are."""
    none = Habits()
    assert (none.early("main", "1"), none.barge_in("main")) == (0, 1)
    many = Habits(
        {
            ("main", "1"): {EARLY: 400, TOLD: 500, WHOLE: 100, UNTOLD: 50},
            ("main", "2"): {EARLY: 1},
            ("account", "1"): {WHOLE: 0},
        }
    )
    usual = 401 / 1001
    assert many.early("main", "1") == pytest.approx((400 + 10 * usual) / 1010)
    assert many.early("main", "2") == pytest.approx((1 + 10 * usual) / 11)
    assert many.early("more", "9") == pytest.approx(usual)
    assert many.barge_in("main") == pytest.approx(5 / 6)
    assert many.barge_in("account") == pytest.approx(5 / 6)


# -- visits ---------------------------------------------------------------------------------------


def visit(event: str, key: str, n: int, heard_ms: int = 0, **more: Any) -> Visit:
    """Visits of the first menu."""
    return Visit(
        of="step", digest=MODEL.digest, node="main", stage="choose", event=event, key=key, n=n,
        heard_ms=heard_ms,
    )._replace(**more)  # fmt: skip


def test_visits_count_presses_errors_and_hang_ups() -> None:
    """Silence and keys that are none are errors; repeat and back are not; times are seconds."""
    found = counted(
        [
            visit("DigitsEntered", "1", 60, 240_000),
            visit("DigitsEntered", "9", 5, 60_000),
            visit("DigitsEntered", "7", 3, 9_000),
            visit("NoInput", "", 2, 30_000),
            visit("CallEnded", "", 10, 20_000),
            visit("DigitsEntered", "1", 99, stage="confirm"),
            visit("DigitsEntered", "1", 99, digest="unknown"),
        ],
        {MODEL.digest: same_lines(MODEL, MODEL)},
    )
    assert found.pressed == {("main", "1"): 60, ("main", "9"): 5}
    assert found.heard == {"main": 80}
    assert found.errors == {"main": 5}
    assert found.hang_ups == {"main": 10}
    assert found.listened == {"main": 359}
    assert found.error_share("main") == 5 / 80
    assert found.error_share("account") == 0


def test_visits_must_be_asked_by_their_dimensions() -> None:
    """Sums over versions can't be told apart."""
    with pytest.raises(ValueError, match="lack a dimension"):
        counted([visit("DigitsEntered", "1", 1, digest="")], {})


# -- lengths --------------------------------------------------------------------------------------


def test_texts_with_values_have_no_length() -> None:
    """Only what is always the same is timed: not an answer, nor what only a text message says."""
    assert "welcome" in SPOKEN.texts
    assert "balance_is" not in SPOKEN.texts
    assert "help" not in SPOKEN.texts


def test_lengths_of_versions_are_worked_out_once() -> None:
    """A version that can't be read has none; nor has a language without audio."""
    asked = []

    def model(digest: str) -> Model | None:
        asked.append(digest)
        return MODEL if digest == "a" else None

    speech = Speech(model, load_manifest(ROOT / "prompts"))
    found = speech.of("a")
    assert found is not None
    assert found[0] is MODEL
    assert set(found[1]) == {"zh-CN", "en"}
    assert speech.of("a") is found
    assert speech.of("b") is speech.of("b") is None
    assert asked == ["a", "b"]
    assert Speech(model, Manifest()).languages(MODEL) == {}
