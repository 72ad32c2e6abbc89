"""What a subscriber used, was billed and paid, month by month, relative to today.

Use and payments are drawn by seed from subscription and month, so that five months of history
stand behind any day that the clock shows; what is held adds its own charge.
"""

from __future__ import annotations

import hashlib
import struct
from calendar import monthrange
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from actions.embedded.catalogue import PLANS, SERVICES
from actions.embedded.people import Person
from actions.embedded.store import Held

KEPT = 5  # months of bills before this one
_CALL, _MESSAGE, _DATA = 20, 10, 10  # fen for what the plan lacks: a minute, a message, an MB


class Use(NamedTuple):
    """A month's use so far. Data is KB, roaming fen."""

    minutes: int
    messages: int
    vnet: int
    data: int
    roaming: int


class Bill(NamedTuple):
    """A month's bill: items by catalogue id, in fen; `discount` is what the plan saved."""

    month: str
    items: tuple[tuple[str, int], ...]
    discount: int

    @property
    def total(self) -> int:
        """The sum in fen."""
        return sum(amount for _, amount in self.items)


def month_before(month: str, back: int = 1) -> str:
    """The month so many months earlier."""
    count = int(month[:4]) * 12 + int(month[5:7]) - 1 - back
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def next_month(day: str) -> str:
    """The first day of the month after a day's."""
    return month_before(day, -1) + "-01"


def use(person: Person, month: str, today: str) -> Use:
    """What was used in a month, up to `today`."""
    minutes, messages, vnet, data, roaming = _drawn(f"{person.subscriber} {month}")
    plan = PLANS[person.plan]
    whole = Use(
        minutes % (plan.minutes + 150),
        messages % (plan.messages + 60),
        vnet % (plan.vnet + 1),
        data % (80 << 10),
        roaming % 3000 if roaming % 5 == 0 else 0,
    )
    if month != today[:7]:
        return whole
    return Use(*[_so_far(part, today) for part in whole])


def allowance(person: Person, held: Iterable[Held], day: str) -> int:
    """The data included in a day's month, in KB; packs for one use alone are not counted."""
    packs = (SERVICES[one.service] for one in held if one.on(day))
    included = sum(pack.data for pack in packs if pack.family == "gprs")
    return PLANS[person.plan].data + included


def bill(person: Person, held: Iterable[Held], month: str, today: str) -> Bill:
    """A month's bill, up to `today` when it is this month."""
    plan, used, held = PLANS[person.plan], use(person, month, today), tuple(held)
    last = min(today, f"{month}-31")
    data = max(0, used.data - allowance(person, held, last))
    items = [
        ("item_monthly_fee", plan.monthly),
        ("item_calls", max(0, used.minutes - plan.minutes) * _CALL),
        ("item_messages", max(0, used.messages - plan.messages) * _MESSAGE),
        ("item_data", -(-data // 1024) * _DATA),
        ("item_roaming", used.roaming),
        *((one.service, one.price) for one in held if _charged(one, month, last)),
    ]
    kept = tuple((item, amount) for item, amount in items if amount)
    saved = min(used.minutes, plan.minutes) * _CALL + min(used.messages, plan.messages) * _MESSAGE
    return Bill(month, kept or (("item_monthly_fee", 0),), saved)


def _charged(one: Held, month: str, last: str) -> bool:
    """Whether a service is on a month's bill: where it began, and where it was renewed."""
    began = one.since[:7]
    if began == month:
        return one.since <= last
    if one.since > last or (one.until and one.until <= f"{month}-01"):
        return False
    return one.cycle == "month" or (one.cycle == "year" and began[5:] == month[5:])


def payments(person: Person, today: str) -> tuple[tuple[str, int], ...]:
    """Days and amounts of what was paid in the last months, latest first."""
    return _dated(person, "paid", today, (3000, 5000, 10_000, 10_000, 20_000))


def records(person: Person, topic: str, today: str) -> tuple[tuple[str, int], ...]:
    """Days and amounts of a topic's list, latest first."""
    amounts = {"rebates": (500, 1000, 2000), "sp_charges": (100, 200, 300)}
    return _dated(person, topic, today, amounts.get(topic, (3000, 5000, 10_000)))


def _dated(
    person: Person, what: str, today: str, amounts: tuple[int, ...]
) -> tuple[tuple[str, int], ...]:
    found = []
    for back in range(KEPT + 1):
        month = month_before(today, back)
        when, amount, *_ = _drawn(f"{person.subscriber} {what} {month}")
        day = f"{month}-{when % 28 + 1:02d}"
        if day <= today:
            found.append((day, amounts[amount % len(amounts)]))
    return tuple(found)


def used_of(person: Person, what: str, most: int, today: str) -> int:
    """How much of something countable was used this month so far, `most` at most."""
    drawn, *_ = _drawn(f"{person.subscriber} {what} {today[:7]}")
    return _so_far(drawn % (most + 1), today)


def _so_far(whole: int, today: str) -> int:
    """A whole month's part up to today."""
    day, days = _of_days(today)
    return whole * day // days


@lru_cache(maxsize=64)
def _of_days(today: str) -> tuple[int, int]:
    """The day's number in its month, and how many days that has."""
    return int(today[8:10]), monthrange(int(today[:4]), int(today[5:7]))[1]


def _drawn(seed: str) -> tuple[int, ...]:
    """Five large numbers, the same each time they are asked for."""
    return struct.unpack("<5Q", hashlib.blake2b(seed.encode(), digest_size=40).digest())


def valid_until(person: Person, today: str) -> str:
    """The account's validity: to the next anniversary of joining."""
    anniversary = f"{today[:4]}{person.joined[4:]}"
    return anniversary if anniversary > today else f"{int(today[:4]) + 1}{person.joined[4:]}"


def senior(person: Person, today: str) -> bool:
    """Whether the subscriber is 65 or older."""
    return f"{int(person.born[:4]) + 65}{person.born[4:]}" <= today
