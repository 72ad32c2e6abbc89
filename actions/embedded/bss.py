"""The embedded BSS behind the port: one SQLite file, any number of threads and processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from actions.embedded import history, passwords
from actions.embedded.catalogue import CMCC, PLANS, Tariff, operator_of, places
from actions.embedded.orders import SECRET_VERBS, carry_out, set_password, terms
from actions.embedded.people import COUNT, Person
from actions.embedded.queries import ANYONE, QUERIES, Answer, Asked
from actions.embedded.store import Store
from actions.port import BY_KEY, NOT_AT_ALL, Drops, Result
from dialog.events import Profile, Quote
from dialog.outcomes import DONE

_CODES = {
    "succeeded": "0000",
    "accepted": "0001",
    "bad_parameter": "1001",
    "wrong_password": "1002",
    "identity_mismatch": "1003",
    "not_our_subscriber": "2001",
    "subscriber_suspended": "2002",
    "already_active": "3001",
    "not_active": "3002",
    "order_in_progress": "3003",
    "prerequisite_missing": "3004",
    "exclusive_conflict": "3005",
    "insufficient_balance": "3006",
    "not_eligible": "3007",
    "service_withdrawn": "3008",
    "quote_changed": "3009",
}


class EmbeddedBss:
    """A BSS of its own (a Port). 13800138000 is always among its subscribers, password 135246.

    `now` gives UTC milliseconds. `text(number, password)` sends a subscriber the password that
    the BSS made; without it nobody learns it. Raises WrongFile for another release's file.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], int],
        *,
        zone: str = "Asia/Shanghai",
        drops_duplicates: Drops = BY_KEY,
        text: Callable[[str, str], None] | None = None,
        subscribers: int = COUNT,
    ) -> None:
        self._store = Store(path, subscribers)
        self._now = now
        self._zone = ZoneInfo(zone)
        self._drops = drops_duplicates
        self._text = text

    @property
    def drops_duplicates(self) -> Drops:
        """As it was asked to be: it can play all three kinds of BSS."""
        return self._drops

    @property
    def zone(self) -> str:
        """The time zone of its days."""
        return self._zone.key

    @property
    def at_hand(self) -> bool:
        """It is: its readers wait for nobody, not even for one that writes (WAL)."""
        return True

    def close(self) -> None:
        """Closes the file."""
        self._store.close()

    def profile(self, number: str) -> Profile | None:
        """Who has this number."""
        person = self._store.person_of(number)
        if person is not None:
            return self._profile(person)
        operator = operator_of(number)
        return Profile("", operator) if operator not in ("", CMCC) else None

    def query(self, name: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """Answers a query of actions.signatures; KeyError for another name."""
        if name in ANYONE:
            return _answered(ANYONE[name](self._store, args, self._today()))
        person = self._store.person(subscriber)
        if person is None:
            return _coded("not_our_subscriber")
        return _answered(QUERIES[name](Asked(self._store, person, args, self._today())))

    def quote(self, verb: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """What an order would cost."""
        person = self._store.person(subscriber)
        offered = terms(self._store, person, verb, args, self._today())
        if offered.quote is None:
            return _coded(offered.word)
        return _coded("succeeded")._replace(quote=offered.quote)

    def submit(
        self, key: str, verb: str, subscriber: str, args: Mapping[str, str], quote: Quote | None
    ) -> Result:
        """Carries out an order and records its key in the same transaction."""
        made = ""
        with self._store.change():
            known = self._store.order(key)
            if known is not None and self._drops == BY_KEY:
                return known
            again = known is not None and known.result in DONE and self._drops == NOT_AT_ALL
            answer, made = self._carry_out(verb, subscriber, args, quote, again)
            self._store.add_order(key, subscriber, verb, answer, self._now())
        if made and self._text is not None:
            person = self._store.person(subscriber)
            assert person is not None
            self._text(person.number, made)
        return answer

    def find(self, key: str) -> Result | None:
        """The answer that an order got."""
        return self._store.order(key)

    def verify(self, number: str, password: str) -> Result:
        """Checks a service password."""
        person = self._store.person_of(number)
        if person is None:
            return _coded("not_our_subscriber")
        if not passwords.matches(person.password, password):
            return _coded("wrong_password")
        return _coded("succeeded")._replace(profile=self._profile(person))

    def set_tariff(self, tariff: Tariff) -> None:
        """Puts a new version of a service's tariff in force: quotes on the old one are void."""
        self._store.set_tariff(tariff)

    def changes(self, key: str) -> int:
        """How many changes an order's key has made."""
        return self._store.done(key)

    def _carry_out(
        self,
        verb: str,
        subscriber: str,
        args: Mapping[str, str],
        quote: Quote | None,
        again: bool,
    ) -> tuple[Result, str]:
        store, today = self._store, self._today()
        person = store.person(subscriber)
        agreed = terms(store, person, verb, args, today, blind=again)
        if person is None or agreed.quote is None:
            return _coded(agreed.word), ""
        if verb in SECRET_VERBS:
            made = set_password(store, person, verb, args)
            return (_coded("succeeded"), made) if isinstance(made, str) else (_coded(made.word), "")
        if quote != agreed.quote if quote is not None else agreed.quote.price:
            return _coded("quote_changed"), ""
        given = carry_out(store, person, agreed, today)
        return _coded(agreed.word)._replace(values=given), ""

    def _profile(self, person: Person) -> Profile:
        return Profile(
            person.subscriber,
            PLANS[person.plan].operator,
            person.brand,
            PLANS[person.plan].prepaid,
            person.tier,
            places()[person.place],
            person.language,
            history.senior(person, self._today()),
            person.roaming,
        )

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now() / 1000, self._zone).date().isoformat()


def _coded(word: str) -> Result:
    return Result(word, raw=_CODES[word])


def _answered(answer: Answer) -> Result:
    if isinstance(answer, str):
        return _coded(answer)
    return _coded("succeeded")._replace(values=answer)
