"""Trials played without a hotline: callers, calls and failures as numbers, many at once.

A population calls for 40 days. Rates of calling are heavy-tailed (Pareto, 1.5: the first percent
makes a sixth of the calls), so is proneness to fail (gamma, a half); days differ by weekday, bill
day and by chance, hours as on a telephone. Calls of a subscriber are a Poisson process, split by
what happens in them, so that the first failure and the first call can be drawn at once by turning
the cumulated hazard round.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaln

from tuning.trial import ENOUGH

DAYS = 40
GUARDS = ("failure", "opt_out", "repeat")
RATES = (0.0256, 0.08, 0.10)
"""Of the calls. 2.56 % is the quality circle's."""
_NOISE = 0.3
"""Log-normal sigma of what a day adds to everybody's rates."""
_HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 8, 7, 7, 8, 8, 7, 7, 7, 8, 7, 5, 3, 2)
_BILL_DAYS = (5, 35)

Array = Any  # numpy's, whose types mypy is not asked about


class Population(NamedTuple):
    """Who calls. `calls` is the least heavy caller's rate a day, `looks` how often a day is cut."""

    subscribers: int = 20_000
    calls: float = 0.03
    tail: float = 1.5
    looks: int = 24 * 60


class Course(NamedTuple):
    """A trial look by look: subscribers entered, and for each guard those that met it."""

    entered: tuple[Array, Array]
    met: tuple[tuple[Array, Array], ...]
    calls: tuple[float, float]  # the arms' calls a day
    every: tuple[Array, Array]  # all failures, by day


def shape(looks: int) -> Array:
    """How the calls of the span fall on its looks; a plain day sums to 1."""
    hours = np.array(_HOURS, float) / sum(_HOURS)
    day = np.repeat(hours, looks // 24) * 24 / looks if looks >= 24 else np.array([1.0])
    weight = np.ones(DAYS)
    weight[np.arange(DAYS) % 7 >= 5] = 0.85
    for first in _BILL_DAYS:
        weight[first : first + 2] = 1.8
    return (weight[:, None] * day).ravel()


def course(rng: Any, who: Population, share: float, worse: float = 1.0) -> Course:
    """One trial in which the candidate has `worse` times the control's failures."""
    n, cells = who.subscribers, DAYS * who.looks
    rate = who.calls * (1 + rng.pareto(who.tail, n))
    candidate = rng.random(n) < share
    calls = shape(who.looks)
    noise = np.exp(rng.normal(-(_NOISE**2) / 2, _NOISE, (len(RATES), DAYS)))
    firsts, rest = [], np.ones(DAYS)
    every: tuple[Array, Array] = (np.zeros(DAYS), np.zeros(DAYS))
    for guard, (base, by_day) in enumerate(zip(RATES, noise, strict=True)):
        prone = np.minimum(rng.gamma(0.5, 2.0, n), 0.25 / base)
        if guard == 0:
            prone = np.where(candidate, worse, 1.0) * prone
        hazard = np.cumsum(calls * np.repeat(base * by_day, who.looks))
        firsts.append(np.searchsorted(hazard, rng.exponential(size=n) / (rate * prone)))
        rest -= base * by_day
        if guard == 0:
            a_day = calls.reshape(DAYS, -1).sum(1) * base * by_day
            sums = (rate * prone)[~candidate].sum(), (rate * prone)[candidate].sum()
            every = (rng.poisson(a_day * sums[0]), rng.poisson(a_day * sums[1]))
    plain = np.cumsum(calls * np.repeat(rest.clip(0.1), who.looks))
    entry = np.minimum.reduce([np.searchsorted(plain, rng.exponential(size=n) / rate), *firsts])

    def summed(at: Array) -> tuple[Array, Array]:
        arms = (np.bincount(at[arm], minlength=cells + 1) for arm in (~candidate, candidate))
        a, b = (arm[:cells].cumsum() for arm in arms)
        return a, b

    met = tuple(summed(first) for first in firsts)
    totals = float(rate[~candidate].sum()), float(rate[candidate].sum())
    return Course(summed(entry), met, totals, every)


def ln_evidence(entered: tuple[Array, Array], met: tuple[Array, Array]) -> Array:
    """tuning.trial.ln_evidence of whole courses."""
    a, b = entered
    there = (a > 0) & (b > 0)
    share = np.where(there, b / np.maximum(a + b, 1), 0.5)
    found = betaln(met[0] + 1, met[1] + 1) - met[1] * np.log(share) - met[0] * np.log1p(-share)
    return np.where(there, found, 0.0)


def verdicts(entered: tuple[Array, Array], met: tuple[Array, Array]) -> tuple[Array, Array]:
    """Look by look: whether the candidate is shown to be worse, and whether better."""
    shown = ln_evidence(entered, met) >= np.log(ENOUGH)
    worse = met[1] * entered[0] > met[0] * entered[1]
    return shown & worse, shown & ~worse


def first_look(entered: tuple[Array, Array], met: tuple[Array, Array], *, harm: bool) -> int | None:
    """The first look at which the candidate is shown to be worse (else: better); None = never."""
    looks = np.flatnonzero(verdicts(entered, met)[0 if harm else 1])
    return int(looks[0]) if looks.size else None


def daily(of: tuple[Array, Array], looks: int) -> tuple[Array, Array]:
    """A course as somebody sees it who looks once a day, at midnight."""
    return of[0][looks - 1 :: looks], of[1][looks - 1 :: looks]
