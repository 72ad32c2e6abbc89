"""The embedded BSS's statements: what was used and what is left of a service or a topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actions.embedded import history
from actions.embedded.catalogue import FAMILIES, PLANS, SERVICES, Service
from actions.embedded.people import Person
from actions.embedded.store import Held
from dialog.values import Value, count, data, duration, name, number

Rows = list[tuple[Value, Value]]
_MMS, _COINS, _HOURS = 30, 500, 40 * 3600


def used_and_left(used: Value, left: Value) -> Rows:
    """The two rows of something that comes in a fixed amount."""
    return [(name("item_used"), used), (name("item_left"), left)]


def of_service(person: Person, id_: str, held: tuple[Held, ...], today: str) -> Rows | None:
    """The statement of what is held: a service, or a family's data; None when it is not held."""
    members = FAMILIES.get(id_, (id_,))
    packs = [SERVICES[one.service] for one in held if one.service in members and one.on(today)]
    if not packs:
        return None
    included, counted = _included(packs)
    used = history.used_of(person, id_, included, today)
    if id_ in FAMILIES and counted is data:  # data is used from one purse
        used = min(included, history.use(person, today[:7], today).data)
    return used_and_left(counted(used), counted(included - used))


def _included(packs: list[Service]) -> tuple[int, Callable[[int], Value]]:
    if any(pack.data for pack in packs):
        return sum(pack.data for pack in packs), data
    if any(pack.minutes for pack in packs):
        return sum(pack.minutes for pack in packs), lambda n: count(n, "minute")
    return sum(pack.messages for pack in packs), lambda n: count(n, "message")


COUNTED = frozenset(
    id_
    for id_ in (*SERVICES, *FAMILIES)
    if any(
        pack.data or pack.minutes or pack.messages
        for pack in map(SERVICES.__getitem__, FAMILIES.get(id_, (id_,)))
    )
)
"""Services and families that come with something to count."""


def _plan_messages(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    most = PLANS[person.plan].messages
    used = min(most, history.use(person, today[:7], today).messages)
    return used_and_left(count(used, "message"), count(most - used, "message"))


def _plan_quota(person: Person, held: tuple[Held, ...], today: str) -> Rows:
    plan, used = PLANS[person.plan], history.use(person, today[:7], today)
    left = max(0, history.allowance(person, held, today) - used.data)
    return [
        (name("item_left_calls"), count(max(0, plan.minutes - used.minutes), "minute")),
        (name("item_left_messages"), count(max(0, plan.messages - used.messages), "message")),
        (name("item_left_data"), data(left)),
    ]


def _free_resources(person: Person, held: tuple[Held, ...], today: str) -> Rows:
    plan, used = PLANS[person.plan], history.use(person, today[:7], today)
    free = min(used.data, history.allowance(person, held, today))
    return [
        (name("item_used_calls"), count(min(plan.minutes, used.minutes), "minute")),
        (name("item_used_messages"), count(min(plan.messages, used.messages), "message")),
        (name("item_used_data"), data(free)),
    ]


def _messages(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    return _one(count(history.use(person, today[:7], today).messages, "message"))


def _mms(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    return _one(count(history.used_of(person, "mms", _MMS, today), "message"))


def _wlan(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    return _one(data(history.used_of(person, "wlan", 1 << 20, today)))


def _broadband(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    return _one(duration(history.used_of(person, "broadband", _HOURS, today) // 60 * 60))


def _coins(person: Person, _held: tuple[Held, ...], today: str) -> Rows:
    return [(name("item_left"), number(history.used_of(person, "coins", _COINS, today)))]


def _one(used: Value) -> Rows:
    return [(name("item_used"), used)]


TOPICS: Mapping[str, Callable[[Person, tuple[Held, ...], str], Rows]] = {
    "plan_messages": _plan_messages,
    "plan_quota": _plan_quota,
    "free_resources": _free_resources,
    "month_messages": _messages,
    "mms_sent": _mms,
    "campus_wlan": _wlan,
    "broadband_time": _broadband,
    "sms_coins": _coins,
}
"""The statements of what everybody has, by topic."""
