"""What counts in R1, R2 and R3, and as what: the one place that all reports on failures share.

The definitions are those of docs/reports.md.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from dialog.outcomes import DECLINED, DONE, FAILED, REFUSED, UNKNOWN
from ledger.counts import LOST, OPEN, REQUEST, Count
from reports.basis import Basis
from reports.causes import FAILURES, LOSSES, PRE_LEAF, REFUSALS, Cause, Causes
from reports.layout import Rate, Word

UNKNOWN_FOR = datetime.timedelta(hours=24)
"""How long a change may stay without the BSS's answer before it counts as failed."""

R1, R2, R3 = RATES = ("R1", "R2", "R3")
RATE_WORDS = {
    R1: Word(R1, "R1 语音办理", "R1 changes by voice"),
    R2: Word(R2, "R2 全部申请", "R2 all requests"),
    R3: Word(R3, "R3 含流失", "R3 with losses"),
}

_DONE = "done"
STATE_COLUMNS = (
    Word(_DONE, "成功", "done"),
    Word(FAILED, "失败", "failed"),
    Word(LOST, "流失", "lost"),
    Word(REFUSED, "拒绝", "refused"),
    Word(DECLINED, "放弃", "declined"),
    Word(UNKNOWN, "待查", "unknown"),
    Word(OPEN, "未结", "open"),
)
"""Every request stands in one of these; a call without any leaf in `lost`."""
BAD = (FAILED, LOST)

DEFINITIONS = (
    "R1 = 语音开通/关闭：失败/申请 voice changes: failed/requests",
    "R2 = 全部申请：失败/申请 all requests: failed/requests",
    "R3 = (失败+流失)/(申请+流失) (failed+lost)/(requests+lost)",
    "流失：未进入任何业务即结束的通话 lost: calls that ended before any leaf",
    "拒绝、放弃、待查、未结计入申请，不计入失败 refused, declined, unknown and open do not fail",
    "括号内为 95 % 威尔逊区间，单位 % in brackets: the 95 % Wilson interval, in %",
)

NEEDS = ("of", "channel", "traffic", "kind", "outcome", "reason", "guided")
"""The dimensions that every report on failures asks its counts by."""
WHEN = ("day", "hour")
"""Those of what is `unknown` besides: there it decides how long it has been so."""


class Fact(NamedTuple):
    """A count as the rates see it."""

    row: Count
    state: str
    rates: tuple[str, ...]

    @property
    def bad(self) -> bool:
        """Whether it is in the numerator of its rates."""
        return self.state in BAD

    @property
    def overdue(self) -> bool:
        """Whether it failed by staying unknown for too long."""
        return self.row.outcome == UNKNOWN and self.state == FAILED


def days_of(found: Iterable[Fact]) -> set[str]:
    """The days of facts that are known by day."""
    return {fact.row.day for fact in found} - {""}


Tally = Counter[str]
"""By state: how many."""


def cutoff(as_of: datetime.datetime) -> tuple[str, int]:
    """The first local day and hour whose `unknown` requests are not yet too old."""
    # in UTC: across a clock change local days have 23 or 25 hours
    limit = (as_of.astimezone(datetime.UTC) - UNKNOWN_FOR).astimezone(as_of.tzinfo)
    return limit.date().isoformat(), limit.hour


def facts(counts: Iterable[Count], basis: Basis) -> list[Fact]:
    """What the rates see of these counts; counts of other traffic are left out.

    Raises ValueError for counts that lack a dimension of NEEDS.
    """
    return list(_facts(counts, basis))


def _facts(counts: Iterable[Count], basis: Basis) -> Iterator[Fact]:
    before = cutoff(basis.as_of)
    for count in counts:
        dated = count.outcome != UNKNOWN or (count.day and count.hour >= 0)
        if not (count.of and count.traffic and count.channel and count.outcome and dated):
            raise ValueError("counts that lack a dimension: ask for those of rates.NEEDS and WHEN")
        if count.traffic != basis.traffic:
            continue
        if count.of == REQUEST:
            rates = RATES if (count.channel, count.kind) == ("voice", "change") else RATES[1:]
            yield Fact(count, _state(count, before), rates)
        elif count.outcome == LOST:
            yield Fact(count, LOST, RATES[2:])


def _state(count: Count, before: tuple[str, int]) -> str:
    if count.outcome in DONE:
        return _DONE
    if count.outcome == UNKNOWN:
        return FAILED if (count.day, count.hour) < before else UNKNOWN
    return count.outcome


def tallies(found: Iterable[Fact]) -> dict[str, Tally]:
    """By rate and state: how many."""
    sums: dict[str, Tally] = {rate: Counter() for rate in RATES}
    for fact in found:
        for rate in fact.rates:
            sums[rate][fact.state] += fact.row.n
    return sums


def rate_of(tally: Tally) -> Rate:
    """The rate that a tally makes."""
    return Rate(sum(tally[state] for state in BAD), tally.total())


def by_group(found: Iterable[Fact], rate: str, group: Callable[[Count], str]) -> dict[str, Rate]:
    """One rate of each group."""
    sums: dict[str, list[int]] = {}
    for fact in found:
        if rate in fact.rates:
            pair = sums.setdefault(group(fact.row), [0, 0])
            pair[0] += fact.row.n if fact.bad else 0
            pair[1] += fact.row.n
    return {name: Rate(*pair) for name, pair in sums.items()}


GROUPS: Mapping[str, Callable[[Count], str]] = {
    "month": lambda count: count.day[:7],
    "day": lambda count: count.day,
    "hour": lambda count: f"{count.hour:02d}",
    "channel": lambda count: count.channel,
    "node": lambda count: count.node,
    "service": lambda count: count.service,
    "kind": lambda count: count.kind,
    "keyword": lambda count: count.keyword,
    "brand": lambda count: count.brand,
    "version": lambda count: count.digest[:12],
}
"""What counts can be grouped by, and the group of each."""
DIMENSION = {"month": "day", "version": "digest"}
"""The dimension behind a group, where it has another name."""


def needs(by: str = "") -> tuple[str, ...]:
    """The dimensions that the counts of a report grouped so must be asked by."""
    dimension = DIMENSION.get(by, by)
    return (*NEEDS, dimension) if by in GROUPS and dimension not in NEEDS else NEEDS


# -- causes ----------------------------------------------------------------------------------------


def cause_of(fact: Fact, causes: Causes) -> tuple[Cause, str]:
    """The cause of a failed, lost or refused fact, and its reason as reports name it."""
    kind, reason = case_of(fact)
    cause = causes.of(kind, reason, guided=fact.row.guided, traffic=fact.row.traffic)
    return cause, f"{PRE_LEAF}{reason}" if kind == LOSSES else reason


def case_of(fact: Fact) -> tuple[str, str]:
    """The list of the causes' table that judges a fact, and the reason that it looks up."""
    if fact.state == REFUSED:
        return REFUSALS, fact.row.reason
    if fact.state == LOST:
        return LOSSES, fact.row.reason
    return FAILURES, UNKNOWN if fact.overdue else fact.row.reason


def attribution(found: Iterable[Fact], causes: Causes) -> str:
    """The rules by which the causes of these facts were found, for the reader to judge."""
    cases = {
        (*case_of(fact), fact.row.guided, fact.row.traffic)
        for fact in found
        if fact.bad or fact.state == REFUSED
    }
    rules = "; ".join(causes.applied(cases))
    return f"归因 attribution (causes.yaml {causes.version}): {rules}"
