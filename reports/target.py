"""From today's rate to a target: what each cause would have to give up.

The quality circle set its target so: of 2.56 %, 84.16 % were the system's, of these 88 % prompts
that guide badly, of these 90 % were to be solved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from ledger.counts import Count
from reports.basis import Basis
from reports.causes import Causes
from reports.failures import overdue_note
from reports.layers import TARGET, check_target
from reports.layout import (
    BAR,
    Cell,
    Chart,
    Decimal,
    Filter,
    Rate,
    Ratio,
    Report,
    Series,
    Word,
    both,
)
from reports.rates import (
    R1,
    R3,
    RATE_WORDS,
    attribution,
    cause_of,
    days_of,
    facts,
    rate_of,
    tallies,
)
from reports.stats import size_per_arm

TITLE = Word("target", "目标跟踪", "target")
CIRCLE = 0.0256
"""The quality circle's rate before: 2.56 % of its test calls, an R1."""
SOLVED = 0.9
"""The part of its symptom that the circle meant to solve."""


def left(rate: float, *shares: float) -> float:
    """What is left of a rate when this share of that share of it is given up.

    The circle's own: 0.8536 %. It printed 0.86 %, each product rounded to two decimals.

    >>> f"{100 * left(0.0256, 0.8416, 0.88, 0.90):.4f} %"
    '0.8536 %'
    """
    return rate - rate * math.prod(shares)


def proportional(counts: Sequence[int], needed: float) -> list[float]:
    """What each gives up when all give up the same part of theirs.

    >>> proportional([6, 2], 4)
    [3.0, 1.0]
    """
    whole = sum(counts)
    return [needed * n / whole for n in counts]


def worst_first(counts: Sequence[int], needed: float) -> list[float]:
    """What each gives up when the first gives all that is needed, then the next.

    >>> worst_first([6, 2], 7)
    [6.0, 1.0]
    """
    given = []
    for n in counts:
        given.append(float(min(n, needed)))
        needed -= given[-1]
    return given


def target(
    counts: Iterable[Count],
    causes: Causes,
    basis: Basis,
    *,
    rate: str = R3,
    goal: float = TARGET,
    before: Rate | None = None,
) -> Report:
    """What each cause must give up for `rate` to reach `goal`, a share; counts by NEEDS.

    `before` is the rate that the way is measured from; None = the circle's 2.56 %.
    """
    check_target(goal)
    found = [fact for fact in facts(counts, basis) if rate in fact.rates]
    now = rate_of(tallies(found)[rate])
    known = basis.facts(
        days_of(found),
        causes=causes.version,
        rate=rate,
        target=f"{100 * goal:g} %",
        baseline=str(before) if before else f"{100 * CIRCLE:g} % (质量小组 quality circle)",
    )
    if not now.of:
        return Report(TITLE, known, (), (), (basis.no_data(),))
    bad = [fact for fact in found if fact.bad]
    notes = [_where(rate, now, goal, before)]
    if before is None and rate != R1:
        notes.append(
            both(
                f"基准 2.56 % 是质量小组拨测的 R1，和 {rate} 不可比：请用 --baseline 给出自己的。",
                f"The 2.56 % is an R1 of test calls, no baseline of {rate}: give --baseline.",
            )
        )
    needed = now.n - goal * now.of
    if needed <= 0:
        notes += _reached(now, goal)
        return Report(TITLE, known, (), (), tuple(notes))
    sums: Counter[tuple[Word, Word]] = Counter()
    for fact in bad:
        cause = cause_of(fact, causes)[0]
        sums[cause.of, cause.cause] += fact.row.n
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    numbers = [n for _, n in order]
    ways = (proportional(numbers, needed), worst_first(numbers, needed))
    rows = tuple(
        _row(of, cause, n, now, given)
        for ((of, cause), n), given in zip(order, zip(*ways, strict=True), strict=True)
    )
    behind: tuple[Filter, ...] = tuple(
        basis.behind(rate=rate, cause=cause.id) for (_, cause), _ in order
    )
    notes += _steps(now, goal, needed, order)
    if overdue := sum(fact.row.n for fact in found if fact.overdue):
        notes.append(overdue_note(overdue))
    notes.append(attribution(bad, causes))
    chart = _chart([str(cause) for (_, cause), _ in order], numbers, ways)
    return Report(TITLE, known, _COLUMNS, rows, tuple(notes), (chart,), behind)


_COLUMNS = (
    Word("class", "原因分类", "class"),
    Word("cause", "原因", "cause"),
    Word("n", "次数", "count"),
    Word("share", "占失败", "share of failures"),
    Word("failure_rate", "失败率", "failure rate"),
    Word("proportional", "同比例：需减少", "in proportion: to give up"),
    Word("proportional_left", "同比例：剩余率", "in proportion: rate left"),
    Word("worst_first", "先大后小：需减少", "worst first: to give up"),
    Word("worst_first_left", "先大后小：剩余率", "worst first: rate left"),
)


def _row(of: Word, cause: Word, n: int, now: Rate, given: Sequence[float]) -> tuple[Cell, ...]:
    ways: list[Cell] = []
    for give in given:
        ways += [Decimal(give, 1), Decimal(100 * (n - give) / now.of, 2, "%")]
    return (of, cause, n, Ratio(n, now.n), Rate(n, now.of), *ways)


def _where(rate: str, now: Rate, goal: float, before: Rate | None) -> str:
    """How far the way from the baseline to the target has been gone."""
    start = before.n / before.of if before else CIRCLE
    here = now.n / now.of
    way = ""
    if start > goal and here > start:
        way = "，比基准高 (above the baseline)"
    elif start > goal:
        done = 100 * (start - here) / (start - goal)
        way = f"，已走完 {done:.1f} % ({done:.1f} % of the way)"
    return (
        f"{RATE_WORDS[rate]}: 基准 baseline {100 * start:.2f} % → 现在 now {now} → "
        f"目标 target {100 * goal:.2f} %{way}"
    )


def _reached(now: Rate, goal: float) -> list[str]:
    bounds = now.bounds
    if bounds is not None and bounds[1] <= 100 * goal:
        return [both("已达到目标。", "The target is reached.")]
    return [
        both(
            "已达到目标，但区间上限仍高于目标，还不能确定。",
            "The target is reached, but not beyond doubt: the interval goes above it.",
        )
    ]


def _steps(
    now: Rate,
    goal: float,
    needed: float,
    order: Sequence[tuple[tuple[Word, Word], int]],
) -> list[str]:
    here = now.n / now.of
    (of, cause), n = order[0]
    in_class = sum(each for (one, _), each in order if one == of)
    shares = (in_class / now.n, n / in_class, SOLVED)
    product = " × ".join(f"{100 * share:.2f} %" for share in shares)
    notes = [
        both(
            f"{now.n} 次失败中要减少 {needed:.1f} 次。",
            f"{needed:.1f} of {now.n} failures must go.",
        ),
        both(
            f"若解决“{cause.chinese}”的 {100 * SOLVED:g} %（本类占比 × 占本类 × 解决比例）：",
            f"with {100 * SOLVED:g} % of '{cause.english}' solved: {100 * here:.2f} % × "
            f"(1 − {product}) = {100 * left(here, *shares):.2f} %",
        ),
    ]
    if goal > 0 and here < 1:
        sizes = [size_per_arm(here, goal, power) for power in (0.8, 0.9)]
        notes.append(
            both(
                f"要看出这一变化，前后各需 {sizes[0]} 次申请（把握 80 %）、{sizes[1]} 次（90 %）。",
                f"To see this change takes {sizes[0]} requests on each side (power 80 %), "
                f"{sizes[1]} (90 %).",
            )
        )
    return notes


def _chart(labels: list[str], numbers: Sequence[int], ways: Sequence[Sequence[float]]) -> Chart:
    words = (
        Word("now", "现在", "now"),
        Word("proportional", "同比例后", "in proportion"),
        Word("worst_first", "先大后小后", "worst first"),
    )
    left_over = [[float(n) for n in numbers]]
    left_over += [[n - give for n, give in zip(numbers, given, strict=True)] for given in ways]
    return Chart(
        BAR,
        Word("target", "达到目标时各原因的失败次数", "failures of each cause at the target"),
        "次 count",
        tuple(labels),
        tuple(Series(word, tuple(left_)) for word, left_ in zip(words, left_over, strict=True)),
    )
