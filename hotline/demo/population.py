"""The people and what they set out to do: who calls or texts when, and what for. Pure, by seed."""

from __future__ import annotations

import datetime
from bisect import bisect
from collections.abc import Collection, Mapping
from itertools import accumulate
from random import Random
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from dialog.events import Profile
from dialog.session import TEXT, VOICE
from hotline.demo.parameters import USUAL, Parameters

T = TypeVar("T")

_HOUR_MS = 3_600_000


class Person(NamedTuple):
    """A subscriber who does not exist.

    `name` stands in the record for the pseudonym: no keyed pseudonym looks like it, so that nobody
    real is ever taken for somebody of the demo. `number` is no mobile number: none begins so.
    """

    name: str
    number: str
    profile: Profile
    usual: str  # what a regular mostly wants; "" = no regular


class Contact(NamedTuple):
    """Somebody is about to call or text. `seed` decides everything that chance does in it."""

    at: int  # UTC ms
    person: int
    channel: str
    target: str
    second: str  # wanted when the first is done; "" = nothing
    seed: int
    nth: int = 0  # a repeat contact's number


class Weighted(Generic[T]):
    """Draws things by their weights."""

    __slots__ = ("_sums", "_things")

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._things = list(weights)
        self._sums = list(accumulate(weights.values()))

    def draw(self, dice: Random) -> T:
        """One of the things."""
        return self._things[bisect(self._sums, dice.random() * self._sums[-1])]


def demand(targets: Collection[str], plan: Parameters) -> dict[str, float]:
    """The planted weight of each target that the versions have, and of what no leaf does."""
    named = {target: plan.demand.weights.get(target, USUAL) for target in sorted(targets)}
    return {
        target: weight for target, weight in (named | dict(plan.demand.off_menu)).items() if weight
    }


class Population:
    """Subscribers with their call rates, and each day's contacts."""

    def __init__(
        self,
        plan: Parameters,
        targets: Collection[str],
        *,
        key: str,
        calls_per_day: int,
        first: datetime.date,
        zone: str,
    ) -> None:
        """`key` seeds everything: the same key is the same population and the same days."""
        self.plan, self.first = plan, first
        self.weights = demand(targets, plan)
        self._key, self._calls, self._zone = key, calls_per_day, ZoneInfo(zone)
        dice = Random(f"{key}/people")  # noqa: S311  the same people every time, not secrets
        usual = Weighted(self.weights)
        count = max(int(plan.people.each * calls_per_day), 2)
        self.people = [_person(dice, plan, n, usual, targets, key) for n in range(count)]
        rates = [dice.paretovariate(plan.people.heavy) for _ in self.people]
        self._rates = list(accumulate(rates))

    def day(self, n: int) -> list[Contact]:
        """The first contacts of the n-th day, in the order of their times."""
        plan, calendar = self.plan, self.plan.calendar
        day = self.first + datetime.timedelta(days=n)
        dice = Random(f"{self._key}/{day}")  # noqa: S311
        noise = max(1 + dice.gauss(0, calendar.noise), 0.1)
        calls = round(self.expected(day) * noise)
        texts = round(calls * calendar.texts)
        wanted, hours = Weighted(self.mix(n)), Weighted(dict(enumerate(calendar.hours)))
        begun = self.midnight(day)
        contacts = []
        for channel, count in ((VOICE, calls), (TEXT, texts)):
            for _ in range(count):
                who = bisect(self._rates, dice.random() * self._rates[-1])
                at = begun + hours.draw(dice) * _HOUR_MS + dice.randrange(_HOUR_MS)
                target = self._wants(dice, who, wanted)
                more = channel == VOICE and dice.random() < plan.demand.second
                second = wanted.draw(dice) if more else ""
                contacts.append(Contact(at, who, channel, target, second, dice.getrandbits(64)))
        return sorted(contacts)

    def expected(self, day: datetime.date) -> float:
        """How many calls a day has but for noise, repeat contacts apart."""
        calendar = self.plan.calendar
        usual = self._calls * calendar.weekdays[day.weekday()] * 7 / sum(calendar.weekdays)
        return usual * (calendar.bill_day if day.day == 1 else 1)

    def midnight(self, day: datetime.date) -> int:
        """When a local day begins, UTC milliseconds."""
        moment = datetime.datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return int(moment.timestamp()) * 1000

    def mix(self, n: int) -> dict[str, float]:
        """What is wanted on the n-th day, with the planted trend and the bill day in it."""
        planted = self.plan.demand
        bill_day = (self.first + datetime.timedelta(days=n)).day == 1
        return {
            target: weight
            * planted.trend.get(target, 1) ** (n / 30)
            * (planted.bill_day.get(target, 1) if bill_day else 1)
            for target, weight in self.weights.items()
        }

    def demand(self, days: int) -> dict[str, float]:
        """What these people want over the first days: shares that add up to 1.

        The planted weights with trend and bill days, and what the regulars among the callers mostly
        want: a heavy caller's habit weighs as much as the calls it makes.
        """
        mixes = [self.mix(n) for n in range(days)]
        wholes = [sum(mix.values()) for mix in mixes]
        share = self.plan.people.habits / self._rates[-1]
        habits = dict.fromkeys(self.weights, 0.0)
        for person, rate, before in zip(self.people, self._rates, [0, *self._rates], strict=False):
            if person.usual:
                habits[person.usual] += share * (rate - before)
        free = 1 - sum(habits.values())
        means = {
            target: sum(m[target] / whole for m, whole in zip(mixes, wholes, strict=True)) / days
            for target in self.weights
        }
        return {target: habits[target] + free * mean for target, mean in means.items()}

    def _wants(self, dice: Random, who: int, wanted: Weighted[str]) -> str:
        usual = self.people[who].usual
        if usual and dice.random() < self.plan.people.habits:
            return usual
        return wanted.draw(dice)


def _person(
    dice: Random,
    plan: Parameters,
    n: int,
    usual: Weighted[str],
    targets: Collection[str],
    key: str,
) -> Person:
    traits = plan.people
    name = f"demo-{key}-{n:06d}"
    brand = Weighted(traits.brands).draw(dice)
    profile = Profile(
        name,
        "cmcc",
        brand,
        brand != "gotone",
        Weighted(traits.tiers).draw(dice) if brand == "gotone" else "",
        traits.province,
        "en" if dice.random() < traits.english else "zh-CN",
        dice.random() < 0.1,
        "abroad" if dice.random() < traits.abroad else "home",
    )
    favourite = usual.draw(dice)
    regular = dice.random() < traits.regulars and favourite in targets
    return Person(name, f"1000{n:07d}", profile, favourite if regular else "")


def pick(dice: Random, weights: Mapping[str, float]) -> str:
    """One word of weighted ones."""
    return dice.choices(tuple(weights), tuple(weights.values()))[0]
