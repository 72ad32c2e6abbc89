"""Several books in use at once, confirm codes, windows of a book, another operator's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sms_codes_case import ROOT, Hall, Texter, made_hall, province, site, somebody

from actions.embedded.people import OTHERS_FIRST, Person
from menus.findings import Finding
from menus.keywords import Match
from menus.lint_keywords import findings
from menus.loader import MENUS_FILE, load_sources, read_sources

ZHEJIANG = somebody(lambda person: province(person) == "zhejiang" and person.brand == "easyown")
GOTONE = somebody(lambda person: person.brand == "gotone" and province(person) == "zhejiang")
GOTONE_ELSEWHERE = somebody(
    lambda person: person.brand == "gotone" and province(person) != "zhejiang"
)
MZONE = somebody(lambda person: person.brand == "mzone" and province(person) != "zhejiang")
UNICOM = str(OTHERS_FIRST)


@pytest.fixture
def hall() -> Iterator[Hall]:
    """A house of its own, for the clock is moved."""
    made = made_hall()
    yield made
    made.close()


def texter(hall: Hall, number: str, called: str = "10086") -> Texter:
    """A subscriber's texts to a number of the shipped site."""
    return Texter(hall, site(), number, called)


# -- which book ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "text", "leaf"),
    [
        (ZHEJIANG, "CXZD", "t5 bill"),
        (GOTONE_ELSEWHERE, "HF", "t6a month_charge"),
        (MZONE, "HF", "t3 balance"),
        (GOTONE_ELSEWHERE, "HF#02", "t3 bill"),
        (GOTONE, "0000", "t2 services"),
        (GOTONE_ELSEWHERE, "0000", "t6a monternet_menu"),
        (MZONE, "0000", ""),
        (MZONE, "BLCTK", "t6b enable/talk_card"),
        (GOTONE, "BLCTK", ""),
        (MZONE, "4011", ""),
        (ZHEJIANG, "4011", "t2 enable/film_fans"),
        (MZONE, "GPRS50", "t4 enable/gprs_50"),
        (MZONE, "KTSWTC#5", "t3 enable/gprs_5"),
        (MZONE, "GPRS 5", ""),
    ],
)
def test_who_gets_which_book(person: Person, text: str, leaf: str, hall: Hall) -> None:
    """Brand and province choose the books, and the stated precedence decides between them."""
    model, profile = site(), hall.bss.profile(person.number)
    found = model.index.match(text, called="10086", profile=profile, at_ms=hall.clock())
    assert leaf == (
        f"{found.code.book} {'/'.join((found.code.node, *found.code.constants.values()))}"
        if isinstance(found, Match)
        else ""
    )


def lint_of(find: str, put: str) -> list[Finding]:
    """What is found about the codes of the shipped site after a change of menus.yaml."""
    sources = read_sources(ROOT)
    assert find in sources[MENUS_FILE]
    sources[MENUS_FILE] = sources[MENUS_FILE].replace(find, put, 1)
    model, found = load_sources(sources)
    assert model is not None, found
    return list(findings(model))


@pytest.mark.parametrize(
    ("find", "put", "spellings"),
    [
        ("{use: t5,  over: [t3],", "{use: t5,", ["CXZD"]),
        ("{use: t2,  over: [t6a],", "{use: t2,", ["0000", "00000"]),
        ("{use: t6a, over: [t3],", "{use: t6a,", ["HF"]),
    ],
)
def test_hard_conflicts_need_a_stated_precedence(find: str, put: str, spellings: list[str]) -> None:
    """Each hard conflict of the tables is refused as soon as nobody says which book wins."""
    found = [f for f in lint_of(find, put) if f.severity == "error"]
    assert [f.code for f in found] == ["shadowed_keyword"] * len(spellings)
    assert [f.message_en.split()[0] for f in found] == spellings


def test_every_pair_of_like_codes_is_told() -> None:
    """Prefixes and letters apart are warnings, told by their books."""
    found = list(findings(site()))
    assert {f.code for f in found} == {"prefix_keyword", "near_keyword"}
    near = sorted(f.message_en.split()[0] for f in found if f.code == "near_keyword")
    stems = ("CL", "HJDD", "HJZY", "LDTX", "LDXS", "LYXX", "SJLL", "YETX", "ZWMS")
    assert near == sorted((*(f"QX{stem}" for stem in stems), "QXZD", "QXZD"))  # by T3 and by T5
    assert all(f.group for f in found)


# -- confirm codes ---------------------------------------------------------------------------------


def test_a_confirm_code_belongs_to_its_own_order(hall: Hall) -> None:
    """With another order open it is no yes: it quotes its own, and nothing was ordered."""
    texts = texter(hall, ZHEJIANG.number)
    assert texts.text("4021").said[0].values["name"].of == "vogue"
    answer = texts.text("401191")
    assert [say.text for say in answer.said] == ["order_void", "confirm_enable"]
    assert [say.values["name"].of for say in answer.said] == ["vogue", "film_fans"]
    assert answer.closed == (("enable/vogue", "abandoned"),)
    assert texts.text("401191").closed == (("enable/film_fans", "succeeded"),)
    assert hall.state(ZHEJIANG, "vogue") == "state_inactive"
    assert hall.state(ZHEJIANG, "film_fans") == "state_active"


def test_a_confirm_code_with_something_behind_it_is_no_yes(hall: Hall) -> None:
    """Only the bare code agrees to a price."""
    texts = texter(hall, ZHEJIANG.number)
    texts.text("4011")
    assert texts.text("401191 1").closed[-1] == ("none", "bad_parameter")
    assert hall.state(ZHEJIANG, "film_fans") == "state_inactive"


# -- windows of a book -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "text", "result"),
    [
        ("2009-10-31T09:00:00", "4051", "outside_window"),
        ("2009-10-30T23:59:59", "4051", ""),
        ("2009-11-30T17:59:59", "4051", ""),
        ("2009-11-30T18:00:00", "4051", "outside_window"),
        ("2009-12-31T23:59:59", "405", "unknown_command"),
        ("2009-11-30T18:00:00", "17", "succeeded"),
        ("2009-11-30T18:00:00", "KTFX", ""),
        ("2010-01-31T18:00:00", "4051", ""),
        ("2006-06-17T23:59:59", "4051", "unknown_command"),
    ],
)
def test_month_end_of_one_book(at: str, text: str, result: str, hall: Hall) -> None:
    """T2's three regimes bind the orders of T2's codes, no query and no other book's code."""
    hall.clock.set(at)
    answer = texter(hall, ZHEJIANG.number).text(text)
    assert [word for _, word in answer.closed] == ([result] if result else [])


def test_month_end_goes_by_the_links_clock(hall: Hall) -> None:
    """A text and its yes that the link took in time are good, however late they come here."""
    texts = texter(hall, ZHEJIANG.number)
    hall.clock.set("2009-11-30T17:59:59")
    in_time = hall.clock()
    hall.clock.set("2009-11-30T18:03:00")
    assert texts.text("4051", in_time).texts == ["confirm_enable"]
    assert texts.text("是", in_time).closed == (("enable/chunan_news", "succeeded"),)
    assert texts.text("4061", in_time).texts == ["confirm_enable"]
    late = texts.text("是", in_time + 1000)
    assert late.texts == ["confirmed_late"]
    assert late.closed == (("enable/quzhou_news", "outside_window"),)
    assert hall.state(ZHEJIANG, "quzhou_news") == "state_inactive"


def test_roaming_ban_of_one_book(hall: Hall) -> None:
    """Abroad T2's codes are refused, those of other books are not."""
    with hall.store.change():
        hall.store.set_person(ZHEJIANG, roaming="abroad")
    texts = texter(hall, ZHEJIANG.number)
    assert texts.text("17").closed == (("balance", "roaming"),)
    assert texts.text("CXYE").closed == (("balance", "succeeded"),)


# -- another operator ------------------------------------------------------------------------------


def test_the_other_operators_numbers(hall: Hall) -> None:
    """10010, 101901 and 5133 answer their own subscribers, each with its own words."""
    assert texter(hall, UNICOM, "101901").text("话费多少？").closed == (("balance", "succeeded"),)
    assert texter(hall, UNICOM, "10010").text("101901").closed == (("balance", "succeeded"),)
    third = texter(hall, UNICOM, "5133").text("114")
    assert third.closed == (("status/unicom_third", "succeeded"),)
    assert [row[0].of for row in third.said[0].values["items"].of] == [
        "unicom_jokes",
        "unicom_stocks",
    ]
    for called in ("10010", "5133"):
        assert texter(hall, UNICOM, called).text("KTLDXS").texts == ["unknown_unicom"]
    assert texter(hall, UNICOM, "10010").text("HELP").texts == ["help_unicom"]
    assert texter(hall, UNICOM, "101901").text("stop").texts == ["stopped_here"]


def test_each_operator_serves_its_own(hall: Hall) -> None:
    """A number refuses the other operator's subscribers, but for what is about nobody."""
    refused = (("balance", "not_our_subscriber"),)
    assert texter(hall, UNICOM).text("CXYE").closed == refused
    assert texter(hall, ZHEJIANG.number, "101901").text("?").texts == ["help_unicom"]
    assert texter(hall, ZHEJIANG.number, "101901").text("话费").closed == refused
    found = texter(hall, UNICOM).text("CXGSD#13800138006")
    assert found.closed == (("home_location", "succeeded"),)


# -- who is not known ------------------------------------------------------------------------------


def test_an_unknown_profile_is_told_to_try_again() -> None:
    """While the BSS is away a code for some is not called unknown."""
    hall = made_hall()
    try:
        texts = texter(hall, "13900138000")
        assert texts.text("4051").closed == (("none", "backend_timeout"),)
        assert texts.text("NONE").closed == (("none", "unknown_command"),)
    finally:
        hall.close()
