"""The embedded BSS's queries: values out of its data, relative to today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from actions.embedded import history, statements
from actions.embedded.catalogue import (
    FAMILIES,
    PLANS,
    RECORDS,
    SERVICES,
    operator_of,
    place_of,
)
from actions.embedded.people import Person, number_of_short
from actions.embedded.store import Held, Store
from dialog.values import (
    Value,
    count,
    data,
    date,
    digits,
    money,
    month,
    name,
    place,
    rows,
)


class Asked(NamedTuple):
    """A query about a subscription on a day."""

    store: Store
    person: Person
    args: Mapping[str, str]
    today: str

    def held(self) -> tuple[Held, ...]:
        """What the subscription holds, held or has booked."""
        return self.store.held(self.person.subscriber)

    def bill(self, of: str) -> history.Bill:
        """A month's bill."""
        return history.bill(self.person, self.held(), of, self.today)


Answer = dict[str, Value] | str
"""Values of a success, or a reason."""


def _balance(asked: Asked) -> Answer:
    spent = asked.bill(asked.today[:7]).total
    return {"balance": money(asked.person.balance), "spent": money(spent)}


def _billed(bill: history.Bill) -> Answer:
    items = rows((name(item), money(amount)) for item, amount in bill.items)
    return {"month": month(bill.month), "total": money(bill.total), "items": items}


def _last_bill(asked: Asked) -> Answer:
    return _billed(asked.bill(history.month_before(asked.today)))


def _bill(asked: Asked) -> Answer:
    wanted = asked.args.get("month") or asked.today[:7]
    return _billed(asked.bill(wanted)) if _kept(asked, wanted) else "bad_parameter"


def _kept(asked: Asked, wanted: str) -> bool:
    """Whether a month is this one or one of those whose bills are kept."""
    this = asked.today[:7]
    return history.month_before(this, history.KEPT) <= wanted <= this


def _discount_money(asked: Asked) -> Answer:
    return {"amount": money(asked.bill(asked.today[:7]).discount)}


def _discount_usage(asked: Asked) -> Answer:
    used, plan = history.use(asked.person, asked.today[:7], asked.today), PLANS[asked.person.plan]
    return {
        "calls": count(min(used.minutes, plan.minutes), "minute"),
        "messages": count(min(used.messages, plan.messages), "message"),
        "vnet": count(used.vnet, "minute"),
    }


def _data_usage(asked: Asked) -> Answer:
    used = history.use(asked.person, asked.today[:7], asked.today).data
    included = history.allowance(asked.person, asked.held(), asked.today)
    return {"used": data(used), "left": data(max(0, included - used))}


def _payments(asked: Asked) -> Answer:
    """Of a month, where one is asked for: its sum when nothing was paid on any day of it."""
    wanted = asked.args.get("month", "")
    if wanted and not _kept(asked, wanted):
        return "bad_parameter"
    paid = history.payments(asked.person, asked.today)
    items = [(date(day), money(amount)) for day, amount in paid if day.startswith(wanted)]
    return {"items": rows(items or [(month(wanted), money(0))])}


def _records(asked: Asked) -> Answer:
    """A topic's dated amounts; the month's sum when there are none yet."""
    topic = asked.args.get("service", "")
    if topic not in RECORDS:
        return "bad_parameter"
    found = history.records(asked.person, topic, asked.today)
    return {"items": rows((date(day), money(amount)) for day, amount in found)}


def _usage(asked: Asked) -> Answer:
    topic = asked.args.get("service", "")
    if topic in statements.TOPICS:
        return {"items": rows(statements.TOPICS[topic](asked.person, asked.held(), asked.today))}
    if topic not in statements.COUNTED:
        return "bad_parameter"
    found = statements.of_service(asked.person, topic, asked.held(), asked.today)
    return "not_active" if found is None else {"items": rows(found)}


def _products(asked: Asked) -> Answer:
    person = asked.person
    monthly = PLANS[person.plan].monthly
    brand = name(f"brand_{person.brand}")
    return {"brand": brand, "plan": name(person.plan), "monthly": money(monthly)}


def _services(asked: Asked) -> Answer:
    active = dict.fromkeys(one.service for one in asked.held() if one.on(asked.today))
    return {"items": rows((name(item),) for item in (asked.person.plan, *active))}


def _validity(asked: Asked) -> Answer:
    return {"until": date(history.valid_until(asked.person, asked.today), year=True)}


def _credit(asked: Asked) -> Answer:
    return {"credit": money(asked.person.credit)}


def _points(asked: Asked) -> Answer:
    return {"points": count(asked.person.points, "point")}


def _status(asked: Asked) -> Answer:
    """Of a family: each member that is held, and the family itself when none is."""
    service = asked.args.get("service", "")
    if service not in SERVICES and service not in FAMILIES:
        return "bad_parameter"
    held = [one for one in asked.held() if service in (one.service, SERVICES[one.service].family)]
    active = [one for one in held if one.on(asked.today)]
    booked = [one for one in held if one.since > asked.today]
    ended = max((one.until for one in held if one.until), default=asked.person.joined)
    if active:
        state, since = "state_active", min(one.since for one in active)
    elif booked:
        state, since = "state_booked", booked[0].since
    else:
        state, since = "state_inactive", ended
    items = [(name(one.service), name("state_active")) for one in active]
    items += [(name(one.service), name("state_booked")) for one in booked]
    return {
        "state": name(state),
        "since": date(since, year=True),
        "items": rows(items or [(name(service), name("state_inactive"))]),
    }


def _long_number(asked: Asked) -> Answer:
    """The number behind a V-net's short number, in the asker's own net."""
    person = asked.store.person_of(number_of_short(asked.args.get("short", "")))
    return "bad_parameter" if person is None else {"number": digits(person.number)}


QUERIES: Mapping[str, Callable[[Asked], Answer]] = {
    "balance": _balance,
    "last_bill": _last_bill,
    "bill": _bill,
    "discount_money": _discount_money,
    "discount_usage": _discount_usage,
    "data_usage": _data_usage,
    "payments": _payments,
    "records": _records,
    "usage": _usage,
    "long_number": _long_number,
    "products": _products,
    "services": _services,
    "validity": _validity,
    "credit": _credit,
    "points": _points,
    "status": _status,
}
"""Queries about a subscription."""


def _describe(store: Store, args: Mapping[str, str], today: str) -> Answer:
    service = args.get("service", "")
    tariff = store.tariff(service, today)
    if tariff is None:
        return "bad_parameter"
    if tariff.withdrawn:
        return "service_withdrawn"
    cycle = name(f"cycle_{tariff.cycle}")
    return {"name": name(service), "price": money(tariff.price), "cycle": cycle}


def _home_location(store: Store, args: Mapping[str, str], today: str) -> Answer:
    """Of our own the recorded home (numbers move), of others that of the number's segment."""
    del today
    number = args.get("number", "")
    if not operator_of(number):
        return "bad_parameter"
    person = store.person_of(number)
    return {"place": place(person.place if person else place_of(number))}


ANYONE: Mapping[str, Callable[[Store, Mapping[str, str], str], Answer]] = {
    "describe": _describe,
    "home_location": _home_location,
}
"""Queries that need no subscriber."""
