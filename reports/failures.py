"""How many requests fail, and why: R1, R2 and R3, each with its numerator and denominator.

Pure functions over typed counts. The definitions are those of docs/reports.md.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dialog.outcomes import DECLINED, DONE, FAILED, REFUSED, UNKNOWN
from ledger.counts import LOST, OPEN, REQUEST, Count
from reports.causes import RULE, Cause, Causes
from reports.layout import Cell, Ratio, Report, Word

UNKNOWN_FOR = datetime.timedelta(hours=24)
"""How long a change may stay without the BSS's answer before it counts as failed."""

TITLE = Word("failures", "受理失败率", "failure rate")
R1, R2, R3 = RATES = ("R1", "R2", "R3")
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
}
BY_CAUSE = {
    "class": Word("class", "原因分类", "class"),
    "cause": Word("cause", "原因", "cause"),
    "reason": Word("reason", "失败码", "reason"),
}
BY = (*BY_TIME, *BY_PLACE, *BY_CAUSE)
"""What a report can be grouped by."""

DEFINITIONS = (
    "R1 = 语音开通/关闭：失败/申请 voice changes: failed/requests",
    "R2 = 全部申请：失败/申请 all requests: failed/requests",
    "R3 = (失败+流失)/(申请+流失) (failed+lost)/(requests+lost)",
    "流失：未进入任何业务即结束的通话 lost: calls that ended before any leaf",
    "拒绝、放弃、待查、未结计入申请，不计入失败 refused, declined, unknown and open do not fail",
)

_ALWAYS = ("of", "day", "hour", "channel", "traffic", "kind", "outcome", "reason", "guided")
_DONE = "done"
_STATE_COLUMNS = (
    Word(_DONE, "成功", "done"),
    Word(FAILED, "失败", "failed"),
    Word(LOST, "流失", "lost"),
    Word(REFUSED, "拒绝", "refused"),
    Word(DECLINED, "放弃", "declined"),
    Word(UNKNOWN, "待查", "unknown"),
    Word(OPEN, "未结", "open"),
)
_STATES = tuple(column.id for column in _STATE_COLUMNS)
_BAD = (FAILED, LOST)

Tally = Counter[str]
"""By state: how many."""


class _Fact(NamedTuple):
    """A count as the rates see it."""

    row: Count
    state: str
    rates: tuple[str, ...]


def needs(by: str = "") -> tuple[str, ...]:
    """The dimensions that the counts of this report must be asked by."""
    return (*_ALWAYS, by) if by in BY_PLACE and by not in _ALWAYS else _ALWAYS


def failures(
    counts: Iterable[Count],
    causes: Causes,
    *,
    by: str = "",
    traffic: str = "real",
    as_of: datetime.datetime,
    first: str = "",
    last: str = "",
) -> Report:
    """The failure report of one kind of traffic; counts of other traffic are left out.

    `as_of` is when the counts were taken, in the site's zone: it decides which requests have been
    unknown for too long. `first` and `last` name the days that were asked for ("" = no bound).
    Raises ValueError for a grouping that is not in BY, and for counts that `needs` was not
    asked of.
    """
    if by and by not in BY:
        raise ValueError(f"no such grouping: {by}; there are {', '.join(BY)}")
    facts = list(_facts(counts, traffic, as_of))
    known = {
        "traffic": traffic,
        "from": first,
        "to": last,
        "as_of": as_of.isoformat(timespec="seconds"),
        "causes": causes.version,
    }
    totals = _tallies(facts)
    if not totals[R3].total():
        return Report(TITLE, known, (), (), (_no_data(traffic, first, last),))
    overdue = sum(fact.row.n for fact in facts if _is_overdue(fact))
    if by in BY_CAUSE:
        columns, rows = _causes_table(by, facts, causes, totals)
        notes = (*_definitions(totals, overdue), *map(_headline, RATES, totals.values()))
    else:
        columns, rows = _rates_table(by, facts, totals)
        notes = _definitions(totals, overdue)
    return Report(TITLE, known, columns, rows, notes)


# -- what counts, and where ------------------------------------------------------------------------


def _facts(counts: Iterable[Count], traffic: str, as_of: datetime.datetime) -> Iterable[_Fact]:
    limit = as_of - UNKNOWN_FOR
    cutoff = (limit.date().isoformat(), limit.hour)
    for count in counts:
        if not all((count.of, count.traffic, count.channel, count.day, count.outcome)):
            raise ValueError("counts that lack a dimension: ask for those of failures.needs()")
        if count.traffic != traffic:
            continue
        if count.of == REQUEST:
            rates = RATES if (count.channel, count.kind) == ("voice", "change") else RATES[1:]
            yield _Fact(count, _state(count, cutoff), rates)
        elif count.outcome == LOST:
            yield _Fact(count, LOST, RATES[2:])


def _state(count: Count, cutoff: tuple[str, int]) -> str:
    if count.outcome in DONE:
        return _DONE
    if count.outcome == UNKNOWN:
        return FAILED if (count.day, count.hour) < cutoff else UNKNOWN
    return count.outcome


def _is_overdue(fact: _Fact) -> bool:
    return fact.row.outcome == UNKNOWN and fact.state == FAILED


def _tallies(facts: Iterable[_Fact]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {rate: Counter() for rate in RATES}
    for fact in facts:
        for rate in fact.rates:
            tallies[rate][fact.state] += fact.row.n
    return tallies


def _bad(tally: Tally) -> int:
    return sum(tally[state] for state in _BAD)


# -- rates by time or place ------------------------------------------------------------------------


def _rates_table(
    by: str, facts: list[_Fact], totals: Mapping[str, Tally]
) -> tuple[tuple[Word, ...], tuple[tuple[Cell, ...], ...]]:
    columns = (Word("rate", "指标", "rate"), Word("failure_rate", "失败率", "failure rate"))
    if not by:
        rows = [_rate_row(rate, tally) for rate, tally in totals.items()]
        return (*columns, *_STATE_COLUMNS), tuple(rows)
    groups: dict[str, list[_Fact]] = {}
    for fact in facts:
        groups.setdefault(_GROUP[by](fact.row), []).append(fact)
    tallied = [(group, _tallies(rows)) for group, rows in groups.items()]
    if by in BY_TIME:
        tallied.sort(key=lambda row: row[0])
    else:
        tallied.sort(key=lambda row: (-_bad(row[1][R3]), row[0]))
    rows = [
        (group or NO_GROUP, *_rate_row(rate, tally))
        for group, tallies in tallied
        for rate, tally in tallies.items()
        if tally.total()  # a rate that says nothing of this group
    ]
    rows += [(TOTAL, *_rate_row(rate, tally)) for rate, tally in totals.items()]
    return ((BY_TIME | BY_PLACE)[by], *columns, *_STATE_COLUMNS), tuple(rows)


def _rate_row(rate: str, tally: Tally) -> tuple[Cell, ...]:
    states = (None if state == LOST and rate != R3 else tally[state] for state in _STATES)
    return (rate, Ratio(_bad(tally), tally.total()), *states)


_GROUP: Mapping[str, Callable[[Count], str]] = {
    "month": lambda count: count.day[:7],
    "day": lambda count: count.day,
    "hour": lambda count: f"{count.hour:02d}",
    "node": lambda count: count.node,
    "service": lambda count: count.service,
    "kind": lambda count: count.kind,
    "keyword": lambda count: count.keyword,
    "channel": lambda count: count.channel,
}


# -- failures by class, cause and reason -----------------------------------------------------------


def _causes_table(
    by: str, facts: list[_Fact], causes: Causes, totals: Mapping[str, Tally]
) -> tuple[tuple[Word, ...], tuple[tuple[Cell, ...], ...]]:
    depth = list(BY_CAUSE).index(by) + 1
    found: dict[str, Counter[tuple[Word | str, ...]]] = {rate: Counter() for rate in RATES}
    for fact in facts:
        if fact.state in (*_BAD, REFUSED):
            cause, reason = _cause(fact, causes)
            for rate in fact.rates:
                found[rate][(cause.of, cause.cause, reason)[:depth]] += fact.row.n
    rows: list[tuple[Cell, ...]] = []
    for rate, numbers in found.items():
        classes: Counter[Word | str] = Counter()
        for group, n in numbers.items():
            classes[group[0]] += n
        bad, requests = _bad(totals[rate]), totals[rate].total()
        order = sorted(numbers.items(), key=lambda row: (_is_refusal(row[0]), -row[1], row[0]))
        for group, n in order:
            failed = not _is_refusal(group)
            share = Ratio(n, bad) if failed else None
            within = (Ratio(n, classes[group[0]]),) if depth > 1 else ()
            of_requests = Ratio(n, requests) if failed else None
            rows.append((rate, *group, n, share, *within, of_requests))
    columns = (
        Word("rate", "指标", "rate"),
        *list(BY_CAUSE.values())[:depth],
        Word("n", "次数", "count"),
        Word("share", "占失败", "share of failures"),
        *((Word("share_in_class", "占本类", "share of its class"),) if depth > 1 else ()),
        Word("failure_rate", "失败率", "failure rate"),
    )
    return columns, tuple(rows)


def _cause(fact: _Fact, causes: Causes) -> tuple[Cause, str]:
    count = fact.row
    if fact.state == REFUSED:
        return causes.refusal(count.reason), count.reason
    if fact.state == LOST:
        cause = causes.loss(count.reason, guided=count.guided, traffic=count.traffic)
        return cause, f"pre_leaf:{count.reason}"
    reason = count.reason if count.outcome == FAILED else count.outcome
    return causes.failure(reason, guided=count.guided, traffic=count.traffic), reason


def _is_refusal(group: tuple[Word | str, ...]) -> bool:
    return isinstance(group[0], Word) and group[0].id == RULE


# -- notes -----------------------------------------------------------------------------------------


def _no_data(traffic: str, first: str, last: str) -> str:
    span = f"{first or '…'} – {last or '…'}"
    hint = "；命令行产生的是 rehearsal (commands write rehearsal)" if traffic == "real" else ""
    return (
        f"{span} 没有 {traffic} 流量的申请，无法计算失败率。"
        f"No requests of {traffic} traffic in this span: there is no rate to show{hint}."
    )


def _definitions(totals: Mapping[str, Tally], overdue: int) -> tuple[str, ...]:
    notes = list(DEFINITIONS)
    if not totals[R1].total():
        notes.append("R1：没有语音办理申请。No voice changes: R1 has no value.")
    if overdue:
        notes.append(
            f"{overdue} 次办理超过24小时仍无结果，按失败计。{overdue} unknown for more than 24 h "
            "counted as failed."
        )
    return tuple(notes)


def _headline(rate: str, tally: Tally) -> str:
    apart = (REFUSED, DECLINED, UNKNOWN, OPEN)
    words = " · ".join(
        f"{column} {tally[column.id]}" for column in _STATE_COLUMNS if column.id in apart
    )
    return f"{rate}: {Ratio(_bad(tally), tally.total())} · {words}"
