"""Failures in layers (分层): class, cause, reason, node, with share and cumulative share.

By node they stand in order of what they fail beyond the target: of two nodes the one with more
excess failures n (p - target) comes first, not the one with the worse rate or the more calls. The
quality circle's tables 2-4 and 2-5 are the first two layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.counts import Count
from reports.basis import Basis
from reports.causes import Causes
from reports.failures import BY_CAUSE, BY_PLACE, NO_GROUP
from reports.layout import (
    PARETO,
    Cell,
    Chart,
    Decimal,
    Filter,
    Rate,
    Ratio,
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
    Fact,
    attribution,
    by_group,
    cause_of,
    days_of,
    facts,
    needs,
    rate_of,
    tallies,
)

TITLE = Word("layers", "失败原因分层", "failures in layers")
CAUSE, NODE = BY = ("cause", "node")
"""What the layers can begin with."""
NEEDS = needs(NODE)
"""The dimensions that the counts of this report must be asked by."""
TARGET = 0.0086
"""The quality circle's target, 0.86 %."""

_MOST_BARS = 12
_COUNT = Word("n", "次数", "count")
_SHARE = Word("share", "占失败", "share of failures")
_CUMULATIVE = Word("cumulative", "累计占比", "cumulative share")

_LOST_AT = both(
    "流失记在通话最后到的节点，那里的 R3 只有流失作分母：看超额，不看失败率；"
    "每次进入的流失见 hotline report loss。",
    "Losses stand at the last node of their call, where R3 may have no other denominator: read "
    "their excess and not their rate; hotline report loss has losses by entries.",
)

Key = tuple[Word | str, ...]


class _Layer(NamedTuple):
    """One row of the tree: its path, its count, and those before it under the same parent."""

    path: Key
    n: int
    above: int
    so_far: int


def layers(
    counts: Iterable[Count],
    causes: Causes,
    basis: Basis,
    *,
    rate: str = R3,
    by: str = CAUSE,
    target: float = TARGET,
) -> Report:
    """The layers of one rate's failures; `target` is a share. Counts by NEEDS."""
    found = [fact for fact in facts(counts, basis) if rate in fact.rates]
    whole = rate_of(tallies(found)[rate])
    known = basis.facts(
        days_of(found),
        causes=causes.version,
        rate=rate,
        target=f"{100 * check_target(target):g} %",
    )
    if not whole.of:
        return Report(TITLE, known, (), (), (basis.no_data(),))
    if not whole.n:
        note = both("没有失败，无法分层。", "Nothing failed: there are no layers.")
        return Report(TITLE, known, (), (), (f"{RATE_WORDS[rate]}: {whole}", note))
    bad = [fact for fact in found if fact.bad]
    notes = [f"{RATE_WORDS[rate]}: {whole}"]
    pareto, others = _paretos(found, bad, causes, rate, target)
    if by == NODE:
        columns, rows, behind = _by_node(found, bad, causes, basis, rate, target)
        charts = (others, pareto)
        if rate == R3:
            notes.append(_LOST_AT)
        notes.append(
            both(
                "超额失败 = 申请量 × (失败率 − 目标)，负数表示优于目标。",
                "Excess = requests × (rate − target); below 0: better than the target.",
            )
        )
    else:
        columns, rows, behind = _tree(bad, causes, basis, rate, whole)
        charts = (pareto, others)
        notes.append(
            both("累计占比在同一上层之内。", "The cumulative share is within the layer above.")
        )
    notes.append(attribution(bad, causes))
    return Report(TITLE, known, columns, rows, tuple(notes), charts, behind)


def check_target(target: float) -> float:
    """The target as a share; raises Unanswerable when it is none."""
    if not 0 <= target < 1:
        raise Unanswerable(
            both(
                f"目标应在 0 与 100 % 之间：{100 * target:g}。",
                f"A target is from 0 to 100 %: {100 * target:g}.",
            )
        )
    return target


# -- from class to node ----------------------------------------------------------------------------


def _path(fact: Fact, causes: Causes) -> Key:
    cause, reason = cause_of(fact, causes)
    return cause.of, cause.cause, reason, fact.row.node


def tree(paths: Counter[Key]) -> Iterator[_Layer]:
    """Every layer of the paths, each parent before its children, the largest first.

    >>> [(row.path, row.n) for row in tree(Counter({("a", "x"): 1, ("a", "y"): 2}))]
    [(('a',), 3), (('a', 'y'), 2), (('a', 'x'), 1)]
    """
    yield from _below((), paths, paths.total())


def _below(path: Key, paths: Counter[Key], above: int) -> Iterator[_Layer]:
    children: dict[Word | str, Counter[Key]] = {}
    for rest, n in paths.items():
        if rest:
            children.setdefault(rest[0], Counter())[rest[1:]] += n
    so_far = 0
    for name, below in sorted(children.items(), key=lambda item: (-item[1].total(), item[0])):
        so_far += below.total()
        here = (*path, name)
        yield _Layer(here, below.total(), above, so_far)
        yield from _below(here, below, below.total())


def _tree(
    bad: Sequence[Fact], causes: Causes, basis: Basis, rate: str, whole: Rate
) -> tuple[tuple[Word, ...], tuple[tuple[Cell, ...], ...], tuple[Filter, ...]]:
    paths: Counter[Key] = Counter()
    for fact in bad:
        paths[_path(fact, causes)] += fact.row.n
    rows, behind = [], []
    for layer in tree(paths):
        named = [NO_GROUP if part == "" else part for part in layer.path]
        names: list[Cell] = [*named, *([None] * (4 - len(named)))]
        rows.append(
            (
                *names,
                layer.n,
                Ratio(layer.n, whole.n),
                Ratio(layer.n, layer.above),
                Ratio(layer.so_far, layer.above),
                Rate(layer.n, whole.of),
            )
        )
        behind.append(basis.behind(rate=rate, **_kept(layer.path)))
    columns = (
        *BY_CAUSE.values(),
        BY_PLACE[NODE],
        _COUNT,
        _SHARE,
        Word("share_above", "占上层", "share of the layer above"),
        _CUMULATIVE,
        Word("failure_rate", "失败率", "failure rate"),
    )
    return columns, tuple(rows), tuple(behind)


def _kept(path: Key) -> dict[str, str]:
    """The filter of a layer; a cause says its class."""
    names = ("class", "cause", "reason", "node")
    kept = {
        name: part.id if isinstance(part, Word) else part
        for name, part in zip(names, path, strict=False)
    }
    return kept if len(kept) == 1 else {name: kept[name] for name in names[1 : len(kept)]}


# -- by excess over the target ---------------------------------------------------------------------


def _by_node(
    found: Sequence[Fact],
    bad: Sequence[Fact],
    causes: Causes,
    basis: Basis,
    rate: str,
    target: float,
) -> tuple[tuple[Word, ...], tuple[tuple[Cell, ...], ...], tuple[Filter, ...]]:
    mains: dict[str, Counter[Word]] = {}
    for fact in bad:
        cause = cause_of(fact, causes)[0].cause
        mains.setdefault(fact.row.node, Counter())[cause] += fact.row.n
    nodes = _by_excess(found, rate, target)
    all_over = sum(max(0.0, excess) for _, _, excess in nodes)
    so_far = 0.0
    rows: list[tuple[Cell, ...]] = []
    for node, point, excess in nodes:
        so_far += max(0.0, excess)
        main = min(
            mains.get(node, Counter()).items(), key=lambda item: (-item[1], item[0]), default=None
        )
        rows.append(
            (
                node or NO_GROUP,
                point,
                Decimal(target * point.of, 1),
                Decimal(excess, 1),
                Decimal(100 * so_far / all_over, 2, "%") if excess > 0 else None,
                main[0] if main else None,
                Ratio(main[1], point.n) if main else None,
            )
        )
    columns = (
        BY_PLACE[NODE],
        Word("failure_rate", "失败率", "failure rate"),
        Word("allowed", "目标内失败", "failures at the target"),
        Word("excess", "超额失败", "excess failures"),
        Word("cumulative_excess", "超额累计占比", "cumulative share of the excess"),
        Word("main_cause", "主要原因", "main cause"),
        Word("main_share", "其占比", "its share"),
    )
    behind = tuple(basis.behind(rate=rate, node=node) for node, _, _ in nodes)
    return columns, tuple(rows), behind


def _by_excess(found: Iterable[Fact], rate: str, target: float) -> list[tuple[str, Rate, float]]:
    rates = by_group(found, rate, GROUPS[NODE])
    rows = [(node, point, point.n - target * point.of) for node, point in rates.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _paretos(
    found: Sequence[Fact], bad: Sequence[Fact], causes: Causes, rate: str, target: float
) -> tuple[Chart, Chart]:
    sums: Counter[Word] = Counter()
    for fact in bad:
        sums[cause_of(fact, causes)[0].cause] += fact.row.n
    top = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    over = [(node or str(NO_GROUP), x) for node, _, x in _by_excess(found, rate, target) if x > 0]
    return (
        _pareto(
            Word("causes", "失败原因柏拉图", "Pareto of causes"),
            [(str(cause), float(n)) for cause, n in top],
            _COUNT,
        ),
        _pareto(
            Word("excess", "超额失败柏拉图", "Pareto of excess failures"),
            over,
            Word("excess", "超额失败", "excess failures"),
        ),
    )


def _pareto(title: Word, bars: Sequence[tuple[str, float]], name: Word) -> Chart:
    """The largest bars, and the rest in one, so that the cumulative share ends at 100 %."""
    shown, rest = list(bars[:_MOST_BARS]), bars[_MOST_BARS:]
    if rest:
        shown.append(("其余 others", sum(value for _, value in rest)))
    labels, values = zip(*shown, strict=True) if shown else ((), ())
    return Chart(PARETO, title, str(name), labels, (Series(name, values),))
