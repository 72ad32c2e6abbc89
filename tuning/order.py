"""The best and the worst order of one menu, by a closed rule where one holds, else by subsets."""

from __future__ import annotations

from collections.abc import Sequence

from tuning import closed
from tuning.closed import Rate
from tuning.lineup import Exponential, Lineup, Option, Order, Survival, cost
from tuning.subsets import by_subsets

RATIO, GROUPS, CHAINS, SUBSETS = "ratio", "groups", "chains", "subsets"
"""Which rule found an order."""


def best(lineup: Lineup, survival: Survival | None = None) -> Order:
    """The cheapest order that keeps to the lineup's rules; ties keep today's order.

    `survival`: the aim is that callers stay, not their time. Raises ImpossibleError when the rules
    exclude each other, ValueError for a length that is not positive, and for more options than a
    telephone has keys where no closed rule holds.
    """
    _check(lineup)
    ids, rule = _by_rule(lineup, survival) or (by_subsets(lineup, survival), SUBSETS)
    return Order(ids, cost(lineup, ids, survival), rule)


def worst(lineup: Lineup, survival: Survival | None = None) -> Order:
    """The dearest order that keeps to the lineup's rules: what the order score is measured from."""
    _check(lineup)
    ruled = lineup.pins or lineup.groups or lineup.before or _stable(lineup)
    if survival is None and not ruled:
        ids = tuple(option.id for option in reversed(closed.by_ratio(lineup.options)))
        return Order(ids, cost(lineup, ids), RATIO)
    ids = by_subsets(lineup, survival, worst=True)
    return Order(ids, cost(lineup, ids, survival), SUBSETS)


def gap(now: float, best_: float) -> float:
    """(now - best) / now: which share of today's cost another order would spare; 0 for no cost."""
    return (now - best_) / now if now else 0


def score(now: float, best_: float, worst_: float) -> float:
    """(worst - now) / (worst - best): 1 is the best order, 0 the worst; 1 when all cost the same.

    >>> score(75, 50, 100)
    0.5
    """
    return (worst_ - now) / (worst_ - best_) if worst_ != best_ else 1


def _check(lineup: Lineup) -> None:
    if any(option.d <= 0 for option in lineup.options):
        raise ValueError("an announcement must last some time")


def _stable(lineup: Lineup) -> bool:
    """Whether some keys are dear to change."""
    return bool(lineup.keys and lineup.relearn and any(o.regulars for o in lineup.options))


def _by_rule(lineup: Lineup, survival: Survival | None) -> tuple[tuple[str, ...], str] | None:
    """The order of a closed rule and its name; None where none holds."""
    if survival is not None and not isinstance(survival, Exponential):
        return None
    if lineup.barge_in == 0 or _stable(lineup):
        return None
    ends = _ends(lineup)
    if ends is None:
        return None
    first, middle, last = ends
    rate = survival.rate if survival is not None else None
    ruled = _ruled(lineup, middle, rate)
    if ruled is None:
        return None
    order, rule = ruled
    return tuple(option.id for option in (*first, *order, *last)), rule


def _ruled(
    lineup: Lineup, options: Sequence[Option], rate: Rate
) -> tuple[list[Option], str] | None:
    grouped = [id_ for group in lineup.groups for id_ in group]
    if grouped and (lineup.before or len(set(grouped)) < len(grouped)):
        return None
    if grouped:
        return closed.with_groups(options, lineup.groups, rate), GROUPS
    if lineup.before:
        chains = closed.chains_of([option.id for option in options], lineup.before)
        return None if chains is None else (closed.with_chains(options, chains, rate), CHAINS)
    return closed.by_ratio(options, rate), RATIO


def _ends(
    lineup: Lineup,
) -> tuple[list[Option], list[Option], list[Option]] | None:
    """The options pinned first, those not pinned, those pinned last; None for any other pin."""
    pins = lineup.places
    ruled = {id_ for group in (*lineup.groups, *lineup.before) for id_ in group}
    if len(set(pins.values())) < len(pins) or ruled & set(pins):
        return None
    first, last = lineup.ends
    if len(first) + len(last) < len(pins):
        return None
    by_id = {option.id: option for option in lineup.options}
    middle = [option for option in lineup.options if option.id not in pins]
    return [by_id[id_] for id_ in first], middle, [by_id[id_] for id_ in last]
