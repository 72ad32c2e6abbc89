"""The embedded BSS's orders: on what terms one may be had, and how it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from actions.embedded import passwords
from actions.embedded.catalogue import FAMILIES, PLANS, SERVICES, STEPS, Service, places
from actions.embedded.history import next_month
from actions.embedded.people import Person
from actions.embedded.store import Store
from dialog.events import Quote
from dialog.fields import TYPES, BadField
from dialog.values import Value, count, date, name, rows

SECRET_VERBS = ("apply_password", "change_password", "reset_password")
_FREE = Quote(0, "none", "", "now")
_NEXT_CYCLE = "next_cycle"


class Terms(NamedTuple):
    """What an order would do. `word` is succeeded, accepted or the reason why it is refused.

    `starts` begins on `since`, and the rows `ends` end then; `threshold` and `redeems` are fen.
    """

    word: str
    quote: Quote | None = None
    starts: str = ""
    since: str = ""
    ends: tuple[int, ...] = ()
    threshold: int = 0
    redeems: int = 0  # for as many points


def terms(
    store: Store,
    person: Person | None,
    verb: str,
    args: Mapping[str, str],
    today: str,
    *,
    blind: bool = False,
) -> Terms:
    """Judges an order; changes nothing.

    `blind` is the BSS that does not see what it has done already: not_at_all.
    """
    if person is None:
        return Terms("not_our_subscriber")
    if person.suspended:
        return Terms("subscriber_suspended")
    if verb == "subscribe":
        return _subscribe(store, person, args, today, blind)
    if verb == "unsubscribe":
        return _unsubscribe(store, person, args.get("service", ""), today)
    if verb == "redeem":
        return _redeem(person, args.get("amount", ""))
    if verb not in SECRET_VERBS:
        return Terms("bad_parameter")
    if verb == "apply_password" and person.password:
        return Terms("already_active")
    if verb != "apply_password" and not person.password:
        return Terms("not_active")
    return Terms("succeeded", _FREE)


def _subscribe(
    store: Store, person: Person, args: Mapping[str, str], today: str, blind: bool
) -> Terms:
    wanted = args.get("service", "")
    service = SERVICES.get(wanted)
    threshold = args.get("threshold", "") if wanted == "balance_alert" else "0"
    if service is None or not threshold.isdigit():
        return Terms("bad_parameter")
    tariff = store.tariff(wanted, today)
    if tariff is None or tariff.withdrawn:
        return Terms("service_withdrawn")
    held = [one for one in store.held(person.subscriber) if not one.until or one.until > today]
    same = [one for one in held if one.service == wanted and not one.until]
    moved = bool(same) and int(threshold) not in (0, person.threshold)
    family = [one for one in held if service.family in STEPS & {SERVICES[one.service].family}]
    have = {one.service for one in held if one.on(today)}
    have |= {SERVICES[service].family for service in have}
    word = ""
    if same and not moved and not blind:
        word = "already_active"
    elif not _may_have(person, service):
        word = "not_eligible"
    elif PLANS[person.plan].excludes in {wanted, service.family} - {""}:
        word = "exclusive_conflict"
    elif any(one.since > today for one in family) and not blind:
        word = "order_in_progress"  # a change of step is booked already
    elif service.needs and service.needs not in have:
        word = "prerequisite_missing"
    later = (bool(family) and not same) or args.get("effective") == _NEXT_CYCLE
    if not word and person.prepaid and not later and person.balance < tariff.price:
        word = "insufficient_balance"
    if word:
        return Terms(word)
    since = next_month(today) if later else today
    effective = _NEXT_CYCLE if later else "now"
    quote = Quote(tariff.price, tariff.cycle, tariff.version, effective)
    ends = tuple(one.id for one in family) if later else ()
    done = "accepted" if later else "succeeded"
    return Terms(done, quote, "" if moved else wanted, since, ends, int(threshold))


def _may_have(person: Person, service: Service) -> bool:
    """Whether a service is sold to such a subscriber at all."""
    return (
        service.operator == PLANS[person.plan].operator
        and service.prepaid in (None, person.prepaid)
        and (not service.brands or person.brand in service.brands)
        and (not service.tiers or person.tier in service.tiers)
        and (not service.provinces or places()[person.place] in service.provinces)
    )


def _redeem(person: Person, amount: str) -> Terms:
    """Points for credit: a point is a fen. Free of charge, at once."""
    if not amount.isdigit() or not int(amount):
        return Terms("bad_parameter")
    if person.points < int(amount):
        return Terms("insufficient_balance")
    return Terms("succeeded", _FREE, redeems=int(amount))


def _unsubscribe(store: Store, person: Person, service: str, today: str) -> Terms:
    members = FAMILIES.get(service, (service,) if service in SERVICES else ())
    if not members:
        return Terms("bad_parameter")
    held = [one for one in store.held(person.subscriber) if one.service in members]
    ends = [one for one in held if not one.until or one.until > today]  # booked ones, too
    if not ends:
        return Terms("not_active")
    meant = tuple(dict.fromkeys(one.service for one in ends))
    quote = _FREE._replace(targets=meant)
    return Terms("succeeded", quote, "", today, tuple(one.id for one in ends))


def carry_out(store: Store, person: Person, agreed: Terms, today: str) -> dict[str, Value]:
    """Makes the change and its charge, inside `store.change`; gives the values of the answer.

    Prepaid subscribers pay from the balance at once, the others on the month's bill.
    """
    assert agreed.quote is not None
    store.end_held(agreed.ends, agreed.since)
    if agreed.starts:
        tariff = store.tariff(agreed.starts, today)
        assert tariff is not None
        store.add_held(person.subscriber, agreed.since, tariff)
        if person.prepaid and agreed.since == today and tariff.price:
            store.set_person(person, balance=person.balance - tariff.price)
    if agreed.redeems:
        left = person.points - agreed.redeems
        balance = person.balance + agreed.redeems
        store.set_person(person, points=left, balance=balance)
        return {"points": count(agreed.redeems, "point"), "left": count(left, "point")}
    if agreed.threshold:
        store.set_person(person, threshold=agreed.threshold)
    if agreed.ends and not agreed.starts:
        return {"cancelled": rows((name(service),) for service in agreed.quote.targets)}
    return {"from": date(agreed.since)}


def set_password(store: Store, person: Person, verb: str, args: Mapping[str, str]) -> Terms | str:
    """Checks the secrets of an order and sets the password, inside `store.change`.

    Gives the new password for the BSS to text (it leaves the BSS in no other way), "" when the
    subscriber chose it, or Terms with the reason why nothing was done.
    """
    if verb == "change_password":
        old, new = args.get("old", ""), args.get("new", "")
        if not passwords.matches(person.password, old):
            return Terms("wrong_password")
        if not _well_formed("new_password", new) or new == old:
            return Terms("bad_parameter")
        store.set_person(person, password=passwords.hash_of(new))
        return ""
    identity = args.get("identity", "")
    if not _well_formed("identity", identity):
        return Terms("bad_parameter")
    bare = identity.upper().replace("*", "X")
    if not passwords.identity_matches(person.salt, person.identity, bare):
        return Terms("identity_mismatch")
    new = passwords.fresh()
    store.set_person(person, password=passwords.hash_of(new))
    return new


def _well_formed(kind: str, text: str) -> bool:
    try:
        TYPES[kind].check(text, "")
    except BadField:
        return False
    return True
