"""Where callers are lost (预离, 放弃): each node that asks something, worst first.

A *play* is a prompt that ended in a key, in silence or in a hang-up; an *entry* is a first play: a
menu entered anew, a question asked for the first time. All of it is voice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dialog.turn import OWN
from ledger.counts import ATTEMPT, CALL, LOST, STEP, Count, Visit
from reports.basis import Basis
from reports.interval import poisson
from reports.layout import BAR, Cell, Chart, Estimate, Rate, Ratio, Report, Series, Word, both
from reports.offers import Spot
from reports.stats import adjusted

TITLE = Word("loss", "节点流失", "loss by node")
NEEDS = ("of", "node", "outcome", "reason")
"""The dimensions that the counts of this report must be asked by."""
VISITS = ("of", "digest", "node", "stage", "event", "key", "tries", "nth")
"""Those of its visits."""

_PLAYED = ("DigitsEntered", "NoInput", "CallEnded")
_WORKING = ("quote", "query", "submit", "verify", "transfer")
"""Stages in which the caller waits for the BSS or an agent: no prompt asks anything."""
_FALSE_FINDINGS = 0.05
_LEAST_EXPECTED = 5

_LOST = Word("lost", "首项业务前流失", "lost before any leaf")
_CHARTED = 15
_COLUMNS = (
    Word("node", "节点", "node"),
    Word("name", "名称", "name"),
    Word("entries", "进入", "entries"),
    Word("plays", "播放", "prompt plays"),
    _LOST,
    Word("worse", "高于其他节点", "worse than the rest"),
    Word("no_input", "未按键", "no input"),
    Word("no_match", "按错或输错", "no match"),
    Word("opt_out", "转人工", "agent key"),
    Word("abandon", "挂机", "hang-ups"),
    Word("per_100_s", "每百秒挂机", "hang-ups per 100 s"),
    Word("listened", "收听秒数", "seconds listened"),
    Word("first_key", "首键出错", "first-key errors"),
    Word("repeat", "重听", "repeats"),
)
_YES, _NO = Word("yes", "是", "yes"), Word("no", "不显著", "not significant")
_TOO_FEW = Word("too_few", "数据太少", "too few")


class Node(NamedTuple):
    """What the counts tell of a node."""

    node: str
    spot: Spot | None  # None: nothing is asked there (a transfer)
    entries: int = 0
    plays: int = 0
    silent: int = 0
    wrong: int = 0
    agent: int = 0
    hung_up: int = 0
    heard_ms: int = 0
    first_wrong: int = 0
    repeats: int = 0
    lost: int = 0


def loss(
    counts: Iterable[Count],
    visits: Iterable[Visit],
    versions: Mapping[str, Mapping[str, Spot] | None],
    basis: Basis,
    *,
    node: str = "",
) -> Report:
    """The loss of each node, or of one; `versions` has the nodes of each digest in the visits.

    Visits of a version that can't be read any more (None) are left out, and the report says so.
    """
    known = basis.facts()
    counted = list(counts)
    seen = [visit for visit in visits if versions.get(visit.digest) is not None]
    calls = sum(count.n for count in counted if count.of == CALL)
    told = [row for row in _nodes(counted, seen, versions) if row.plays or row.lost]
    nodes = sorted(told, key=lambda row: (-row.lost, -row.hung_up, row.node))
    if not nodes:
        return Report(TITLE, known, (), (), (_no_data(basis),))
    words = _worse(nodes)
    shown = [row for row in zip(nodes, words, strict=True) if not node or row[0].node == node]
    rows = tuple(_row(row, word, calls) for row, word in shown)
    behind = tuple(
        basis.behind(node=row.node, outcome=LOST) if row.lost else {} for row, _ in shown
    )
    lost = sum(row.lost for row in nodes)
    unread = [digest[:12] for digest, spots in versions.items() if spots is None]
    notes = _notes(Rate(lost, calls), _first_keys(seen, versions), unread)
    charts = () if node else (_chart(nodes[:_CHARTED], calls),)
    return Report(TITLE, known, _COLUMNS, rows, tuple(notes), charts, behind)


def _chart(nodes: Sequence[Node], calls: int) -> Chart:
    """Where most calls are lost."""
    shown = [(row, Rate(row.lost, calls)) for row in nodes if row.lost]
    bounds = [rate.bounds or (0.0, 0.0) for _, rate in shown]
    series = Series(
        _LOST,
        tuple(100 * rate.n / rate.of for _, rate in shown),
        tuple(low for low, _ in bounds),
        tuple(high for _, high in bounds),
    )
    labels = tuple(row.spot.name.chinese if row.spot else row.node for row, _ in shown)
    return Chart(BAR, _LOST, "%", labels, (series,))


# -- counting --------------------------------------------------------------------------------------


def _nodes(
    counts: Sequence[Count],
    visits: Sequence[Visit],
    versions: Mapping[str, Mapping[str, Spot] | None],
) -> Iterator[Node]:
    tallies: dict[str, Counter[str]] = {}
    spots: dict[str, Spot] = {}
    for visit in visits:
        spot = (versions[visit.digest] or {}).get(visit.node)
        if spot is not None:
            spots[visit.node] = spot
            tally = tallies.setdefault(visit.node, Counter())
            for what in _what(visit, spot):
                tally[what] += visit.n
            tally["heard_ms"] += visit.heard_ms if _is_play(visit, spot) else 0
    for count in counts:
        if count.of == CALL and count.outcome == LOST:
            tallies.setdefault(count.node, Counter())["lost"] += count.n
    for name, tally in tallies.items():
        # a repeat leaves the tries as they are, so the play after it looks like an entry
        begun = tally.pop("first_plays", 0) - tally.pop("first_repeats", 0)
        tally["entries"] = max(0, begun)  # the two may fall on two days
        yield Node(name, spots.get(name), **tally)


def _is_play(visit: Visit, spot: Spot) -> bool:
    """Whether a prompt was playing or waited for: not once the tries are used up."""
    return (
        visit.of == STEP
        and visit.event in _PLAYED
        and visit.stage not in _WORKING
        and visit.tries < spot.most
    )


def _what(visit: Visit, spot: Spot) -> Iterator[str]:
    """The columns that a visit counts in."""
    if visit.of == ATTEMPT:
        yield "silent" if visit.event == "no_input" else "wrong"
    if not _is_play(visit, spot):
        return
    yield "plays"
    if not visit.tries:
        yield "first_plays"
    if visit.event == "CallEnded":
        yield "hung_up"
    if visit.event != "DigitsEntered" or spot.kind != "menu":
        return
    function = spot.reserved.get(visit.key, "")
    if function == "agent":
        yield "agent"
    elif function == "repeat":
        yield "repeats"
        if not visit.tries:
            yield "first_repeats"
    if not visit.tries and (function == "back" or _fits_not(visit, spot)):
        yield "first_wrong"


def _fits_not(visit: Visit, spot: Spot) -> bool:
    return visit.key not in (*spot.choices, *spot.reserved, OWN)


def _first_keys(visits: Sequence[Visit], versions: Mapping[str, Mapping[str, Spot] | None]) -> Rate:
    """Calls whose first key fitted nothing, or led to where the next key went back from."""
    wrong = arrived = 0
    for visit in visits:
        if visit.of == STEP and visit.event == "CallArrived":
            arrived += visit.n
        spot = (versions[visit.digest] or {}).get(visit.node)
        if spot is None or visit.of != STEP or visit.event != "DigitsEntered":
            continue
        back = spot.reserved.get(visit.key) == "back"
        if _fits_not(visit, spot) if spot.start else back:
            wrong += visit.n if visit.nth == (2 if spot.start else 3) else 0
    return Rate(wrong, max(arrived, wrong))


# -- rows ------------------------------------------------------------------------------------------


def _row(row: Node, worse: Word | None, calls: int) -> tuple[Cell, ...]:
    spot = row.spot
    lost = Rate(row.lost, max(calls, row.lost))
    if spot is None:
        return (row.node, "", None, None, lost, *[None] * (len(_COLUMNS) - 5))
    menu = spot.kind == "menu"
    entries, plays = row.entries, row.plays
    return (
        row.node,
        spot.name,
        entries,
        plays,
        lost,
        worse,
        _rate(row.silent, plays),
        _rate(row.wrong, plays),
        _rate(row.agent, entries) if menu else None,
        _rate(row.hung_up, entries),
        _per_100_s(row),
        round(row.heard_ms / 1000),
        _rate(row.first_wrong, entries) if menu else None,
        _rate(row.repeats, plays) if menu else None,
    )


def _rate(n: int, of: int) -> Rate:
    """A rate whose parts may fall on two days: what happened at least once was begun."""
    return Rate(n, max(n, of))


def _per_100_s(row: Node) -> Estimate | None:
    """Hang-ups in 100 seconds of listening: a key ends the listening without any."""
    if row.heard_ms <= 0:
        return None
    hundreds = row.heard_ms / 100_000
    low, high = poisson(row.hung_up)
    return Estimate(row.hung_up / hundreds, low / hundreds, high / hundreds)


def _worse(nodes: Sequence[Node]) -> list[Word | None]:
    """Which nodes lose more of their entries than all others together, sure among so many.

    Only those are compared that callers may stand at before any leaf.
    """
    compared = [row for row in nodes if row.entries and row.spot and row.spot.before]
    whole = Ratio(sum(row.lost for row in compared), sum(row.entries for row in compared))
    ps = {row.node: _p(Ratio(row.lost, row.entries), whole) for row in compared}
    sure = iter(adjusted([p for p in ps.values() if p is not None]))
    words = {
        node: _TOO_FEW if p is None else _YES if next(sure) < _FALSE_FINDINGS else _NO
        for node, p in ps.items()
    }
    return [words.get(row.node) for row in nodes]


def _p(here: Ratio, whole: Ratio) -> float | None:
    """One-sided, by the pooled score test; None where the expected counts are too small for it.

    A loss over the entries (of two days) is one of all of them.
    """
    rest = whole.of - here.of
    share = whole.n / whole.of if whole.of else 0.0
    least = min(here.of, rest) * min(share, 1 - share)
    if least < _LEAST_EXPECTED:
        return None
    spread = math.sqrt(share * (1 - share) * (1 / here.of + 1 / rest))
    z = (here.n / here.of - (whole.n - here.n) / rest) / spread
    return math.erfc(z / math.sqrt(2)) / 2


# -- notes -----------------------------------------------------------------------------------------


def _no_data(basis: Basis) -> str:
    return both(
        f"{basis.span()} 没有 {basis.traffic} 流量的来电，无法计算流失。",
        f"No calls of {basis.traffic} traffic in this span: there is no loss to show.",
    )


def _notes(lost: Rate, first_keys: Rate, unread: Sequence[str]) -> Iterator[str]:
    yield f"首项业务前流失 pre-leaf loss {lost} · 首键出错 first-key errors {first_keys}"
    yield both(
        "流失、首键出错的分母是来电；未按键、按错、重听的分母是播放次数；转人工、挂机的分母是进入次数。",
        "Lost is of calls; no input, no match and repeats are of prompt plays; agent keys, "
        "hang-ups and a node's first-key errors (nothing fits, or back at once) of its entries.",
    )
    yield both(
        "高于其他节点：流失/进入，与其余节点合计比较（单侧，BH 校正 5 %）；未计同一用户多次来电。",
        "Worse: lost of entries against all other nodes together, one-sided, false findings held "
        "to 5 %; callers who call often make it somewhat too ready.",
    )
    if unread:
        yield both(
            f"版本 {', '.join(unread)} 已读不出，其节点未计入。",
            f"Versions {', '.join(unread)} can't be read: what happened on them is left out.",
        )
