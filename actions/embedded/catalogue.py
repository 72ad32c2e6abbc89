"""What the embedded BSS sells: services, families, plans and the rules between them.

Prices are integer fen, data volumes KB, days YYYY-MM-DD. The names of all ids stand in
catalogue.json, for whoever writes the texts; nothing is read from it here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

GOTONE, EASYOWN, MZONE = "gotone", "easyown", "mzone"


class Service(NamedTuple):
    """A service and the rules of its order. `family`: the services that one code speaks of."""

    family: str = ""
    needs: str = ""  # a service or family that must be active first
    postpaid: bool = False  # not sold to prepaid subscribers
    data: int = 0  # included in a month


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


class Tariff(NamedTuple):
    """A service's price, by version. `cycle` is month | year | once | none."""

    service: str
    version: str
    price: int
    cycle: str
    since: str
    withdrawn: bool = False  # no longer sold from then on


SERVICES: Mapping[str, Service] = {  # what can be held
    "balance_alert": Service(),
    "sms_bill": Service("e_bill"),
    "mms_bill": Service("e_bill", needs="gprs"),
    "my10086": Service(),
    "caller_id": Service(),
    "ringback": Service(),
    "gprs_std": Service("gprs"),
    "gprs_5": Service("gprs", data=30 << 10),
    "gprs_20": Service("gprs", data=150 << 10),
    "gprs_50": Service("gprs", data=500 << 10),
    "gprs_100": Service("gprs", data=2 << 20),
    "gprs_200": Service("gprs", postpaid=True, data=5 << 20),
    "call_reminder": Service(needs="caller_id"),
    "fetion": Service(),
}

STEPS = frozenset(("gprs",))
"""Families of which one is active at a time: another is a change from the next cycle."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    family: tuple(name for name, service in SERVICES.items() if service.family == family)
    for family in ("e_bill", "gprs")
}

PLANS: Mapping[str, Plan] = {
    "plan_gotone_88": Plan(GOTONE, False, 8800, 350, 100, 200),
    "plan_gotone_128": Plan(GOTONE, False, 12800, 600, 200, 500),
    "plan_easyown_std": Plan(EASYOWN, True, 0, 0, 0, 0),
    "plan_easyown_home": Plan(EASYOWN, True, 1000, 50, 20, 100),
    "plan_mzone_20": Plan(MZONE, True, 2000, 60, 300, 0),
    "plan_mzone_data": Plan(MZONE, True, 3000, 30, 200, 0, 100 << 10, "gprs"),
}

_FREE = {*FAMILIES["e_bill"], "e_bill", "balance_alert", "service_password", "my10086", "fetion"}
_BEGIN = "1999-01-01"

TARIFFS: tuple[Tariff, ...] = (
    *(Tariff(service, "1", 0, "none", _BEGIN) for service in sorted(_FREE)),
    Tariff("gprs_std", "1", 0, "none", _BEGIN),  # paid by use
    *(Tariff(f"gprs_{n}", "1", n * 100, "month", _BEGIN) for n in (5, 20, 50, 100, 200)),
    Tariff("caller_id", "1", 1000, "month", _BEGIN),
    Tariff("caller_id", "2", 500, "month", "2006-01-01"),
    Tariff("ringback", "1", 500, "month", _BEGIN),
    Tariff("call_reminder", "1", 300, "month", _BEGIN),
)

OPERATORS: Mapping[str, frozenset[str]] = {
    operator: frozenset(prefixes.split())
    for operator, prefixes in {
        "cmcc": "134 135 136 137 138 139 147 150 151 152 157 158 159 178 182 183 184 187 188 198",
        "unicom": "130 131 132 145 155 156 166 171 175 176 185 186",
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
