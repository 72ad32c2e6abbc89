"""A model as reports see it: names, channels, lines with what lies behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from house_case import ROOT, site

from hotline.durations import durations
from hotline.offers import leaf_names, node_names, offers, options, spots
from ivr.manifest import load_manifest
from menus.model import Filter, Menu, Model

SHANGHAI = timezone(timedelta(hours=8))
MODEL = site()[1]


def ms(day: int, hour: int = 0) -> int:
    """A time of March 2026."""
    return int(datetime(2026, 3, day, hour, tzinfo=SHANGHAI).timestamp() * 1000)


def changed(menu: str, n: int, **change: Any) -> Model:
    """The shipped model with one choice changed."""
    node = MODEL.nodes[menu]
    assert isinstance(node, Menu)
    choices = list(node.choices)
    choices[n] = replace(choices[n], **change)
    return replace(MODEL, nodes={**MODEL.nodes, menu: replace(node, choices=tuple(choices))})


def test_the_shipped_site_offers_its_58_leaves_twice() -> None:
    """All leaves of T5 by key and by text; acting for another number by key, the rest by text."""
    found = offers(MODEL)
    assert sum(offer.voice for offer in found) == 59
    assert [offer.leaf for offer in found if offer.voice and not offer.text] == ["another"]
    assert {"enable/film_fans", "usage/sms_120"} <= {o.leaf for o in found if not o.voice}


def test_leaves_are_called_by_the_way_to_them() -> None:
    """The labels of the keys, without the main menu's, in both languages."""
    names = leaf_names(MODEL)
    assert names["balance"].chinese == "话费余额"
    assert names["another"].chinese == "为其他号码办理"
    assert names["enable/gprs_5"].chinese == "移动数据流量套餐 › 开通 › 5元套餐"
    assert names["enable/gprs_5"].english == "mobile data plans › activation › the 5-yuan plan"


def test_a_leaf_without_a_key_is_called_by_its_code() -> None:
    """Where no line leads to a leaf, it is offered by text alone under its spelling."""
    model = changed("account", 6, to="credit")
    assert leaf_names(model)["points"].chinese == "207"
    (points,) = (offer for offer in offers(model) if offer.leaf == "points")
    assert (points.voice, points.text) == (False, True)


def test_a_list_by_text_offers_what_stands_on_it() -> None:
    """A code that reaches a menu reaches the leaves below it, too."""
    (code,) = (code for code in MODEL.codes["t5"] if code.node == "alert_menu")
    found = {offer.leaf for offer in offers(replace(MODEL, codes={"t5": (code,)})) if offer.text}
    services = ("enable_alert", "disable", "describe", "status")
    assert found == {f"{node}/balance_alert" for node in services}


def test_what_was_not_offered_that_day_is_not_counted() -> None:
    """A line that is valid from the 10th is offered on no day before, and on the day itself."""
    rule = Filter(valid_from=ms(10, 12), valid_to=ms(20))
    model = replace(changed("account", 6, filter=rule), codes={}, books=())

    def offered(day: int) -> bool:
        return any(offer.leaf == "points" for offer in offers(model, ms(day), ms(day + 1)))

    assert [offered(day) for day in (9, 10, 19, 20)] == [False, True, True, False]
    assert any(offer.leaf == "points" for offer in offers(model))


def test_lines_have_their_leaves_and_seconds() -> None:
    """Every line of a menu in its order: leaves behind it, and when it has been said."""
    found = options(MODEL, durations(MODEL, "zh-CN", load_manifest(ROOT / "prompts")))
    main = [option for option in found if option.menu == "main"]
    assert [(option.key, len(option.leaves)) for option in main] == [
        ("1", 17), ("2", 13), ("3", 28), ("4", 1), ("8", 0),
    ]  # fmt: skip
    ends = [option.ends_s for option in main]
    assert ends == sorted(ends, key=float)
    assert found[0].menu == "main"
    (bill,) = (o for o in found if (o.menu, o.key) == ("charges", "3"))
    assert bill.leaves == ("bill",)  # behind two keys of its sub-menu


def test_lines_without_audio_have_no_seconds() -> None:
    """A model whose clips are not recorded still has its lines."""
    assert {option.ends_s for option in options(MODEL, {})} == {None}


def test_nodes_that_ask() -> None:
    """Menus, forms and actions with their keys; a node of several leaves is called by its id."""
    found = spots(MODEL)
    assert found["main"].name.chinese == "主菜单"
    assert (found["main"].start, found["main"].choices) == (True, frozenset("12348"))
    assert found["charges"].reserved == {"0": "agent", "9": "repeat", "*": "back"}
    assert (found["more"].most, found["more"].before) == (2, False)
    assert (found["charges"].before, found["language"].before) == (True, True)
    assert node_names(MODEL)["enable"].chinese == "enable"
    assert node_names(MODEL)["gprs_steps"].chinese == "开通"  # beside the step before
    assert found["gprs_steps"].name.chinese == "移动数据流量套餐 › 开通"  # by itself
    assert "agent_general" not in found
