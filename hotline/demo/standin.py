"""A stand-in for the BSS: answers drawn from the actions' signatures, with planted faults.

It is a simulation. It knows no subscriber and keeps no state but the wrong passwords; it never
sees a secret: whether an entry is wrong is the person's to say. Times are perform.py's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import NamedTuple

from actions.embedded.catalogue import FAMILIES, TARIFFS
from actions.perform import LANES, ORDER, PROFILE, QUERY, VERIFY
from actions.port import Result
from actions.signatures import SIGNATURES
from dialog import values
from dialog.events import Profile, Quote
from dialog.outcomes import ACCEPTED, SUCCEEDED, UNKNOWN
from dialog.turn import Perform
from dialog.values import Value
from hotline.bssdesk import LOCK_MS, MOST_WRONG
from hotline.demo.parameters import Faults
from hotline.demo.population import pick
from menus.model import Model

_POOL = 24
"""Different answers to one query: their audio is measured once each."""
_LANE = {"query": QUERY, "quote": ORDER, "submit": ORDER, "verify": VERIFY}
_KIND = {"query": "query", "quote": "order", "submit": "order", "verify": "verify"}
_ROWS: Mapping[str, tuple[str, ...]] = {
    "payments": (values.DATE, values.MONEY),
    "services": (values.NAME,),
    "status": (values.NAME, "state"),
}
"""The cells of a query's list, as actions/signatures.py tells them; the others name amounts."""


class Answer(NamedTuple):
    """A result, how long it took (ms), and what was planted: "" | error | timeout | outage."""

    result: Result
    ms: int
    fault: str = ""


class StandIn:
    """Answers jobs."""

    def __init__(self, faults: Faults, model: Model, outages: Sequence[tuple[int, int]]) -> None:
        """`outages`: from and to of each, UTC milliseconds."""
        self._faults, self._outages = faults, outages
        self._names = {
            prefix: [name for name in model.names if name.startswith(f"{prefix}_")]
            for prefix in ("brand", "plan", "item", "state", "place")
        }
        self._services = [
            name for name in ("sms_bill", "ringback", "fetion") if name in model.names
        ]
        self._any = list(model.names)
        self._wrong: dict[
            str, tuple[int, int]
        ] = {}  # person -> wrong passwords, the last one's time
        self._pool = cache(self._drawn)

    def known(self, at: int, profile: Profile, dice: Random) -> tuple[Profile | None, int]:
        """Who calls, and after how long; None while the BSS is away."""
        if self._out(at) and dice.random() < 0.5:
            return None, LANES[PROFILE].total_ms
        return profile, 40 + dice.randrange(60)

    def answer(self, job: Perform, at: int, who: str, dice: Random, *, mistaken: bool) -> Answer:
        """The answer to a job of a person; `mistaken`: the secret they entered is wrong."""
        ms = self._latency(dice)
        fault = self._fault(at, dice)
        if fault in ("timeout", "outage-timeout"):
            word = UNKNOWN if job.call == "submit" else "backend_timeout"
            return Answer(Result(word), LANES[_LANE[job.call]].total_ms, fault)
        if fault:
            return Answer(Result("backend_error", raw="DEMO-500"), ms, fault)
        if job.call == "submit" and dice.random() < self._faults.unknown:
            return Answer(Result(UNKNOWN), LANES[ORDER].total_ms, "timeout")
        return Answer(self._business(job, at, who, dice, mistaken), ms)

    # -- faults ------------------------------------------------------------------------------

    def _out(self, at: int) -> bool:
        return any(begun <= at < over for begun, over in self._outages)

    def _fault(self, at: int, dice: Random) -> str:
        faults = self._faults
        if self._out(at):
            found = pick(dice, faults.outage)
            return "" if found == "well" else f"outage-{found}"
        roll = dice.random()
        if roll < faults.error:
            return "error"
        return "timeout" if roll < faults.error + faults.timeout else ""

    def _latency(self, dice: Random) -> int:
        if dice.random() < self._faults.slow:
            return dice.randint(*self._faults.slow_ms)
        median, sigma = self._faults.latency_ms
        return min(int(median * math.exp(sigma * dice.gauss(0, 1))), 2400)

    # -- business ----------------------------------------------------------------------------

    def _business(self, job: Perform, at: int, who: str, dice: Random, mistaken: bool) -> Result:
        signature = SIGNATURES[_KIND[job.call], job.name]
        if "wrong_password" in signature.outcomes and job.call != "quote":
            word = self._password(at, who, mistaken)
            if word != SUCCEEDED:
                return Result(word)
        if job.call == "query":
            return Result(SUCCEEDED, self._pool(job.name, dice.randrange(_POOL)))
        if job.call == "verify":
            return Result(SUCCEEDED)
        if job.call == "quote":
            refusal = self._refusal(signature.outcomes, dice)
            return Result(refusal) if refusal else Result(SUCCEEDED, quote=self._quote(job, dice))
        word = SUCCEEDED
        if "identity_mismatch" in signature.outcomes:
            mismatch = dice.random() < self._faults.refused.get("identity_mismatch", 0)
            return Result("identity_mismatch" if mismatch else SUCCEEDED)
        if ACCEPTED in signature.outcomes and dice.random() < self._faults.accepted:
            word = ACCEPTED
        return Result(word, self._pool(job.name, dice.randrange(_POOL)))

    def _password(self, at: int, who: str, mistaken: bool) -> str:
        wrong, last = self._wrong.get(who, (0, 0))
        if wrong >= MOST_WRONG and at - last < LOCK_MS:
            return "password_locked"
        if mistaken:
            self._wrong[who] = (wrong + 1 if at - last < LOCK_MS else 1, at)
            return "wrong_password"
        self._wrong.pop(who, None)
        return SUCCEEDED

    def _refusal(self, outcomes: tuple[str, ...], dice: Random) -> str:
        roll = dice.random()
        for word, share in self._faults.refused.items():
            if word in outcomes and word != "identity_mismatch":
                roll -= share
                if roll < 0:
                    return word
        return ""

    def _quote(self, job: Perform, dice: Random) -> Quote:
        target = job.args.get("service", job.name)
        held = (dice.choice(FAMILIES[target]),) if target in FAMILIES else (target,)
        if job.name != "subscribe":
            return Quote(0, "none", "demo", "now", held if job.name == "unsubscribe" else ())
        tariff = next((t for t in reversed(TARIFFS) if t.service == target), None)
        price, cycle = (tariff.price, tariff.cycle) if tariff else (500, "month")
        return Quote(price, cycle, "demo", "now", ())

    # -- values ------------------------------------------------------------------------------

    def _drawn(self, name: str, n: int) -> dict[str, Value]:
        dice = Random(f"{name}/{n}")  # noqa: S311
        signature = next(s for (_, verb), s in SIGNATURES.items() if verb == name)
        return {key: self._value(dice, name, key, kind) for key, kind in signature.gives.items()}

    def _value(self, dice: Random, verb: str, key: str, kind: str) -> Value:
        if kind == values.LIST:
            cells = _ROWS.get(verb, (values.NAME, values.MONEY))
            many = range(dice.randint(1, 4))
            return values.rows(
                tuple(self._value(dice, verb, cell, cell) for cell in cells) for _ in many
            )
        if kind == values.COUNT:
            measure = {"points": "point", "messages": "message"}.get(key, "minute")
            return values.count(dice.randrange(900), measure)
        if kind in (values.NAME, values.PLACE, "state"):
            return self._name(dice, verb, key, kind)
        return {
            values.MONEY: lambda: values.money(dice.randrange(10, 30_000)),
            values.DATA: lambda: values.data(dice.randrange(500_000)),
            values.MONTH: lambda: values.month(f"2009-{dice.randint(1, 12):02d}"),
            values.DATE: lambda: values.date(f"2009-{dice.randint(1, 12):02d}-01"),
        }[kind]()

    def _name(self, dice: Random, verb: str, key: str, kind: str) -> Value:
        if key in ("cycle", "state") or kind == "state":
            among = ["cycle_month"] if key == "cycle" else self._names["state"]
        elif key in self._names:
            among = self._names[key]
        elif verb in ("services", "status", "describe", "unsubscribe"):
            among = self._services
        else:
            among = self._names["item"]
        name = dice.choice(among or self._any or [""])
        return values.place(name) if kind == values.PLACE else values.name(name)
