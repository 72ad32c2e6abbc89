"""The synthetic subscribers, the same on every machine: a small cast by hand, the rest by seed.

Numbers run on from 13800138000, in one block that is nobody's address book, and those of another
operator from 18600138000; identity numbers have a region that was never assigned and a valid check
digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from actions.embedded.catalogue import CMCC, PLANS, UNICOM, places
from actions.embedded.passwords import identity_hash, shipped

FIRST = 13_800_138_000
COUNT = 1200
OTHERS_FIRST = 18_600_138_000
OTHERS = 40
"""Subscribers of another operator, on top of the count."""
_SEED = 10_086
_NUMBERS_AFTER = 7919  # subscription ids do not follow the numbers


class Person(NamedTuple):
    """A subscription. Amounts are fen, `credit` the limit of it; days are YYYY-MM-DD."""

    subscriber: str
    number: str
    brand: str
    plan: str
    tier: str
    place: str
    language: str
    born: str
    roaming: str
    suspended: int
    balance: int
    credit: int
    points: int
    joined: str
    threshold: int  # of the balance alert
    salt: bytes
    identity: bytes
    password: str  # argon2id; "" = none was ever set

    @property
    def prepaid(self) -> bool:
        """Whether orders are paid from the balance at once."""
        return PLANS[self.plan].prepaid


class Cast(NamedTuple):
    """One subscriber with a part to play: what differs from the usual, and what is active."""

    differs: dict[str, Any]
    active: tuple[str, ...] = ()


CAST: tuple[Cast, ...] = (
    # 13800138000: the one of the examples, GoTone, gold, 58.60 yuan, identity 990000197503080008
    Cast(
        {"plan": "plan_gotone_88", "tier": "gold", "balance": 5860, "place": "place_beijing"}
        | {"born": "1975-03-08", "points": 3250},
        ("sms_bill", "ringback", "my10086"),
    ),
    # 13800138001: prepaid, hardly any money left
    Cast({"plan": "plan_easyown_std", "balance": 320}),
    # 13800138002: prepaid, M-Zone, every paid service, GPRS 20
    Cast(
        {"plan": "plan_mzone_20", "balance": 4500},
        ("caller_id", "ringback", "call_reminder", "gprs_20", "fetion", "balance_alert"),
    ),
    # 13800138003: a senior
    Cast({"plan": "plan_gotone_88", "born": "1938-10-01"}, ("caller_id",)),
    # 13800138004: suspended for debt
    Cast({"plan": "plan_gotone_128", "balance": -1250, "suspended": 1}, ("caller_id",)),
    # 13800138005: has no service password yet
    Cast({"plan": "plan_easyown_home", "balance": 2600, "password": ""}),
    # 13800138006: both bills, GPRS 50
    Cast({"plan": "plan_gotone_128"}, ("gprs_50", "sms_bill", "mms_bill")),
    # 13800138007: diamond card, abroad
    Cast({"plan": "plan_gotone_128", "tier": "diamond", "roaming": "abroad"}, ("gprs_100",)),
    # 13800138008: a plan that includes data and excludes the GPRS packs
    Cast({"plan": "plan_mzone_data", "balance": 6000}),
    # 13800138009: supreme card, prefers English
    Cast({"plan": "plan_gotone_128", "tier": "supreme", "language": "en"}, ("gprs_200",)),
)

_OPTIONS = (
    *("sms_120", "ip_1000", "mms_option", "m_plan_sms", "m_plan_data", "vnet_month", "warm_home"),
    *("film_fans", "geography", "china_daily", "music_club", "mobile_news", "call_waiting"),
)
"""What others may hold beside the services of the calls."""

_USUAL = {"tier": "", "language": "", "roaming": "home", "suspended": 0, "balance": 8000}
_CREDIT = {"": 5000, "silver": 10_000, "gold": 30_000, "diamond": 100_000, "supreme": 300_000}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number_of(index: int) -> str:
    """The number of the subscriber of this index."""
    return str(FIRST + index)


def number_of_short(short: str) -> str:
    """The number behind a V-net's short number: 6 and its last four digits; "" for none."""
    return f"{FIRST // 10_000}{short[1:]}" if len(short) == 5 and short[0] == "6" else ""


def subscriber_of(index: int) -> str:
    """The subscription's id."""
    return f"S{10_000_000 + index * _NUMBERS_AFTER % 1_000_003:08d}"


def identity_of(index: int, born: str) -> str:
    """The identity number of a subscriber: region 990000, birthday, serial, check digit.

    The check digit is that of GB 11643-1999.
    """
    body = f"990000{born.replace('-', '')}{index % 1000:03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def people(count: int = COUNT) -> Iterator[tuple[Person, dict[str, str]]]:
    """Each subscriber with the services that are active from the start and since when."""
    dice, more = Random(_SEED), Random(_SEED + 1)  # noqa: S311  the same every time, not secrets
    homes = list(places())
    for index in range(count):
        row = _drawn(dice, homes, index)
        active = _services(dice, row["plan"])
        if index < len(CAST):
            row |= _USUAL | {"password": shipped()[index]} | CAST[index].differs
            active = CAST[index].active
        elif more.random() < 0.3:
            active += tuple(more.sample(_OPTIONS, more.randint(1, 3)))
        if not row["credit"] and not PLANS[row["plan"]].prepaid:
            row["credit"] = _CREDIT[row["tier"]]
        row["brand"] = PLANS[row["plan"]].brand
        row["threshold"] = 1000 if "balance_alert" in active else 0
        identity = identity_of(index, row["born"])
        row["identity"] = identity_hash(row["salt"], identity)
        since = {name: _day(dice, 2008, 2008) for name in active}
        yield Person(**row), since
    yield from _others(count)


def _others(count: int) -> Iterator[tuple[Person, dict[str, str]]]:
    """The subscribers of another operator; the first one has two third-party services."""
    dice = Random(_SEED + 2)  # noqa: S311  the same every time, not secrets
    homes = list(places())
    for n in range(OTHERS):
        row = _drawn(dice, homes, count + n, UNICOM) | {"number": str(OTHERS_FIRST + n)}
        active = tuple(dice.sample(("unicom_jokes", "unicom_stocks", "unicom_health"), n % 3))
        if not n:
            row |= _USUAL | {"plan": "plan_wo_66", "balance": 4210}
            active = ("unicom_jokes", "unicom_stocks")
        row |= {
            "credit": 5000 * (not PLANS[row["plan"]].prepaid),
            "brand": PLANS[row["plan"]].brand,
        }
        row |= {"threshold": 0, "identity": identity_hash(row["salt"], identity_of(n, row["born"]))}
        yield Person(**row), {name: _day(dice, 2008, 2008) for name in active}


def _drawn(dice: Random, homes: list[str], index: int, operator: str = CMCC) -> dict[str, Any]:
    plan = dice.choice([name for name, plan in PLANS.items() if plan.operator == operator])
    prepaid = PLANS[plan].prepaid
    tier = "" if prepaid else dice.choice(("", "", "", "silver", "silver", "gold", "diamond"))
    poor = dice.random() < 0.15
    return {
        "subscriber": subscriber_of(index),
        "number": number_of(index),
        "plan": plan,
        "tier": tier,
        "place": dice.choice(homes),
        "language": dice.choice(("", "", "", "zh-CN", "en")),
        "born": _day(dice, 1932, 1990),
        "roaming": dice.choices(("home", "abroad", "unknown"), (94, 3, 3))[0],
        "suspended": int(dice.random() < 0.03),
        "balance": dice.randrange(-2000, 500) if poor else dice.randrange(500, 30_000),
        "credit": 0,
        "points": dice.randrange(0, 20_000),
        "joined": _day(dice, 1999, 2007),
        "salt": dice.randbytes(8),
        "password": "" if dice.random() < 0.1 else shipped()[index % len(shipped())],
    }


def _services(dice: Random, plan: str) -> tuple[str, ...]:
    single = ("caller_id", "ringback", "sms_bill", "my10086", "fetion", "balance_alert")
    active = [name for name in single if dice.random() < 0.3]
    if PLANS[plan].excludes != "gprs" and dice.random() < 0.5:
        active.append(dice.choice(("gprs_std", "gprs_5", "gprs_20", "gprs_50", "gprs_100")))
    return tuple(active)


def _day(dice: Random, first: int, last: int) -> str:
    return f"{dice.randint(first, last)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"
