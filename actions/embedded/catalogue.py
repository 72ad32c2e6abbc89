"""What the embedded BSS sells: services, families, plans and the rules between them.

The services stand in catalogue.json, one a line, with the names that whoever writes the texts
gives them. Prices are integer fen, data volumes KB, days YYYY-MM-DD.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

GOTONE, EASYOWN, MZONE = "gotone", "easyown", "mzone"
CMCC, UNICOM = "cmcc", "unicom"


class Service(NamedTuple):
    """A service and the rules of its order. `family`: the services that one code speaks of.

    It is sold to these brands, tiers and provinces (none stated: to all), and to prepaid
    subscribers only, to others only, or to both (None).
    """

    family: str = ""
    needs: str = ""  # a service or family that must be active first
    prepaid: bool | None = None
    brands: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    operator: str = CMCC
    data: int = 0  # included in a month
    messages: int = 0
    minutes: int = 0


class Plan(NamedTuple):
    """A subscriber's plan: its monthly fee, what it includes, the family that it excludes."""

    brand: str
    prepaid: bool
    monthly: int
    minutes: int
    messages: int
    vnet: int
    data: int = 0
    excludes: str = ""
    operator: str = CMCC


class Tariff(NamedTuple):
    """A service's price, by version. `cycle` is month | year | once | none."""

    service: str
    version: str
    price: int
    cycle: str
    since: str
    withdrawn: bool = False  # no longer sold from then on


def _read() -> Mapping[str, Mapping[str, Any]]:
    text = Path(__file__).with_name("catalogue.json").read_text("utf-8")
    services: dict[str, dict[str, Any]] = json.loads(text)["services"]
    return services


_ROWS = _read()
_TUPLES = ("brands", "tiers", "provinces")
_BEGIN = "1999-01-01"


def _service(row: Mapping[str, Any]) -> Service:
    given = {name: row[name] for name in Service._fields if name in row}
    return Service(**given | {name: tuple(row[name]) for name in _TUPLES if name in row})


SERVICES: Mapping[str, Service] = {
    id_: _service(row) for id_, row in _ROWS.items() if "kind" not in row
}
"""What can be held."""

TOPICS = frozenset(id_ for id_, row in _ROWS.items() if row.get("kind") == "topic")
"""What can be asked about only."""

RECORDS = frozenset(id_ for id_, row in _ROWS.items() if row.get("records"))
"""The topics that are lists of dated amounts."""

STEPS = frozenset(id_ for id_, row in _ROWS.items() if row.get("steps"))
"""Families of which one is active at a time: another is a change from the next cycle."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    family: tuple(name for name, service in SERVICES.items() if service.family == family)
    for family in dict.fromkeys(service.family for service in SERVICES.values())
    if family
}

PLANS: Mapping[str, Plan] = {
    "plan_gotone_88": Plan(GOTONE, False, 8800, 350, 100, 200),
    "plan_gotone_128": Plan(GOTONE, False, 12800, 600, 200, 500),
    "plan_easyown_std": Plan(EASYOWN, True, 0, 0, 0, 0),
    "plan_easyown_home": Plan(EASYOWN, True, 1000, 50, 20, 100),
    "plan_mzone_20": Plan(MZONE, True, 2000, 60, 300, 0),
    "plan_mzone_data": Plan(MZONE, True, 3000, 30, 200, 0, 100 << 10, "gprs"),
    "plan_wo_66": Plan("wo", False, 6600, 50, 240, 0, 300 << 10, operator=UNICOM),
    "plan_ruyi": Plan("ruyi", True, 0, 0, 0, 0, operator=UNICOM),
}


def _tariffs(id_: str, row: Mapping[str, Any]) -> tuple[Tariff, ...]:
    if "price" not in row:
        return ()
    price, since = row["price"], row.get("since", _BEGIN)
    cycle = row.get("cycle", "none")
    if "earlier" not in row:
        return (Tariff(id_, "1", price, cycle, since),)
    first = Tariff(id_, "1", row["earlier"], cycle, _BEGIN)
    return (first, Tariff(id_, "2", price, cycle, since))


TARIFFS: tuple[Tariff, ...] = tuple(
    tariff for id_, row in _ROWS.items() for tariff in _tariffs(id_, row)
)

OPERATORS: Mapping[str, frozenset[str]] = {
    operator: frozenset(prefixes.split())
    for operator, prefixes in {
        CMCC: "134 135 136 137 138 139 147 150 151 152 157 158 159 178 182 183 184 187 188 198",
        UNICOM: "130 131 132 145 155 156 166 171 175 176 185 186",
        "telecom": "133 149 153 173 177 180 181 189 199",
    }.items()
}


def operator_of(number: str) -> str:
    """Who issued an 11-digit mobile number, by its prefix; "" when nobody did."""
    prefix = number[:3]
    found = (name for name, prefixes in OPERATORS.items() if prefix in prefixes)
    return next(found, "") if len(number) == 11 and number.isdigit() else ""


@cache
def places() -> Mapping[str, str]:
    """Places that a number can be at home in, each with its province's filter word."""
    text = Path(__file__).with_name("places.json").read_text("utf-8")
    loaded: dict[str, str] = json.loads(text)
    return loaded


def place_of(number: str) -> str:
    """The place of a number's segment (its first seven digits); synthetic but for 1380013."""
    names = list(places())
    return names[(int(number[:7]) - 1380013) % len(names)]
