"""Menu order against hot topics (the quality circle's table 5-4): what is asked most, said first?

The demand of a line is that of the leaves behind it, so a sub-menu's is the sum of its leaves'. A
leaf behind two lines of a menu counts at the one that is heard first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reports.basis import Basis
from reports.interval import Z95
from reports.layout import (
    BAR,
    Cell,
    Chart,
    Decimal,
    Filter,
    Ratio,
    Report,
    Series,
    Word,
    both,
    seconds,
)
from reports.offers import Option
from reports.topics import Demand

TITLE = Word("order", "菜单排序与咨询热点排序对比", "menu order against hot topics")
_SHARE = Word("share", "需求占比", "share of demand")
_CHARTED = 6
TOTAL = Word("total", "全菜单", "whole menu")
_COLUMNS = (
    Word("menu", "菜单", "menu"),
    Word("rank", "菜单排序", "menu rank"),
    Word("key", "按键", "key"),
    Word("option", "选项", "option"),
    Word("hot_rank", "热点排序", "hot rank"),
    Word("difference", "名次差", "difference"),
    Word("seconds", "念完时间", "said after"),
    _SHARE,
    Word("n", "依据数量", "evidence"),
    Word("late", "前面明显更冷的选项", "surely colder ahead"),
    Word("in_order", "次序一致的对数", "pairs in order"),
    Word("tau", "一致性τ", "Kendall's tau"),
)
_MEANING = both(
    "名次差：正数应提前，负数可推后；只按热度，未计念的时间，最佳次序用 hotline tune。",
    "Difference: forward if positive. By demand alone; hotline tune weighs the seconds too.",
)
_PLACED = Word("placed", "＝", "in place")


class Line(NamedTuple):
    """A line of a menu with its demand: weight, standard error and the evidence behind it.

    `told`: whether anything can tell its demand. Nothing does of a line without leaves (another
    language), nor of one whose leaves all lie behind an earlier line.
    """

    option: Option
    weight: float
    error: float
    n: int
    told: bool


def order(
    options: Sequence[Option],
    demands: Mapping[str, Demand],
    basis: Basis,
    *,
    names: Mapping[str, Word],
    notes: Sequence[str] = (),
) -> Report:
    """The comparison of each menu, in the order of `options`; `names` are those of the menus.

    A menu none of whose lines anything is asked about is left out and named.
    """
    rows: list[tuple[Cell, ...]] = []
    behind: list[Filter] = []
    charts: list[tuple[float, Chart]] = []
    cold: list[str] = []
    pairs = inverted = 0
    for menu, found in itertools.groupby(options, key=lambda option: option.menu):
        lines = list(_lines(list(found), demands))
        ranked = [line.weight for line in lines if line.told]
        if not any(ranked):
            cold.append(menu)
            continue
        rows += _rows(names[menu], lines)
        behind += [_behind(line, basis) for line in lines]
        behind.append({})
        charts.append((sum(ranked), _chart(names[menu], lines)))
        here = kendall(ranked)
        pairs, inverted = pairs + here.pairs, inverted + here.pairs - here.in_order
    if not rows:
        return Report(TITLE, basis.facts(), (), (), (_no_demand(basis), *notes))
    said = [
        *notes,
        _MEANING,
        f"全部菜单次序一致 all menus, pairs in order: {Ratio(pairs - inverted, pairs)}",
    ]
    if cold:
        names_of = ", ".join(str(names[menu]) for menu in cold)
        said.append(f"没有人问到的菜单 menus that nothing is asked of: {names_of}")
    charts.sort(key=lambda chart: -chart[0])
    shown = tuple(chart for _, chart in charts[:_CHARTED])
    return Report(TITLE, basis.facts(), _COLUMNS, tuple(rows), tuple(said), shown, tuple(behind))


def _chart(menu: Word, lines: Sequence[Line]) -> Chart:
    """A menu's demand in the order spoken: the bars should grow shorter from top to bottom."""
    told = [line for line in lines if line.told]
    whole = math.fsum(line.weight for line in told)
    shares = tuple(100 * line.weight / whole for line in told)
    spread = tuple(100 * Z95 * line.error / whole for line in told)
    title = Word(
        menu.id, f"{menu.chinese}：按念的次序", f"{menu.english or menu.id}, in the order spoken"
    )
    series = Series(
        _SHARE,
        shares,
        tuple(max(0.0, a - b) for a, b in zip(shares, spread, strict=True)),
        tuple(a + b for a, b in zip(shares, spread, strict=True)),
    )
    return Chart(BAR, title, "%", tuple(line.option.name.chinese for line in told), (series,))


def _behind(line: Line, basis: Basis) -> Filter:
    """The requests of a line's leaf; a sub-menu's are those of its own lines."""
    leaves = line.option.leaves
    return basis.behind(leaf=leaves[0]) if len(leaves) == 1 and line.n else {}


def _lines(options: Sequence[Option], demands: Mapping[str, Demand]) -> Iterator[Line]:
    heard: set[str] = set()
    for option in options:
        new = [leaf for leaf in option.leaves if leaf not in heard]
        found = [demands[leaf] for leaf in new if leaf in demands]
        heard.update(new)
        yield Line(
            option,
            math.fsum(row.weight for row in found),
            math.sqrt(math.fsum(row.error**2 for row in found)),
            sum(row.n for row in found),
            bool(new),
        )


def _rows(menu: Word, lines: Sequence[Line]) -> Iterator[tuple[Cell, ...]]:
    ranked = [line for line in lines if line.told]
    whole = math.fsum(line.weight for line in ranked)
    for rank, line in enumerate(lines, 1):
        option = line.option
        hot: tuple[Cell, ...] = (None, None)
        if line.told:
            hot = _hot(ranked, line)
        yield (
            menu,
            rank,
            option.key,
            option.name,
            *hot,
            None if option.ends_s is None else seconds(option.ends_s),
            Decimal(100 * line.weight / whole, 1, "%") if line.told else None,
            line.n,
            sum(_surely_colder(other, line) for other in lines[: rank - 1] if other.told),
            None,
            None,
        )
    found = kendall([line.weight for line in ranked])
    last = lines[-1].option.ends_s
    yield (
        menu,
        None,
        "",
        TOTAL,
        None,
        None,
        None if last is None else seconds(last),
        Decimal(100.0, 1, "%"),
        sum(line.n for line in lines),
        None,
        Ratio(found.in_order, found.pairs),
        None if found.tau is None else Decimal(found.tau),
    )


def _hot(ranked: Sequence[Line], line: Line) -> tuple[int, Word]:
    """The hot rank, and how far the line stands from it among those that have one."""
    hot = 1 + sum(other.weight > line.weight for other in ranked)
    tied = sum(other.weight == line.weight for other in ranked)
    return hot, _moved(ranked.index(line) + 1, hot, tied)


def _moved(rank: int, hot: int, tied: int) -> Word:
    """How far a line stands from its hot rank; lines that are equally hot share a span of ranks."""
    if hot <= rank < hot + tied:
        return _PLACED
    places = rank - hot if rank > hot else rank - (hot + tied - 1)
    arrow, zh, en = ("↑", "应提前", "forward") if places > 0 else ("↓", "可推后", "back")
    return Word(f"{places:+d}", f"{arrow}{abs(places)} {zh}", en)


def _surely_colder(other: Line, line: Line) -> bool:
    """Whether `other` is asked less, by more than chance in the counts makes (95 %)."""
    return line.weight - other.weight > Z95 * math.hypot(line.error, other.error)


class Agreement(NamedTuple):
    """Of the pairs with unequal demand, how many stand in its order; tau is Kendall's tau-b."""

    in_order: int
    pairs: int
    tau: float | None


def kendall(weights: Sequence[float]) -> Agreement:
    """How well an order agrees with falling weights; tau None when all weights are equal.

    >>> kendall([5, 3, 4])
    Agreement(in_order=2, pairs=3, tau=0.3333333333333333)
    """
    unequal = [(a, b) for a, b in itertools.combinations(weights, 2) if a != b]
    right = sum(a > b for a, b in unequal)
    pairs, every = len(unequal), math.comb(len(weights), 2)
    tau = (2 * right - pairs) / math.sqrt(pairs * every) if pairs else None
    return Agreement(right, pairs, tau)


def _no_demand(basis: Basis) -> str:
    return both(
        f"{basis.span()} 没有 {basis.traffic} 流量的申请，也没有来话小结，无法比较次序。",
        f"No requests of {basis.traffic} traffic and no wrap-up codes in this span: "
        "no order to compare.",
    )
