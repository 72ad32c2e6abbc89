"""What was planted and what came of it: counted while it is played, for reports to be held against.

Nothing here is read from the record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dialog.outcomes import FAILED, outcome_of
from dialog.session import VOICE
from dialog.turn import Say
from hotline.demo.play import Played, Version
from hotline.demo.population import Contact, Population
from ledger import records
from ledger.counts import CALL, LOST, REQUEST, SERVED
from ledger.zone import Zone
from menus.clips import heard
from menus.model import Menu
from nodes.menu import announced


class Ended(NamedTuple):
    """A request as it ended at last: an order of unknown end by what the BSS said in the end."""

    request: records.Request
    outcome: str
    reason: str
    guided: bool


class Order(NamedTuple):
    """A menu's choices by key: as they are announced, and as is best under the planted demand.

    Seconds are the mean listening until the wanted option is over; `weights` by key.
    """

    today: tuple[str, ...]
    best: tuple[str, ...]
    seconds_today: float
    seconds_best: float
    weights: Mapping[str, float]


class Truth:
    """Counts what is played. Every count is of the run as a whole but `days`."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.intents: Counter[tuple[str, str]] = Counter()  # (channel, target) of first contacts
        self.contacts: Counter[tuple[str, str]] = Counter()  # (channel, first | again)
        self.requests: Counter[tuple[str, str, str, str, str, bool]] = Counter()
        self.calls: Counter[tuple[str, str, bool]] = Counter()  # (served | lost, reason, guided)
        self.mishaps: Counter[tuple[str, str]] = Counter()  # (channel, a dialogue's last one)
        self.causes: Counter[tuple[str, str, str]] = Counter()  # (request | call, cause, reason)
        self.steps: Counter[tuple[str, str]] = Counter()  # (node, event)
        self.heard_ms: Counter[str] = Counter()  # node
        self.days: Counter[tuple[str, str, str]] = Counter()  # (day, channel, what)
        self.texted: Counter[str] = Counter()  # unmatched texts, as kept
        self.wrap_ups: Counter[tuple[str, str]] = Counter()  # (day, code)
        self.versions: Counter[str] = Counter()  # digest -> dialogues

    def take(self, contact: Contact, played: Played) -> None:
        """Counts a dialogue."""
        rows = played.commit.rows
        opened = played.commit.opened
        assert opened is not None
        self.versions[opened.digest] += 1
        self.mishaps[contact.channel, played.mishap] += 1
        self.contacts[contact.channel, "again" if contact.nth else "first"] += 1
        if not contact.nth:
            self.intents[contact.channel, contact.target] += 1
        cause_of = dict(played.causes)
        for ended in requests_of(rows):
            request = ended.request
            kind = (contact.channel, request.leaf, request.kind, ended.outcome, ended.reason)
            self.requests[(*kind, ended.guided)] += 1
            self._day(request.at, contact.channel, "requests")
            if request.leaf == "none":
                self.texted[request.keyword] += 1
            if ended.outcome == FAILED:
                self._day(request.at, contact.channel, FAILED)
                cause = cause_of.get(request.id, "settled")
                self.causes[REQUEST, cause, ended.reason] += 1
        for row in rows:
            if isinstance(row, records.Step):
                self.steps[row.node, row.event] += 1
                self.heard_ms[row.node] += row.heard_ms
            elif isinstance(row, records.CallEnd):
                self._call(row, played.mishap)
        for noted in played.wrap_ups:
            self.wrap_ups[self._zone.local(noted.at)[0], noted.code] += 1

    def _call(self, row: records.CallEnd, mishap: str) -> None:
        outcome = SERVED if row.leaves else LOST
        reason = "agent" if row.agent else row.by
        self.calls[outcome, reason, row.errors > 0] += 1
        self._day(row.at, VOICE, "calls")
        if outcome == LOST:
            self._day(row.at, VOICE, LOST)
            self.causes[CALL, mishap, reason] += 1

    def _day(self, at: int, channel: str, what: str) -> None:
        self.days[self._zone.local(at)[0], channel, what] += 1

    # -- rates -------------------------------------------------------------------------------

    def rates(self) -> dict[str, tuple[int, int]]:
        """R1, R2 and R3 as (numerator, denominator), by docs/reports.md.

        An order whose end is still unknown counts as failed: those left are all older than a day.
        """
        r1, r2 = [0, 0], [0, 0]
        for (channel, _, kind, outcome, _, _), n in self.requests.items():
            bad = n if outcome in (FAILED, "unknown") else 0
            for rate, counts in ((r1, (channel, kind) == (VOICE, "change")), (r2, True)):
                if counts:
                    rate[0] += bad
                    rate[1] += n
        lost = sum(n for (outcome, _, _), n in self.calls.items() if outcome == LOST)
        return {
            "R1": (r1[0], r1[1]),
            "R2": (r2[0], r2[1]),
            "R3": (r2[0] + lost, r2[1] + lost),
        }

    # -- for tests and people ----------------------------------------------------------------

    def data(self) -> dict[str, Any]:
        """All counts as JSON data: each a list of rows, the number last."""
        return {
            "rates": {name: list(rate) for name, rate in self.rates().items()},
            **{
                name: _rows(getattr(self, name))
                for name in (
                    "versions", "contacts", "intents", "requests", "calls", "mishaps", "causes",
                    "steps", "heard_ms", "texted", "wrap_ups", "days",
                )
            },
        }  # fmt: skip


def requests_of(rows: Iterable[records.Row]) -> list[Ended]:
    """The requests of a dialogue's rows, with what became of each."""
    opened: dict[str, records.Request] = {}
    closed: dict[str, records.Closing] = {}
    settled: dict[str, str] = {}
    for row in rows:
        if isinstance(row, records.Request):
            opened[row.id] = row
        elif isinstance(row, records.Closing):
            closed[row.request] = row
        elif isinstance(row, records.OrderMove) and row.state == records.RECONCILED:
            settled[row.order_id] = row.reason
    found = []
    for id_, request in opened.items():
        closing = closed[id_]
        outcome, reason = closing.outcome, closing.reason
        if id_ in settled:
            outcome, reason = outcome_of(settled[id_])
        found.append(Ended(request, outcome, reason, closing.errors + closing.repeats > 0))
    return found


def orders(version: Version, language: str, weights: Mapping[str, float]) -> dict[str, Order]:
    """The best order of each menu of the calls that leads to anything that is wanted.

    Callers of an option listen to the intro and to all up to it, so that the mean is least when
    the options stand by weight over length, the largest first (Smith's rule).
    """
    found = {}
    for node in heard(version.model):
        leads = version.ways.leads.get(node.id, {})
        if isinstance(node, Menu) and node.id != version.model.nodes[node.id].next and leads:
            found[node.id] = _order(version, language, node, weights)
    return {menu: order for menu, order in found.items() if any(order.weights.values())}


def _order(version: Version, language: str, menu: Menu, weights: Mapping[str, float]) -> Order:
    model, ms = version.model, version.spoken.ms
    choice = model.words["choice"]
    length = {c.key: ms(language, announced(choice, c.label, c.key)) for c in menu.choices}
    wanted = dict.fromkeys(length, 0.0)
    for target, keys in version.ways.leads[menu.id].items():
        wanted[keys[0]] += weights.get(target, 0)
    today = tuple(length)
    best = tuple(sorted(today, key=lambda key: -wanted[key] / length[key]))
    intro = ms(language, Say(menu.intro))

    def seconds(order: tuple[str, ...]) -> float:
        at, total = intro, 0.0
        for key in order:
            at += length[key]
            total += wanted[key] * at
        return total / (sum(wanted.values()) or 1) / 1000

    return Order(today, best, seconds(today), seconds(best), wanted)


def planted(population: Population, days: int, version: Version) -> dict[str, Any]:
    """What was planted: the demand, and the best order of each menu under it."""
    wanted = population.demand(days)
    language = version.model.languages[0]
    return {
        "weights": population.weights,
        "demand": wanted,
        "trend": dict(population.plan.demand.trend),
        "orders": {
            menu: order._asdict() for menu, order in orders(version, language, wanted).items()
        },
    }


def dump(parts: Mapping[str, Any]) -> str:
    """The truth as JSON text."""
    return json.dumps(parts, ensure_ascii=False, indent=1) + "\n"


def _rows(counter: Mapping[Any, int]) -> list[list[Any]]:
    rows = (key if isinstance(key, tuple) else (key,) for key in counter)
    return sorted([*row, n] for row, n in zip(rows, counter.values(), strict=True))
