"""Two spans or two menus versions side by side: what changed, whether by chance, and through what.

A rate can rise while each node's falls, because more calls go where more fail (Simpson): so the
change is split into mix and rate (Kitagawa 1955).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ledger.counts import Count
from reports.basis import Basis
from reports.failures import BY_PLACE, NO_GROUP, TOTAL, overdue_note
from reports.layout import (
    BAR,
    NOTHING,
    Cell,
    Chart,
    Decimal,
    Estimate,
    Filter,
    Rate,
    Report,
    Series,
    Unanswerable,
    Word,
    both,
)
from reports.rates import (
    GROUPS,
    R3,
    RATE_WORDS,
    RATES,
    Fact,
    by_group,
    facts,
    needs,
    rate_of,
    tallies,
)
from reports.stats import Difference, Effects, adjusted, baseline, difference, kitagawa

TITLE = Word("compare", "对比", "comparison")
BY = ("node", "kind", "service", "channel", "brand", "called")
"""What the change can be split over."""
LEAST_DAYS = 8
"""Days of either side from which the spread of its days can be told."""

_MOST_BARS = 12
_CLUSTERED = both(
    "同一用户的多次申请不独立，p 值偏小、区间偏窄；第二个 p 值已放宽："
    "合计行按日间离散，各组按多重比较（Benjamini-Hochberg）。",
    "Requests cluster by caller: p is somewhat too small, intervals too narrow. The second p "
    "allows for the spread of days (totals) or for many groups (Benjamini-Hochberg).",
)


class Side(NamedTuple):
    """One of the two: as it was asked for, its counts by `needs`, and the filter that keeps it."""

    name: str
    counts: Sequence[Count]
    kept: Filter


class _Seen(NamedTuple):
    facts: list[Fact]
    rates: Mapping[str, Rate]
    spreads: Mapping[str, float]  # of the days of each rate, where there are enough


def needs_by(by: str) -> tuple[str, ...]:
    """The dimensions that the counts of this report must be asked by."""
    return tuple(dict.fromkeys((*needs(by), *([by] if by == "called" else []), "day")))


def compare(a: Side, b: Side, basis: Basis, *, by: str = "node", rate: str = R3) -> Report:
    """B against A: the three rates, and the change of `rate` split over groups.

    Raises Unanswerable when a side has no requests.
    """
    sides = [_seen(side, basis) for side in (a, b)]
    for side, seen in zip((a, b), sides, strict=True):
        if not seen.rates[R3].of:
            chinese = f"{side.name} 没有 {basis.traffic} 流量的申请，无法对比。"
            english = f"{side.name} has no requests of {basis.traffic} traffic: nothing to compare."
            raise Unanswerable(both(chinese, english))
    days = (fact.row.day for seen in sides for fact in seen.facts)
    known = basis.facts(days, a=a.name, b=b.name, rate=rate)
    rows = _totals(sides)
    behind = [basis.behind(rate=str(row[1]), **b.kept) for row in rows]
    if not all(seen.rates[rate].of for seen in sides):
        note = both(
            f"{rate} 只有一边有申请，无法分解。",
            f"Only one side has requests of {rate}: it can't be split.",
        )
        return Report(TITLE, known, _columns(by), tuple(rows), (note,), (), tuple(behind))
    groups = [by_group(seen.facts, rate, _group(by)) for seen in sides]
    effects = kitagawa(*groups)
    order = sorted(effects, key=lambda group: (-abs(sum(effects[group])), group))
    rows += _parts(rate, order, groups, effects)
    behind += [basis.behind(rate=rate, **b.kept, **{by: group}) for group in order]
    notes = _notes(rate, sides, effects, groups, (a.name, b.name))
    chart = _chart(by, order, effects)
    return Report(TITLE, known, _columns(by), tuple(rows), notes, (chart,), tuple(behind))


def _totals(sides: Sequence[_Seen]) -> list[tuple[Cell, ...]]:
    """A row for each rate that both sides have requests of."""
    rows: list[tuple[Cell, ...]] = []
    for name in RATES:
        before, after = (seen.rates[name] for seen in sides)
        if before.of and after.of:
            found = difference(before, after)
            change = (_points(found), None, None)
            rows.append((TOTAL, name, before, after, *change, *_chance(found, name, sides)))
    return rows


def _parts(
    rate: str,
    order: Sequence[str],
    groups: Sequence[Mapping[str, Rate]],
    effects: Mapping[str, Effects],
) -> list[tuple[Cell, ...]]:
    """A row for each group, with what it adds to the change."""
    chances = _group_chances(order, groups)
    rows: list[tuple[Cell, ...]] = []
    for group in order:
        chance = chances[group]
        rows.append(
            (
                group or NO_GROUP,
                rate,
                *(side.get(group, Rate(0, 0)) for side in groups),
                _points(chance[0]) if chance else None,
                *map(_pp, effects[group]),
                *((_p(chance[0].p), _p(chance[1])) if chance else (None, None)),
            )
        )
    return rows


def _group(by: str) -> Callable[[Count], str]:
    return GROUPS[by] if by in GROUPS else lambda count: str(getattr(count, by))


def _seen(side: Side, basis: Basis) -> _Seen:
    found = facts(side.counts, basis)
    rates = {rate: rate_of(tally) for rate, tally in tallies(found).items()}
    spreads = {}
    for rate in rates:
        days = by_group(found, rate, GROUPS["day"])
        with contextlib.suppress(ValueError):  # too few failures a day to tell
            if len(days) >= LEAST_DAYS:
                spreads[rate] = baseline([days[day] for day in sorted(days)]).sigma_z
    return _Seen(found, rates, spreads)


# -- cells -----------------------------------------------------------------------------------------


def _columns(by: str) -> tuple[Word, ...]:
    word = BY_PLACE.get(by, Word(by, "被叫号码", "number called"))
    return (
        word,
        Word("rate", "指标", "rate"),
        Word("a", "A", ""),
        Word("b", "B", ""),
        Word("change", "变化（百分点）", "change, B less A"),
        Word("mix_effect", "构成影响", "mix effect"),
        Word("rate_effect", "失败率影响", "rate effect"),
        Word("p", "p 值", "p"),
        Word("p_allowing", "p 值（放宽后）", "p, allowing for more"),
    )


def _points(found: Difference) -> Estimate:
    return Estimate(100 * found.value, 100 * found.low, 100 * found.high, 2, "pp")


def _pp(share: float) -> Decimal:
    return Decimal(100 * share, 3, "pp")


def _p(p: float) -> str:
    """As statisticians print it: four decimals, and no chance is 0."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _chance(found: Difference, rate: str, sides: Sequence[_Seen]) -> tuple[Cell, Cell]:
    """The p of independent requests, and the one that allows for the spread of days."""
    spreads = [seen.spreads[rate] for seen in sides if rate in seen.spreads]
    if len(spreads) < len(sides):
        return _p(found.p), None
    return _p(found.p), _p(allowing(found.p, max(1.0, *spreads)))


def allowing(p: float, spread: float) -> float:
    """What a p-value becomes when figures scatter `spread` times as far as chance lets them."""
    if p <= 0:
        return 0.0
    from scipy.stats import norm

    return float(2 * norm.sf(norm.isf(p / 2) / spread))


def _group_chances(
    order: Sequence[str], groups: Sequence[Mapping[str, Rate]]
) -> dict[str, tuple[Difference, float] | None]:
    both = [group for group in order if all(side.get(group, Rate(0, 0)).of for side in groups)]
    found = [difference(groups[0][group], groups[1][group]) for group in both]
    allowed = adjusted([each.p for each in found])
    chances = dict(zip(both, zip(found, allowed, strict=True), strict=True))
    return {group: chances.get(group) for group in order}


# -- notes and chart -------------------------------------------------------------------------------


def _notes(
    rate: str,
    sides: Sequence[_Seen],
    effects: Mapping[str, Effects],
    groups: Sequence[Mapping[str, Rate]],
    names: tuple[str, str],
) -> tuple[str, ...]:
    mix, own = (math.fsum(parts) for parts in zip(*effects.values(), strict=True))
    before, after = (seen.rates[rate] for seen in sides)
    change = after.n / after.of - before.n / before.of
    notes = [
        both(
            "每行打开的是 B 的申请；A 的把日期或版本换成 A 即可。",
            "Rows open the requests of B; for those of A put A's days or version instead.",
        ),
        f"{RATE_WORDS[rate]}: {before} → {after}",
        f"变化 change {_pp(change)} = 构成 mix {_pp(mix)} + 失败率 rate {_pp(own)}",
        _CLUSTERED,
    ]
    for name, here, there in ((names[0], *groups), (names[1], *reversed(groups))):
        if only := sorted(set(here) - set(there)):
            shown = ", ".join(group or NOTHING for group in only)
            notes.append(
                f"只有 {name} 有的（全部计入构成影响） only in {name}, all of it mix: {shown}"
            )
    if overdue := sum(fact.row.n for seen in sides for fact in seen.facts if fact.overdue):
        notes.append(overdue_note(overdue))
    return tuple(notes)


def _chart(by: str, order: Iterable[str], effects: Mapping[str, Effects]) -> Chart:
    shown = list(order)[:_MOST_BARS]
    word = BY_PLACE.get(by, Word(by, "被叫号码", "number called"))
    return Chart(
        BAR,
        Word(
            "effects", f"变化来自哪里（{word.chinese}）", f"where the change is, by {word.english}"
        ),
        "pp",
        tuple(group or str(NO_GROUP) for group in shown),
        (
            Series(Word("mix", "构成", "mix"), tuple(100 * effects[group].mix for group in shown)),
            Series(
                Word("rate", "失败率", "rate"), tuple(100 * effects[group].rate for group in shown)
            ),
        ),
    )
