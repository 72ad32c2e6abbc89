"""How many requests fail, and why: R1, R2 and R3, each with its numerator and denominator."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dialog.outcomes import DECLINED, REFUSED, UNKNOWN
from ledger.counts import LOST, OPEN, Count
from reports.basis import Basis
from reports.causes import RULE, Causes
from reports.layout import (
    BAR,
    LINE,
    PARETO,
    Cell,
    Chart,
    Filter,
    Rate,
    Ratio,
    Report,
    Series,
    Word,
)
from reports.rates import (
    DEFINITIONS,
    GROUPS,
    R1,
    R3,
    RATE_WORDS,
    RATES,
    STATE_COLUMNS,
    Fact,
    Tally,
    attribution,
    cause_of,
    days_of,
    facts,
    rate_of,
    tallies,
)

TITLE = Word("failures", "受理失败率", "failure rate")
TOTAL = Word("total", "合计", "total")
NO_GROUP = Word("", "—", "(none)")

BY_TIME = {
    "month": Word("month", "月份", "month"),
    "day": Word("day", "日期", "day"),
    "hour": Word("hour", "时段", "hour"),
}
BY_PLACE = {
    "node": Word("node", "节点", "node"),
    "service": Word("service", "业务", "service"),
    "kind": Word("kind", "类型", "kind"),
    "keyword": Word("keyword", "指令", "keyword"),
    "channel": Word("channel", "渠道", "channel"),
    "brand": Word("brand", "品牌", "brand"),
    "version": Word("version", "菜单版本", "menus version"),
}
BY_CAUSE = {
    "class": Word("class", "原因分类", "class"),
    "cause": Word("cause", "原因", "cause"),
    "reason": Word("reason", "失败码", "reason"),
}
BY = (*BY_TIME, *BY_PLACE, *BY_CAUSE)
"""What a report can be grouped by."""

_MOST_BARS = 15
_COUNT = Word("n", "次数", "count")
_FAILURE_RATE = Word("failure_rate", "失败率", "failure rate")
_RATE = Word("rate", "指标", "rate")


class _Table(NamedTuple):
    columns: tuple[Word, ...]
    rows: tuple[tuple[Cell, ...], ...]
    charts: tuple[Chart, ...] = ()
    behind: tuple[Filter, ...] = ()


def failures(counts: Iterable[Count], causes: Causes, basis: Basis, *, by: str = "") -> Report:
    """The failure report of one kind of traffic; counts of other traffic are left out.

    Raises ValueError for a grouping that is not in BY, and for counts that `rates.needs` was not
    asked of.
    """
    if by and by not in BY:
        raise ValueError(f"no such grouping: {by}; there are {', '.join(BY)}")
    found = facts(counts, basis)
    totals = tallies(found)
    known = basis.facts(days_of(found), causes=causes.version)
    if not totals[R3].total():
        return Report(TITLE, known, (), (), (basis.no_data(),))
    notes = _definitions(totals, sum(fact.row.n for fact in found if fact.overdue))
    if by in BY_CAUSE:
        made = _by_cause(by, found, causes, totals, basis)
        notes += (attribution(found, causes), *map(_headline, RATES, totals.values()))
    elif by:
        made = _by_group(by, found, totals, basis)
    else:
        made = _overall(totals, basis)
    return Report(TITLE, known, made.columns, made.rows, notes, made.charts, made.behind)


# -- rates by time or place ------------------------------------------------------------------------


def _overall(totals: Mapping[str, Tally], basis: Basis) -> _Table:
    rows = tuple(_rate_row(rate, tally) for rate, tally in totals.items())
    behind = tuple(basis.behind(rate=rate) for rate in totals)
    return _Table((_RATE, _FAILURE_RATE, *STATE_COLUMNS), rows, behind=behind)


def _by_group(by: str, found: list[Fact], totals: Mapping[str, Tally], basis: Basis) -> _Table:
    groups: dict[str, list[Fact]] = {}
    for fact in found:
        groups.setdefault(GROUPS[by](fact.row), []).append(fact)
    tallied = [(group, tallies(rows)) for group, rows in groups.items()]
    if by in BY_TIME:
        tallied.sort(key=lambda row: row[0])
    else:
        tallied.sort(key=lambda row: (-rate_of(row[1][R3]).n, row[0]))
    rows: list[tuple[Cell, ...]] = []
    behind: list[Filter] = []
    for group, sums in tallied:
        for rate, tally in sums.items():
            if tally.total():  # else the rate says nothing of this group
                rows.append((group or NO_GROUP, *_rate_row(rate, tally)))
                behind.append(basis.behind(rate=rate, **within(by, group)))
    for rate, tally in totals.items():
        rows.append((TOTAL, *_rate_row(rate, tally)))
        behind.append(basis.behind(rate=rate))
    return _Table(
        ((BY_TIME | BY_PLACE)[by], _RATE, _FAILURE_RATE, *STATE_COLUMNS),
        tuple(rows),
        (_rates_chart(by, tallied),),
        tuple(behind),
    )


def within(by: str, group: str) -> dict[str, str | int]:
    """The filter that keeps one group; a month is its days."""
    if by == "month":
        _, last = calendar.monthrange(*map(int, group.split("-")))
        return {"from": f"{group}-01", "to": f"{group}-{last}"}
    return {by: int(group) if by == "hour" else group}


def _rate_row(rate: str, tally: Tally) -> tuple[Cell, ...]:
    states = (
        None if column.id == LOST and rate != R3 else tally[column.id] for column in STATE_COLUMNS
    )
    return (rate, rate_of(tally), *states)


def _rates_chart(by: str, tallied: list[tuple[str, dict[str, Tally]]]) -> Chart:
    word = (BY_TIME | BY_PLACE)[by]
    title = Word(by, f"失败率（{word.chinese}）", f"failure rate by {word.english}")
    shown, rates = (tallied, RATES) if by in BY_TIME else (tallied[:_MOST_BARS], (R3,))
    labels = tuple(group or str(NO_GROUP) for group, _ in shown)
    series = tuple(
        rate_series(RATE_WORDS[rate], [rate_of(sums[rate]) for _, sums in shown]) for rate in rates
    )
    return Chart(LINE if by in BY_TIME else BAR, title, "%", labels, series)


def rate_series(name: Word, rates: Iterable[Rate]) -> Series:
    """Rates in percent with their intervals, for a chart."""
    points = [
        (100 * rate.n / rate.of, *bounds) if (bounds := rate.bounds) else (None,) * 3
        for rate in rates
    ]
    values, low, high = zip(*points, strict=True)
    return Series(name, values, low, high)


# -- failures by class, cause and reason -----------------------------------------------------------


def _by_cause(
    by: str, found: list[Fact], causes: Causes, totals: Mapping[str, Tally], basis: Basis
) -> _Table:
    depth = list(BY_CAUSE).index(by) + 1
    sums: dict[str, Counter[tuple[Word | str, ...]]] = {rate: Counter() for rate in RATES}
    for fact in found:
        if fact.bad or fact.state == REFUSED:
            cause, reason = cause_of(fact, causes)
            for rate in fact.rates:
                sums[rate][(cause.of, cause.cause, reason)[:depth]] += fact.row.n
    rows: list[tuple[Cell, ...]] = []
    behind: list[Filter] = []
    for rate, numbers in sums.items():
        classes: Counter[Word | str] = Counter()
        for group, n in numbers.items():
            classes[group[0]] += n
        whole = rate_of(totals[rate])
        order = sorted(numbers.items(), key=lambda row: (_is_refusal(row[0]), -row[1], row[0]))
        for group, n in order:
            failed = not _is_refusal(group)
            share = Ratio(n, whole.n) if failed else None
            in_class = (Ratio(n, classes[group[0]]),) if depth > 1 else ()
            rows.append((rate, *group, n, share, *in_class, Rate(n, whole.of) if failed else None))
            behind.append(_behind_cause(rate, group, basis, failed=failed))
    columns = (
        _RATE,
        *list(BY_CAUSE.values())[:depth],
        _COUNT,
        Word("share", "占失败", "share of failures"),
        *((Word("share_in_class", "占本类", "share of its class"),) if depth > 1 else ()),
        _FAILURE_RATE,
    )
    return _Table(columns, tuple(rows), (_pareto(by, sums[R3]),), tuple(behind))


def _behind_cause(
    rate: str, group: tuple[Word | str, ...], basis: Basis, *, failed: bool
) -> Filter:
    names = ("class", "cause", "reason")
    kept = {
        name: part.id if isinstance(part, Word) else part
        for name, part in zip(names, group, strict=False)
    }
    if len(kept) > 1:
        del kept["class"]  # the cause says it
    if failed:
        return basis.behind(rate=rate, **kept)
    voice = {"channel": "voice", "kind": "change"} if rate == R1 else {}
    return basis.behind(outcome=REFUSED, **voice, **kept)


def _pareto(by: str, numbers: Mapping[tuple[Word | str, ...], int]) -> Chart:
    word = BY_CAUSE[by]
    failed = [(group, n) for group, n in numbers.items() if not _is_refusal(group)]
    failed.sort(key=lambda row: (-row[1], row[0]))
    return Chart(
        PARETO,
        Word(by, f"R3 失败与流失（{word.chinese}）", f"failed and lost, by {word.english}"),
        str(_COUNT),
        tuple(str(group[-1]) for group, _ in failed[:_MOST_BARS]),
        (Series(_COUNT, tuple(n for _, n in failed[:_MOST_BARS])),),
    )


def _is_refusal(group: tuple[Word | str, ...]) -> bool:
    return isinstance(group[0], Word) and group[0].id == RULE


# -- notes -----------------------------------------------------------------------------------------


def _definitions(totals: Mapping[str, Tally], overdue: int) -> tuple[str, ...]:
    notes = list(DEFINITIONS)
    if not totals[R1].total():
        notes.append("R1：没有语音办理申请。No voice changes: R1 has no value.")
    if overdue:
        notes.append(overdue_note(overdue))
    return tuple(notes)


def overdue_note(overdue: int) -> str:
    """So many changes count as failed because the BSS never answered."""
    return (
        f"{overdue} 次办理超过24小时仍无结果，按失败计。{overdue} unknown for more than 24 h "
        "counted as failed."
    )


def _headline(rate: str, tally: Tally) -> str:
    apart = (REFUSED, DECLINED, UNKNOWN, OPEN)
    words = " · ".join(
        f"{column} {tally[column.id]}" for column in STATE_COLUMNS if column.id in apart
    )
    return f"{rate}: {rate_of(tally)} · {words}"
