"""The control chart: did a day or an hour fail more than the days of a frozen period let expect?

Laney's p' chart: its limits follow the spread of days as well as chance. Measured false alarms are
in docs/reports.md.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.counts import Count
from reports.basis import Basis
from reports.failures import BY_TIME, overdue_note
from reports.layout import (
    CONTROL,
    Cell,
    Chart,
    Decimal,
    Mark,
    Rate,
    Report,
    Series,
    Unanswerable,
    Word,
    both,
)
from reports.rates import NEEDS as RATES_NEED
from reports.rates import R3, RATE_WORDS, WHEN, by_group, days_of, facts
from reports.spans import Span
from reports.stats import LEAST_EXPECTED, ONE_SIDE, RUN, Baseline, baseline, signals

TITLE = Word("control", "控制图", "control chart")
DAY, HOUR = BY = ("day", "hour")
NEEDS = {DAY: (*RATES_NEED, "day"), HOUR: (*RATES_NEED, *WHEN)}
"""The dimensions that the counts of this report must be asked by."""
LEAST = 8
"""Points that a baseline needs: fewer ranges say too little of the spread of days."""
USUAL = 20
"""Points from which the limits are steady."""

_LIMITS = both(
    f"控制限 = 中心 ± 3 σ σz（Laney p'）；{ONE_SIDE.chinese}另列为一种信号。",
    f"Limits: centre ± 3 σ σz (Laney's p'); {RUN} in a row on one side is a signal of its own.",
)
_PHASES = (Word("baseline", "基准期", "baseline"), Word("watched", "监控期", "watched"))


class _Point(NamedTuple):
    label: str
    rate: Rate

    @property
    def day(self) -> str:
        return self.label[:10]


class _Judged(NamedTuple):
    """A point with its limits in percent (None: it can't be judged) and its signals."""

    point: _Point
    low: float | None
    high: float | None
    signals: tuple[Word, ...]
    frozen: bool  # of the baseline


def control(
    counts: Iterable[Count],
    basis: Basis,
    *,
    rate: str = R3,
    by: str = DAY,
    frozen: Span | None = None,
) -> Report:
    """Laney's p' chart of a rate by days or hours, the baseline frozen; counts by NEEDS.

    Without `frozen` the first half of the points is the baseline. The day or hour that is not over
    is left out. Raises Unanswerable when there are too few points, and when none or all failed.
    """
    found = facts(counts, basis)
    known = basis.facts(days_of(found), rate=rate)
    rates = by_group(found, rate, _LABEL[by])
    if not rates:
        return Report(TITLE, known, (), (), (basis.no_data(),))
    now = _NOW[by](basis.as_of)
    points = [_Point(label, rates[label]) for label in sorted(rates) if label < now]
    base_points = _baseline_of(points, frozen, by)
    base = _baseline(base_points)
    known |= {
        "baseline": f"{base_points[0].label} – {base_points[-1].label}",
        "centre": f"{100 * base.centre:.2f} %",
        "sigma_z": f"{base.sigma_z:.2f}",
    }
    judged = _judged(points, base, {point.label for point in base_points})
    notes = [f"{RATE_WORDS[rate]}；{_UNITS[by]}", _LIMITS, *_doubts(judged)]
    if now in rates:
        notes.append(both(f"{now} 尚未结束，未计入。", f"{now} is not over: left out."))
    if overdue := sum(fact.row.n for fact in found if fact.overdue):
        notes.append(overdue_note(overdue))
    notes += _told(judged)
    return Report(
        TITLE,
        known,
        (BY_TIME[by], *_COLUMNS),
        tuple(map(_row, judged)),
        tuple(notes),
        (_chart(rate, judged, base),),
        tuple(basis.behind(rate=rate, day=point.day, **_hour(point.label)) for point in points),
    )


_COLUMNS = (
    Word("phase", "阶段", "phase"),
    Word("failure_rate", "失败率", "failure rate"),
    Word("low", "下限", "lower limit"),
    Word("high", "上限", "upper limit"),
    Word("signal", "信号", "signal"),
)


def _row(one: _Judged) -> tuple[Cell, ...]:
    limits = (None if limit is None else Decimal(limit, 2, "%") for limit in (one.low, one.high))
    phase = _PHASES[not one.frozen]
    return (one.point.label, phase, one.point.rate, *limits, _words(one.signals) or None)


def _words(signals_: Iterable[Word]) -> str:
    return "; ".join(map(str, signals_))


_LABEL: Mapping[str, Callable[[Count], str]] = {
    DAY: lambda count: count.day,
    HOUR: lambda count: f"{count.day} {count.hour:02d}",
}
_NOW: Mapping[str, Callable[[datetime.datetime], str]] = {
    DAY: lambda now: now.date().isoformat(),
    HOUR: lambda now: f"{now.date().isoformat()} {now.hour:02d}",
}
_UNITS = {DAY: Word(DAY, "按日", "by day"), HOUR: Word(HOUR, "按小时", "by hour")}


def _hour(label: str) -> dict[str, int]:
    return {"hour": int(label[11:])} if len(label) > 10 else {}


def _baseline_of(points: Sequence[_Point], frozen: Span | None, by: str) -> Sequence[_Point]:
    if frozen is None:
        chosen = points[: len(points) // 2]
    else:
        chosen = [point for point in points if frozen.first <= point.day <= frozen.last]
    if len(chosen) < LEAST:
        unit = _UNITS[by].chinese.removeprefix("按")
        where = (f"{frozen} 中", f"in {frozen}") if frozen else ("前一半中", "in the first half")
        raise Unanswerable(
            both(
                f"控制图的基准期至少要 {LEAST} 个{unit}点，{where[0]}只有 {len(chosen)} 个"
                f"（共 {len(points)} 个）：请放宽日期。",
                f"A baseline needs {LEAST} points; {where[1]} there are {len(chosen)} of "
                f"{len(points)}: take more days.",
            )
        )
    return chosen


def _baseline(points: Sequence[_Point]) -> Baseline:
    rates = [point.rate for point in points]
    failed, whole = sum(rate.n for rate in rates), sum(rate.of for rate in rates)
    plain = Baseline(failed / whole, 1.0)
    judged = sum(plain.judges(rate.of) for rate in rates)
    if 0 < failed < whole and judged >= LEAST:
        return baseline(rates)
    if 0 < failed < whole:
        chinese = (
            f"可判断的点只有 {judged} 个（每点至少应预期 {LEAST_EXPECTED} 次失败），要 {LEAST} 个"
        )
        english = f"only {judged} points let expect {LEAST_EXPECTED} failures; {LEAST} are needed"
    else:
        chinese, english = ("全部失败", "all failed") if failed else ("没有失败", "nothing failed")
    raise Unanswerable(
        both(
            f"基准期{chinese}，算不出控制限：请换一段基准期，或改为按日。",
            f"In the baseline {english}: there are no limits; choose another baseline, or days.",
        )
    )


def _judged(points: Sequence[_Point], base: Baseline, frozen: set[str]) -> list[_Judged]:
    found = signals([point.rate for point in points], base)
    judged = []
    for point, why in zip(points, found, strict=True):
        one = _Judged(point, None, None, why, point.label in frozen)
        if base.judges(point.rate.of):
            low, high = base.limits(point.rate.of)
            one = one._replace(low=100 * low, high=100 * high)
        judged.append(one)
    return judged


def _doubts(judged: Sequence[_Judged]) -> Iterator[str]:
    """What the reader should know before believing the limits."""
    frozen = sum(one.frozen for one in judged)
    if frozen < USUAL:
        yield both(
            f"基准期只有 {frozen} 点，控制限还不稳，通常要 {USUAL} 点。",
            f"Only {frozen} points of baseline: the limits are not steady; {USUAL} are usual.",
        )
    if any(one.frozen and one.signals for one in judged):
        yield both(
            "基准期内已有信号，控制限可能偏宽：请换一段平稳的基准期。",
            "The baseline has signals of its own, so the limits may be too wide: choose a steady "
            "one.",
        )
    if few := sum(one.low is None for one in judged):
        yield both(
            f"{few} 点申请太少（预期失败不足 {LEAST_EXPECTED} 次），不作判断。",
            f"{few} points have too few requests to be judged (under {LEAST_EXPECTED} expected "
            "failures).",
        )


def _told(judged: Sequence[_Judged]) -> list[str]:
    told = [
        f"信号 signal: {one.point.label} {one.point.rate}, {one.low:.2f}–{one.high:.2f} %: "
        f"{_words(one.signals)}"
        for one in judged
        if one.signals
    ]
    return told or [both("没有信号。", "No signals.")]


def _chart(rate: str, judged: Sequence[_Judged], base: Baseline) -> Chart:
    word = RATE_WORDS[rate]
    rates = [one.point.rate for one in judged]
    return Chart(
        CONTROL,
        Word("control", f"{word.chinese} 控制图", f"control chart of {word.english}"),
        "%",
        tuple(one.point.label for one in judged),
        (
            Series(
                word,
                tuple(100 * rate.n / rate.of for rate in rates),
                tuple(one.low for one in judged),
                tuple(one.high for one in judged),
            ),
        ),
        100 * base.centre,
        tuple(Mark(at, why) for at, one in enumerate(judged) for why in one.signals),
    )
