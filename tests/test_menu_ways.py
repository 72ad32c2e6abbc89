"""The ways to each leaf, and how long callers listen on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_case import MODEL, Play, facts
from house_case import ROOT

from dialog.turn import RequestOpened, Say
from hotline.durations import UnrecordedError, durations, milliseconds
from ivr.manifest import Manifest, load_manifest
from menus.clips import heard
from menus.model import Filter, Menu
from menus.paths import keys, paths

MANIFEST = load_manifest(ROOT / "prompts")


def test_every_way_reaches_its_leaf() -> None:
    """The keys of each way, pressed, open a request of that leaf: none more, none other."""
    ways = paths(MODEL)
    for leaf, found in ways.items():
        for path in found:
            play = Play()
            opened = [
                fact.leaf for key in keys(path) for fact in facts(play.keys(key), RequestOpened)
            ]
            assert opened == [leaf], keys(path)


def test_ways_through_menus_and_forms() -> None:
    """Two choices of one menu may lead to one leaf, one of them through a form."""
    ways = paths(MODEL)
    assert [keys(path) for path in ways["balance"]] == ["11"]
    assert [keys(path) for path in ways["bill"]] == ["131", "132"]
    assert [hop.menu for hop in ways["enable/gprs_5"][0]] == [
        "main", "business", "gprs_menu", "gprs_steps",
    ]  # fmt: skip
    assert "agent_general" not in ways
    assert "" not in ways


def test_every_leaf_by_voice_has_a_way() -> None:
    """Each action and message that a choice leads to is found."""
    leading = {c.to for n in heard(MODEL) if isinstance(n, Menu) for c in n.choices}
    kinds = {to: MODEL.nodes[to].kind for to in leading}
    nodes = {leaf.split("/")[0] for leaf in paths(MODEL)}
    assert nodes == {to for to, kind in kinds.items() if kind == "action"} | {"bill"}


def test_a_filtered_choice_is_a_way() -> None:
    """Filters are not judged."""
    menu = MODEL.nodes["charges"]
    assert isinstance(menu, Menu)
    some = replace(menu.choices[0], filter=Filter(brand=frozenset(("gotone",))))
    narrowed = replace(menu, choices=(some, *menu.choices[1:]))
    model = replace(MODEL, nodes={**MODEL.nodes, "charges": narrowed})
    assert keys(paths(model)["balance"][0]) == "11"


@pytest.mark.parametrize("language", MODEL.languages)
def test_durations_are_what_a_caller_hears(language: str) -> None:
    """Intro, choices and reserved keys together last as long as what the engine says there."""
    times = durations(MODEL, language, MANIFEST)
    met = {"main": Play()}
    for path in (path for ways in paths(MODEL).values() for path in ways):
        for n in range(1, len(path)):
            if path[n].menu not in met:
                met[path[n].menu] = play = Play()
                play.keys(*keys(path[:n]))
    menus = {node.id for node in heard(MODEL) if isinstance(node, Menu)}
    assert set(met) == menus - {"language", "more"}  # which lead to no leaf, or follow one
    for menu, play in met.items():
        said = tuple(say for say in play.turn.say if say.text != "welcome")
        parts = times[menu]
        assert parts.intro + sum(parts.choices) + sum(parts.reserved.values()) == milliseconds(
            MODEL, language, MANIFEST, *said
        )
    assert set(times["main"].reserved) == {"0", "9"}
    assert set(times["charges"].reserved) == {"0", "9", "*"}


def test_a_text_without_audio_is_named() -> None:
    """What was never recorded has no length, and the error says which clip it is."""
    with pytest.raises(UnrecordedError) as none:
        milliseconds(MODEL, "en", Manifest(), Say("welcome"))
    assert none.value.clips[0].startswith("en/welcome.0.")
    with pytest.raises(UnrecordedError, match="hotline prompts build"):
        durations(MODEL, "en", Manifest())
