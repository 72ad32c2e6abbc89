"""Every row of the seven printed code tables, texted in all its spellings, does what it says.

Each book alone, then all of them as the shipped site uses them. This walk stands for transcripts of
the codes of t1 to t6b: tests/test_coverage_of_site.py counts on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sms_codes_case import (
    BOOKS,
    CATALOGUE,
    Answer,
    Hall,
    Row,
    Texter,
    alone,
    leaf_of,
    made_hall,
    may_have,
    province,
    rows,
    site,
    somebody,
)

from actions.embedded.catalogue import FAMILIES, SERVICES, STEPS
from actions.embedded.passwords import password_of
from actions.embedded.people import Person, identity_of, people
from dialog.values import Value
from menus.keywords import normalise
from menus.model import Action, Menu, Model

DONE = ("succeeded", "accepted")
BETWEEN = {"T2": ("*", " ", "＊"), "T3": ("#", " "), "T5": ("#", "＃"), "T6a": ("+", "#")}
"""How a parameter is set apart from its code, by table."""

GIVEN = {
    "*11位手机号码": ("13800138006",),
    "+11位号码": ("13800138006",),
    "#[手机号码]": ("13800138006",),
    "#YYYMM": ("2602", "202602", "02"),
    "#mm": ("02", "2602"),
    "#yymm": ("2602",),
    "#xx.xx(金额)": ("20.50",),
    "+兑换金额": ("10", "5.50"),
}
"""What a parameter is filled with, by how it is printed."""


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    """One house for all rows: each row first puts its subscriber into the state that it needs."""
    made = made_hall()
    yield made
    made.close()


@pytest.mark.parametrize("row", rows(), ids=str)
def test_a_row_of_one_book(row: Row, hall: Hall) -> None:
    """With its book alone in use, each spelling leads to the action that the table names."""
    walk(hall, alone(BOOKS[row.table]), row, reader(row, lambda _: True))


FOR = {
    "T2": lambda person: province(person) == "zhejiang",
    "T6a": lambda person: person.brand == "gotone" and province(person) != "zhejiang",
    "T6b": lambda person: person.brand == "mzone",
    "T3": lambda person: person.brand != "gotone",
}
"""The readers whom the shipped site gives a table's codes to, where another book may be before."""


@pytest.mark.parametrize("row", [row for row in rows() if row.table != "T1"], ids=str)
def test_a_row_of_the_shipped_books(row: Row, hall: Hall) -> None:
    """With the shipped books in use, each spelling still does for its readers what it says.

    Only T3's CXZD does not: the site states that T5 goes over it, and it asks for the bill.
    """
    if row.spellings == ("CXZD",):
        row = next(other for other in rows() if other.spellings[0] == "103")._replace(
            spellings=("CXZD",), params=""
        )
    walk(hall, site(), row, reader(row, FOR.get(row.table, lambda _: True)))


def reader(row: Row, fits: Callable[[Person], bool]) -> Person:
    """A subscriber of the book who may have the row's service."""
    leaf = leaf_of(row).split("/")
    service = leaf[1] if len(leaf) > 1 else ""
    members = [service, *FAMILIES.get(service, ())[:2]]
    if leaf[0] == "charge_detail":
        return somebody(lambda person: fits(person) and person.brand == "gotone")
    if leaf[0] == "apply_password":
        return somebody(lambda person: fits(person) and not person.password)
    return somebody(
        lambda person: (
            fits(person)
            and bool(person.password)
            and all(may_have(person, member) for member in members)
        )
    )


# -- one row ---------------------------------------------------------------------------------------


def walk(hall: Hall, model: Model, row: Row, person: Person) -> None:
    """Texts each spelling, with each way to write its parameter, and checks what came of it."""
    leaf = leaf_of(row)
    hall.refill(person)
    texter = Texter(hall, model, person.number)
    node = model.nodes[leaf.split("/")[0]]
    for spelling in row.spellings:
        if isinstance(node, Menu):
            listed(texter, spelling, node)
        elif leaf in SECRETS:
            SECRETS[leaf](hall, texter, spelling, person)
        elif isinstance(node, Action) and node.does == "order":
            changed(hall, texter, spelling, row, person)
        else:
            for text in texts(row, spelling):
                asked(hall, texter, text, leaf, person)


def texts(row: Row, spelling: str) -> Iterator[str]:
    """A spelling with its parameter, in the ways that the table allows."""
    if not row.params:
        yield spelling
    for parameter in GIVEN.get(row.params, ()):
        for separator in BETWEEN[row.table]:
            yield f"{spelling}{separator}{parameter}"


def ended(answer: Answer) -> tuple[str, str]:
    """The one request that a text ended."""
    (closed,) = answer.closed
    return closed


def listed(texter: Texter, spelling: str, menu: Menu) -> None:
    """A menu's code is answered with its numbered list, and the first number is taken."""
    answer = texter.text(spelling)
    assert ended(answer) == (menu.id, "succeeded")
    assert answer.texts[0] == menu.intro
    assert answer.texts.count("choice") == len(menu.choices)
    assert texter.text("1").said


def asked(hall: Hall, texter: Texter, text: str, leaf: str, person: Person) -> None:
    """A query is answered with what the BSS has; what it needs it asks for."""
    node_id, *constants = leaf.split("/")
    node = texter.model.nodes[node_id]
    if not isinstance(node, Action):
        assert ended(texter.text(text)) == (leaf, "succeeded")
        return
    args = dict(zip(node.constants, constants, strict=True))
    if node.subject:
        for service in args.values():
            hold(hall, person, service)
    answer = texter.text(text)
    if not answer.closed:  # asks for its parameter
        field = node.fields[0]
        assert answer.texts == [field.ask]
        args[field.name] = {"phone": "13800138006", "short_number": "68006"}[field.type]
        answer = texter.text(args[field.name])
    elif node.fields:
        args |= {field.name: _given(field.type, text) for field in node.fields}
    assert ended(answer) == (leaf, "succeeded")
    subscriber = person.subscriber if node.subject else ""
    wanted = hall.bss.query(node.name, subscriber, args)
    assert wanted.result == "succeeded"
    assert wanted.values.items() <= answer.said[0].values.items()


def _given(field_type: str, text: str) -> str:
    """The parameter of a text as the BSS gets it."""
    *_, given = normalise(text).split("#")
    if field_type == "month":
        return "2026-02" if given.endswith("02") else ""
    return given


def hold(hall: Hall, person: Person, service: str) -> None:
    """Sees to it that a service, or one of a family, is held."""
    if service not in {*SERVICES, *FAMILIES} or hall.state(person, service) == "state_active":
        return
    member = FAMILIES.get(service, (service,))[0]
    end(hall, person, member)
    if needs := SERVICES[member].needs:
        hold(hall, person, needs)
    assert hall.order(person, "subscribe", service=member, threshold="1000") == "succeeded"


def end(hall: Hall, person: Person, service: str) -> None:
    """Sees to it that a service, and what can't stand beside it, is not held."""
    family = SERVICES[service].family if service in SERVICES else ""
    for one in {service, *({family} & STEPS)}:
        assert hall.order(person, "unsubscribe", service=one) in ("succeeded", "not_active")
        assert hall.state(person, one) == "state_inactive"


def changed(hall: Hall, texter: Texter, spelling: str, row: Row, person: Person) -> None:
    """An order states its terms, is confirmed, and the BSS has done it."""
    leaf = leaf_of(row)
    if leaf == "redeem":
        redeemed(hall, texter, spelling, row, person)
    elif row.kind == "unsubscribe":
        cancelled(hall, texter, spelling, leaf, person)
    else:
        service = leaf.split("/")[1]
        for text in texts(row, spelling):
            end(hall, person, service)
            if needs := SERVICES[service].needs:
                hold(hall, person, needs)
            ordered(hall, texter, text, row, person)


def ordered(hall: Hall, texter: Texter, text: str, row: Row, person: Person) -> None:
    """A service is quoted, agreed to, and then active, or booked when it begins later."""
    leaf = leaf_of(row)
    _, service, *effective = leaf.split("/")
    price = quoted(texter.text(text), service)
    confirmed = texter.text("是") if row.kind != "confirm" else None
    if (
        confirmed is None
    ):  # without its order a confirm code quotes and asks; with it, it is the yes
        texter.text("N")
        opens = row.notes.partition("confirms=")[2].partition(";")[0]
        assert quoted(texter.text(opens), service) == price
        confirmed = texter.text(text)
    wanted = ("accepted", "state_booked") if effective else ("succeeded", "state_active")
    assert ended(confirmed) == (leaf, wanted[0])
    assert hall.state(person, service) == wanted[1]
    end(hall, person, service)


def quoted(answer: Answer, service: str) -> Value:
    """The price that an order states, and that nothing is done yet."""
    assert [closed for closed in answer.closed if closed[1] != "declined"] == []
    (say,) = answer.said
    assert say.values["name"].of == service
    assert say.values["price"].of == CATALOGUE[service]["price"]
    return say.values["price"]


def cancelled(hall: Hall, texter: Texter, spelling: str, leaf: str, person: Person) -> None:
    """A service is ended. One code for a family: none, one and several of it."""
    service = leaf.split("/")[1]
    held = FAMILIES.get(service, (service,))
    hall.order(person, "unsubscribe", service=service)
    assert ended(texter.text(spelling)) == (leaf, "not_active")
    for several in (held[:1], held[:2])[: len(held)]:
        for member in several:
            if needs := SERVICES[member].needs:
                hold(hall, person, needs)
            assert hall.order(person, "subscribe", service=member, threshold="1000") in DONE
        assert named(texter.text(spelling), "targets") == Counter(several)
        confirmed = texter.text("Y")
        assert ended(confirmed) == (leaf, "succeeded")
        assert named(confirmed, "cancelled") == Counter(several)
        assert hall.state(person, service) == "state_inactive"


def named(answer: Answer, key: str) -> Counter[str]:
    """The services that a text lists."""
    return Counter(row[0].of for row in answer.said[-1].values[key].of)


def redeemed(hall: Hall, texter: Texter, spelling: str, row: Row, person: Person) -> None:
    """Points leave and credit comes, a point a fen."""
    for text in texts(row, spelling):
        fen = 1000 if text.endswith("10") else 550
        before = [
            hall.bss.query(name, person.subscriber, {}).values for name in ("points", "balance")
        ]
        assert texter.text(text).said[0].values["amount"].of == fen
        assert ended(texter.text("y")) == ("redeem", "succeeded")
        after = [
            hall.bss.query(name, person.subscriber, {}).values for name in ("points", "balance")
        ]
        assert after[0]["points"].of == before[0]["points"].of - fen
        assert after[1]["balance"].of == before[1]["balance"].of + fen


# -- passwords -------------------------------------------------------------------------------------


def identity(person: Person) -> str:
    """A subscriber's identity number."""
    index = [other.subscriber for other, _ in people()].index(person.subscriber)
    return identity_of(index, person.born)


def applied(hall: Hall, texter: Texter, spelling: str, person: Person) -> None:
    """The identity number gets a password, which comes by text and is then the password."""
    answer = texter.text(f"{spelling}#{identity(person)}")
    if ended(answer) == ("apply_password", "already_active"):  # the row's other spelling
        return
    assert ended(answer) == ("apply_password", "succeeded")
    number, made = hall.sent[-1]
    assert number == person.number
    assert hall.bss.verify(person.number, made).result == "succeeded"


def reset(hall: Hall, texter: Texter, spelling: str, person: Person) -> None:
    """The identity number gets another password; one that fails its checksum is asked for again."""
    wrong = identity(person)[:-1] + ("0" if identity(person)[-1] != "0" else "1")
    asked_again = texter.text(f"{spelling}#{wrong}")
    assert asked_again.texts == ["identity_bad_checksum"]
    assert ended(texter.text(identity(person))) == ("reset_password", "succeeded")
    assert hall.bss.verify(person.number, hall.sent[-1][1]).result == "succeeded"


def rechanged(hall: Hall, texter: Texter, spelling: str, person: Person) -> None:
    """The old password and a new one: the new one is the password then."""
    reset(hall, texter, "CZMM", person)
    old, new = hall.sent[-1][1], password_of(3)
    assert ended(texter.text(f"{spelling}#{old}#{new}")) == ("change_password", "succeeded")
    assert hall.bss.verify(person.number, new).result == "succeeded"


SECRETS: dict[str, Callable[[Hall, Texter, str, Person], None]] = {
    "apply_password": applied,
    "change_password": rechanged,
    "reset_password": reset,
}


# -- the tables and the books ----------------------------------------------------------------------


def test_the_tables_are_whole() -> None:
    """354 rows with 384 spellings of 158 services, as CONFLICTS.md of the facts counts them."""
    assert len(rows()) == 354
    assert len({spelling for row in rows() for spelling in row.spellings}) == 384
    assert len({row.service for row in rows()}) == 158
    assert sum(any(word in row.notes for word in ("uncertain",)) for row in rows()) == 29


def test_each_service_is_in_the_catalogue_once() -> None:
    """158 printed services, one catalogue entry each."""
    printed = [name for row in CATALOGUE.values() if (name := row.get("printed", row["zh-CN"]))]
    assert sorted(map(str, printed)) == sorted({row.service for row in rows()})


def test_prices_are_the_printed_ones_or_marked() -> None:
    """A service whose name has a price costs that; any other price is marked synthetic."""
    for id_, service in CATALOGUE.items():
        named = re.search(r"(\d+|一)元", str(service["zh-CN"]))
        price = 100 * int(named[1].replace("一", "1")) if named else 0
        if id_ in SERVICES and not service.get("synthetic"):
            assert service["price"] == price, id_


@pytest.mark.parametrize("table", BOOKS)
def test_a_book_has_its_table_and_nothing_else(table: str) -> None:
    """No spelling is missing, none was added, and a row printed twice stands there once."""
    codes = site().codes[BOOKS[table]]
    texted = Counter(spelling for code in codes for spelling in code.spellings)
    printed = {
        (row.spellings, row.params if row.spellings[0] == "HF" else "")
        for row in rows()
        if row.table == table
    }
    assert texted == Counter(spelling for spellings, _ in printed for spelling in spellings)


def test_confirm_codes_are_their_code_and_91() -> None:
    """18 of the 27 titles have one, and it confirms the code that the table says."""
    confirms = {code.spellings[0]: code.confirms for code in site().codes["t2"] if code.confirms}
    assert len(confirms) == 18
    assert all(spelling == f"{opens}91" for spelling, opens in confirms.items())
