"""A run: a population's days, played in the order of time and put in the record.

A dialogue is one commit and its id is drawn with everything else, so that the same run again
finds each of its dialogues there already and adds only what is missing: a run that was broken off
is gone on with by the same command.
"""

from __future__ import annotations

import datetime
import hashlib
import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from random import Random
from typing import NamedTuple

from dialog.session import TEXT, VOICE
from hotline.demo.callers import Habits
from hotline.demo.parameters import Parameters
from hotline.demo.play import TRAFFIC, Played, Stage, Version, play, session_of
from hotline.demo.population import Contact, Population
from hotline.demo.truth import Truth
from ledger.ledger import Ledger
from ledger.records import Conflict, WrapUp

_AHEAD = 2000
"""Dialogues that may wait for the disk."""
_HOUR_MS = 3_600_000

EDITION = 1
"""Raised when people behave otherwise than in an earlier release: that was another run then."""

VersionOf = Callable[[str, int], Version]
"""The version that a subscriber (by pseudonym) is served at a time (UTC ms)."""


class Taken(ValueError):
    """Other demo traffic is in these days already: `first` and `last` of them."""

    def __init__(self, first: str, last: str) -> None:
        super().__init__(f"demo traffic of another run from {first} to {last}")
        self.first, self.last = first, last


class Span(NamedTuple):
    """Who calls when: the same span has the same people with the same wishes, on any menus."""

    seed: int
    first: datetime.date
    days: int
    calls_per_day: int

    def key(self) -> str:
        """Names the people; the number of days is no part of it, so that more can follow."""
        text = f"{self.seed}/{self.first}/{self.calls_per_day}"
        return hashlib.sha256(text.encode()).hexdigest()[:6]

    @property
    def last(self) -> datetime.date:
        """The last day."""
        return self.first + datetime.timedelta(days=self.days - 1)


def mark_of(plan: Parameters, digests: Iterable[str]) -> str:
    """What a run is beside its span: the menus that are played, and how people behave."""
    text = f"{EDITION}/{plan}/{'/'.join(digests)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Progress(NamedTuple):
    """How far a run is."""

    day: int
    dialogues: int
    there: int  # were in the record already


class Run:
    """Plays a span on a ledger. `truth` is complete when `go` has come to its end."""

    def __init__(
        self,
        ledger: Ledger,
        span: Span,
        population: Population,
        stage: Stage,
        version_of: VersionOf,
        known: Version,
    ) -> None:
        """`known` is the version whose keys regulars know when the span begins."""
        self._ledger, self._span, self._population = ledger, span, population
        self._stage, self._version_of, self._known = stage, version_of, known
        self._habits: dict[int, Habits] = {}
        self._again: list[tuple[int, int, Contact]] = []
        self._count = itertools.count()
        self._writes: deque[Future[None]] = deque()
        self._noted: Counter[tuple[int, str]] = Counter()
        self.truth = Truth(ledger.zone)
        self.dialogues = self.there = 0

    def go(self) -> Iterator[Progress]:
        """Plays the days; tells how far it is after each dialogue.

        Raises Taken before anything is written when the days hold demo traffic of another run.
        Leaving it between two steps leaves a record of whole dialogues.
        """
        self._look()
        for day in range(self._span.days):
            for contact in self._day(day):
                self._take(contact)
                yield Progress(day, self.dialogues, self.there)
        while self._writes:
            self._written()
        self._note_wrap_ups()
        yield Progress(self._span.days, self.dialogues, self.there)

    def _look(self) -> None:
        """Whether the days are free, or this very run's."""
        first, last = self._span.first.isoformat(), self._span.last.isoformat()
        days = self._ledger.counts(("day",), first, last, traffic=TRAFFIC)
        if not days:
            return
        begun = next((day for n in range(self._span.days) if (day := self._population.day(n))), [])
        if not begun or self._ledger.turn(session_of(begun[0], self._stage.mark)) is None:
            raise Taken(days[0].day, days[-1].day)

    def _day(self, n: int) -> Iterator[Contact]:
        """The contacts of a day in the order of their times, those that come again among them."""
        ahead = iter([*self._population.day(n), None])
        following = next(ahead)
        end = self._midnight(n + 1)
        while following is not None or (self._again and self._again[0][0] < end):
            if self._again and self._again[0][0] < (following.at if following else end):
                yield heapq.heappop(self._again)[2]
            elif following is not None:
                yield following
                following = next(ahead)

    def _midnight(self, n: int) -> int:
        day = self._span.first + datetime.timedelta(days=n)
        return self._population.midnight(day)

    def _take(self, contact: Contact) -> None:
        person = self._population.people[contact.person]
        version = self._version_of(person.name, contact.at)
        habits = self._habits.get(contact.person)
        if habits is None:
            habits = self._known.ways.path(person.usual) if person.usual else {}
            self._habits[contact.person] = habits
        played = play(self._stage, version, person, contact, habits)
        self.truth.take(contact, played)
        for noted in played.wrap_ups:
            self._noted[noted.at - noted.at % _HOUR_MS, noted.code] += 1
        self._come_again(contact, played)
        self.dialogues += 1
        self._writes.append(self._ledger.write(played.commit))
        if len(self._writes) > _AHEAD:
            self._written()

    def _note_wrap_ups(self) -> None:
        """Hands in the agents' wrap-up codes hour by hour, as a file for each day would.

        A file's mark is its content's: handed in again it changes nothing.
        """
        days: dict[str, list[tuple[int, str, int]]] = {}
        for (at, code), n in sorted(self._noted.items()):
            days.setdefault(self._ledger.zone.local(at)[0], []).append((at, code, n))
        for rows in days.values():
            mark = f"{TRAFFIC}/{hashlib.sha256(repr(rows).encode()).hexdigest()}"
            self._ledger.add_wrap_ups([WrapUp(*row, mark, TRAFFIC) for row in rows]).result()

    def settle(self) -> None:
        """Waits until all that was played is in the record."""
        while self._writes:
            self._written()

    def _written(self) -> None:
        try:
            self._writes.popleft().result()
        except Conflict:
            self.there += 1

    def _come_again(self, contact: Contact, played: Played) -> None:
        again = self._stage.plan.again
        if played.well or contact.nth >= again.most:
            return
        dice = Random(f"{contact.seed}/again")  # noqa: S311
        if dice.random() >= again.share:
            return
        at = played.over + 60_000 + int(dice.expovariate(1 / again.hours) * _HOUR_MS)
        channel = contact.channel
        if dice.random() >= again.same_channel:
            channel = VOICE if channel == TEXT else TEXT
        if at < self._stage.until:
            later = contact._replace(
                at=at, channel=channel, second="", seed=dice.getrandbits(64), nth=contact.nth + 1
            )
            heapq.heappush(self._again, (at, next(self._count), later))
