"""A proposal as tables that ops staff can read, and as data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.layout import BAR, Cell, Chart, Decimal, Estimate, Report, Series, Word, both, seconds
from tuning.posterior import Interval
from tuning.promotion import Promotion
from tuning.proposal import (
    BEST,
    CHANGE,
    FIXED,
    NO_DATA,
    TOO_FEW,
    TOO_SMALL,
    MenuTuning,
    Variant,
)
from tuning.waterfall import BOUND, FREE, PINNED, SHORT, STEPS, TODAY, Waterfall

VERDICTS: Mapping[str, Word] = {
    CHANGE: Word(CHANGE, "建议调整", "change"),
    BEST: Word(BEST, "已是最佳", "already best"),
    FIXED: Word(FIXED, "已固定", "fixed by tuning.yaml"),
    NO_DATA: Word(NO_DATA, "没有数据", "no data"),
    TOO_FEW: Word(TOO_FEW, "数据太少", "too few data"),
    TOO_SMALL: Word(TOO_SMALL, "收益太小", "gain too small"),
}
NOT_YET = both("目前没有理由改动。", "No change is justified yet.")

_STEPS: Mapping[str, Word] = {
    TODAY: Word(TODAY, "今天", "today"),
    PINNED: Word(PINNED, "最佳次序（遵守全部约束）", "best order, all rules kept"),
    FREE: Word(FREE, "最佳次序（不要约束）", "best order without rules"),
    SHORT: Word(SHORT, "再加捷径", "with shortcuts too"),
    BOUND: Word(BOUND, "任何菜单的下限", "lower bound for any menu"),
}
_FALL = Word("waterfall", "每通电话听菜单的时间", "seconds of menus a call")
_MENUS = Word("menus", "各菜单的次序", "the order of each menu")
_GAINS = Word("gains", "换成最佳次序", "with the best order")
_SECONDS = Word("seconds", "秒", "seconds")


def fall(found: Waterfall, facts: Mapping[str, str], names: Mapping[str, Word]) -> Report:
    """The waterfall; `names` are the shortcuts' by id."""
    now = found.steps[TODAY]
    rows = tuple(
        (
            _STEPS[step],
            seconds(found.steps[step], 2),
            Decimal(found.steps[step] - now, 2, "s"),
            Decimal(100 * (found.steps[step] - now) / now, 1, "%") if now else None,
        )
        for step in STEPS
    )
    notes = [
        both(
            f"可省 gap {100 * found.gap:.1f} %，次序得分 order score {found.score:.2f}"
            f"（1 最佳 best，0 最差 worst：{found.worst:.2f} s）。",
            "The bound is loose by 20 to 40 %: it is no target.",
        )
    ]
    if found.shortcuts:
        said = "、".join(str(names[shortcut.id]) for shortcut in found.shortcuts)
        notes.append(f"捷径 shortcuts: {said}")
    series = Series(_SECONDS, tuple(found.steps[step] for step in STEPS))
    chart = Chart(BAR, _FALL, "s", tuple(str(_STEPS[step].chinese) for step in STEPS), (series,))
    columns = (
        Word("step", "方案", "step"),
        _SECONDS,
        Word("change", "比今天", "against today"),
        Word("percent", "变化", "change"),
    )
    return Report(_FALL, facts, columns, rows, tuple(notes), (chart,))


def nothing(facts: Mapping[str, str], traffic: str) -> Report:
    """What there is to say while nobody has asked for anything."""
    said = both(
        f"没有 {traffic} 话务的申请，也没有来话小结：不知道用户要什么。",
        f"No requests of {traffic} traffic and no wrap-up codes: nothing tells what callers want.",
    )
    return Report(_FALL, facts, (), (), (said, NOT_YET))


def menus(tunings: Sequence[MenuTuning], names: Mapping[str, Word]) -> Report:
    """One row a menu: the seconds of today's order, the best, the worst, and any menu's bound."""
    columns = (
        Word("menu", "菜单", "menu"),
        Word("calls", "每天通过", "calls a day"),
        Word("today", "今天", "today"),
        Word("best", "最佳", "best"),
        Word("worst", "最差", "worst"),
        Word("bound", "下限", "bound"),
        Word("gap", "可省", "gap"),
        Word("score", "次序得分", "order score"),
        Word("events", "依据", "evidence"),
    )
    rows: list[tuple[Cell, ...]] = []
    for tuning in tunings:
        figures: tuple[Cell, ...] = (
            *(seconds(x, 2) for x in (tuning.seconds, tuning.best, tuning.worst, tuning.bound)),
            Decimal(100 * tuning.gap, 1, "%"),
            Decimal(tuning.score, 2),
        )
        if not tuning.events:
            figures = (None,) * len(figures)
        calls = Decimal(tuning.calls, 1)
        rows.append((names[tuning.menu], calls, *figures, round(tuning.events)))
    note = both(
        "依据：需求的确定程度相当于数到多少次申请。",
        "Evidence: the counted requests that the demand is as good as.",
    )
    return Report(_MENUS, {}, columns, tuple(rows), (note,))


def gains(tunings: Sequence[MenuTuning], names: Mapping[str, Word], renumber: bool) -> Report:
    """One row a menu: what the best order saves, with keys kept and with keys given out anew."""
    columns = (
        Word("menu", "菜单", "menu"),
        Word("verdict", "按键不变", "keys kept"),
        Word("saved", "每通少听", "saved a call"),
        Word("chance", "偶然", "by chance"),
        Word("saved_a_day", "每天少听", "a day"),
        Word("failures", "每天失败", "failures a day"),
        Word("renumbered_verdict", "按键重排", "keys renumbered"),
        Word("renumbered_saved", "每通少听", "saved a call"),
        Word("relearn", "重记按键", "relearning"),
    )
    rows = tuple(
        (
            names[tuning.menu],
            VERDICTS[tuning.kept.verdict],
            _estimate(tuning.kept.saved, 2, "s"),
            seconds(tuning.chance, 2),
            seconds(tuning.kept.saved.mean * tuning.calls, 0),
            _estimate(tuning.kept.failures, 2),
            VERDICTS[tuning.renumbered.verdict],
            _estimate(tuning.renumbered.saved, 2, "s"),
            seconds(tuning.renumbered.relearn, 2),
        )
        for tuning in tunings
    )
    notes = [
        both(
            "每通：经过这个菜单的每通电话；括号里是 90 % 区间。失败只算因为听得久而挂机的。",
            "A call: one through the menu; in brackets 90 % intervals. Failures: only those that "
            "come of listening.",
        ),
        both(
            "偶然：就算今天的次序已是最佳，单凭计数的偶然，也会有个次序显得少听这么多。",
            "By chance: as much would some order seem to save even if today's were the best.",
        ),
        both(
            "少听超过“偶然”，而且它的 5 % 分位数超过重记按键的代价，才建议调整。",
            "A change is proposed when what it saves exceeds what chance shows, and its 5 % "
            "quantile the cost of relearning keys.",
        ),
    ]
    notes.append(_total([t for t in tunings if chosen(t, renumber).verdict == CHANGE], renumber))
    return Report(_GAINS, {}, columns, rows, tuple(notes))


def _total(changed: Sequence[MenuTuning], renumber: bool) -> str:
    """What all changes together bring in a day; the menus' intervals are independent."""
    if not changed:
        return NOT_YET
    variants = [(chosen(tuning, renumber), tuning.calls) for tuning in changed]
    saved = _sum([_times(variant.saved, calls) for variant, calls in variants])
    failures = _sum([variant.failures for variant, _ in variants])
    return both(
        f"建议调整 {len(changed)} 个菜单：每天共少听 {_estimate(saved, 0, '秒')}，"
        f"失败变化 {_estimate(failures, 2)} 次。",
        f"Menus to change: {len(changed)}. Together they save {_estimate(saved, 0, 's')} a day and "
        f"change failures by {_estimate(failures, 2)} a day.",
    )


def _times(found: Interval, factor: float) -> Interval:
    return Interval(*(part * factor for part in found))


def _sum(parts: Sequence[Interval]) -> Interval:
    mean = sum(part.mean for part in parts)
    below = math.hypot(*(part.mean - part.low for part in parts))
    above = math.hypot(*(part.high - part.mean for part in parts))
    return Interval(mean, mean - below, mean + above)


def chosen(tuning: MenuTuning, renumber: bool) -> Variant:
    """The variant that was asked for."""
    return tuning.renumbered if renumber else tuning.kept


def _estimate(found: Interval, places: int, unit: str = "") -> Estimate:
    return Estimate(*found, places, unit)


def lines(tuning: MenuTuning, name: Word, labels: Mapping[str, Word], renumber: bool) -> Report:
    """One menu's choices in their new order: where each is announced today, its key, its demand."""
    new = chosen(tuning, renumber)
    at = {line.key: n for n, line in enumerate(tuning.lines, 1)}
    by_key = {line.key: line for line in tuning.lines}
    rows: list[tuple[Cell, ...]] = []
    for n, key in enumerate(new.order, 1):
        line = by_key[key]
        rows.append(
            (
                n,
                at[key],
                labels[key],
                key if new.keys[key] == key else f"{key} → {new.keys[key]}",
                Decimal(100 * line.share, 1, "%"),
                seconds(line.length, 2),
                Decimal(100 * line.early, 0, "%"),
            )
        )
    columns = (
        Word("new", "新次序", "new order"),
        Word("now", "今天第几", "today"),
        Word("option", "选项", "option"),
        Word("key", "按键", "key"),
        Word("share", "需求占比", "share of demand"),
        Word("length", "念多久", "length"),
        Word("known", "不等念完就按", "know the key"),
    )
    return Report(Word(tuning.menu, name.chinese, name.english), {}, columns, tuple(rows))


def promoted(found: Promotion, names: Mapping[str, Word], keys: Mapping[str, str]) -> str:
    """One line on the shortcuts that were asked for."""
    if not found.shortcuts:
        return f"捷径 shortcuts: {VERDICTS[found.verdict]}"
    said = "、".join(f"{keys[s.id]} {names[s.id]}" for s in found.shortcuts)
    saved = _estimate(found.saved, 2, "s")
    return f"捷径 shortcuts: {said}，每通少听 saves {saved}：{VERDICTS[found.verdict]}"


def data(
    tunings: Iterable[MenuTuning], found: Waterfall | None, promotion: Promotion | None
) -> dict[str, Any]:
    """The proposal's figures as JSON data; seconds and seconds a call, failures a day."""
    return {
        "waterfall": None
        if found is None
        else {**found.steps, "worst": found.worst, "gap": found.gap, "score": found.score},
        "menus": [
            {
                **tuning._asdict(),
                "lines": [line._asdict() for line in tuning.lines],
                "hang_ups": tuning.hang_ups._asdict(),
                "gap": tuning.gap,
                "score": tuning.score,
                "kept": _variant(tuning.kept),
                "renumbered": _variant(tuning.renumbered),
            }
            for tuning in tunings
        ],
        "promoted": None
        if promotion is None
        else {
            "shortcuts": [shortcut._asdict() for shortcut in promotion.shortcuts],
            "top": list(promotion.top),
            "saved": promotion.saved._asdict(),
            "verdict": promotion.verdict,
        },
    }


def _variant(variant: Variant) -> dict[str, Any]:
    intervals = ("saved", "worth", "failures")
    return {
        **variant._asdict(),
        "order": list(variant.order),
        "keys": dict(variant.keys),
        **{name: getattr(variant, name)._asdict() for name in intervals},
    }
