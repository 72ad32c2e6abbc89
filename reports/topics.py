"""Hot topics (咨询热点): what people ask about, from all that tells it, side by side.

Demand is intent, not key presses: what is pressed depends on what is offered first. So presses are
one source among five, each counted as its share, and how far they differ is printed.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.counts import Count, Repeat, Texted, Wrapped
from reports.basis import Basis
from reports.interval import Z95
from reports.layout import BAR, Cell, Chart, Decimal, Ratio, Report, Series, Word, both
from reports.stats import adjusted
from reports.trend import Days, Trend, trend

TITLE = Word("topics", "咨询热点", "hot topics")
HALF_LIFE = 14.0
"""Days after which what was asked counts half."""

AGENTS, TEXT, VOICE, UNMATCHED, REPEATS = "agents", "text", "voice", "unmatched", "repeats"
SOURCES = {
    AGENTS: Word(AGENTS, "来话小结", "wrap-up codes"),
    TEXT: Word(TEXT, "短信申请", "requests by text"),
    VOICE: Word(VOICE, "按键申请", "requests by key"),
    UNMATCHED: Word(UNMATCHED, "未匹配短信", "unmatched texts"),
    REPEATS: Word(REPEATS, "重复来询", "repeat contacts"),
}
WEIGHTS: Mapping[str, float] = {AGENTS: 0.5, TEXT: 0.2, VOICE: 0.1, UNMATCHED: 0.1, REPEATS: 0.1}
"""What each source's share counts in the score: agents are asked what the menu did not answer."""
UNBIASED = (AGENTS, TEXT)
"""Sources that the order of the menu does not press on."""
DATED = (AGENTS, TEXT, VOICE)
"""Sources that are known by day."""
NEEDS = ("day", "channel", "leaf")
"""The dimensions that the requests of this report must be counted by."""

_SCORE = Word("score", "热度", "score")
_CHARTED, _LISTED = 15, 5
FALSE_FINDINGS = 0.05
_LEAST = 5  # of each side, before presses are held against what is asked elsewhere


class Code(NamedTuple):
    """An agents' wrap-up code: its name and its leaf ("" = no self-service yet)."""

    name: Word
    leaf: str


class Evidence(NamedTuple):
    """All that tells what people ask about, out of one span of days and one kind of traffic.

    `leaves` are those of the menus that serve, with their names; `asked` has the code of each
    unmatched text that could be told one.
    """

    leaves: Mapping[str, Word]
    requests: Sequence[Count]
    wrapped: Sequence[Wrapped] = ()
    texted: Sequence[Texted] = ()
    repeats: Sequence[Repeat] = ()
    codes: Mapping[str, Code] = {}
    asked: Mapping[str, str] = {}


class Demand(NamedTuple):
    """How much a topic is asked about. The weights of all topics together are 1.

    `leaf` is "" and `code` its wrap-up code where there is no self-service yet. `error` is the
    weight's standard error, as far as chance in the counts goes. `sources` has what was counted,
    `shares` the decayed share of each source; `n` is all that was counted, nothing twice.
    """

    leaf: str
    code: str
    weight: float
    error: float
    sources: Mapping[str, int]
    shares: Mapping[str, float]
    n: int


class _Kept:
    """By source and topic: how many by day, and how many at all. Texts are known by their span."""

    def __init__(self) -> None:
        self.days: dict[str, dict[str, Counter[str]]] = {s: defaultdict(Counter) for s in SOURCES}
        self.n: dict[str, Counter[str]] = {s: Counter() for s in SOURCES}
        self.spans: list[tuple[str, Texted]] = []
        self.left_out: Counter[str] = Counter()

    def add(self, source: str, topic: str, day: str, n: int) -> None:
        """So many on a day."""
        self.days[source][topic][day] += n
        self.n[source][topic] += n

    def bounds(self) -> tuple[str, str]:
        """The first and the last day of anything; "" without any."""
        days = {day for by in self.days.values() for days in by.values() for day in days}
        days |= {day for _, text in self.spans for day in (text.first_day, text.last_day)}
        return min(days, default=""), max(days, default="")


def demand(
    evidence: Evidence,
    *,
    half_life: float = HALF_LIFE,
    weights: Mapping[str, float] = WEIGHTS,
) -> dict[str, Demand]:
    """The demand of each leaf that anything tells of, the heaviest first.

    A day's evidence counts half for each `half_life` days that it lies before the last. Sources
    without evidence drop out and the others' weights are scaled up.
    Topics without a leaf take their part of the whole, so the weights of the leaves may add up to
    less than 1. Raises ValueError for a half-life that is not positive.
    """
    found = _demands(_gather(evidence), half_life, weights)
    return {row.leaf: row for row in found if row.leaf}


def topics(
    evidence: Evidence,
    basis: Basis,
    *,
    half_life: float = HALF_LIFE,
    weights: Mapping[str, float] = WEIGHTS,
) -> Report:
    """The hot topics, ranked. Raises ValueError for a half-life that is not positive."""
    kept = _gather(evidence)
    seen = kept.bounds()
    known = basis.facts(filter(None, seen), half_life=f"{half_life:g}")
    ranked = _demands(kept, half_life, weights)
    if not ranked:
        return Report(TITLE, known, (), (), (_no_data(basis),))
    wholes = {source: sum(kept.days[source].values(), Counter()) for source in DATED}
    trends = [_trend(kept, wholes, row, *seen) for row in ranked]
    words = _words(trends)
    asked = _elsewhere(ranked, weights)
    rows = tuple(
        _row(n, row, _name(row, evidence), found, word, asked)
        for n, (row, found, word) in enumerate(zip(ranked, trends, words, strict=True), 1)
    )
    columns = (
        Word("rank", "热点排名", "rank"),
        Word("topic", "热点", "topic"),
        Word("leaf", "自助业务", "leaf"),
        _SCORE,
        *SOURCES.values(),
        Word("pressed", "按键/咨询", "pressed to asked"),
        Word("change", "后半期比前半期", "later half over former"),
        Word("trend", "趋势", "trend"),
    )
    notes = _notes(kept, ranked, evidence, weights, asked, words)
    behind = tuple(basis.behind(leaf=row.leaf) if row.leaf else {} for row in ranked)
    charts = (_chart(ranked[:_CHARTED], evidence),)
    return Report(TITLE, known, columns, rows, tuple(notes), charts, behind)


def _chart(ranked: Sequence[Demand], evidence: Evidence) -> Chart:
    """The hottest topics with what chance in the counts leaves open."""
    scores, spread = (
        tuple(100 * value for value in values)
        for values in ([row.weight for row in ranked], [Z95 * row.error for row in ranked])
    )
    return Chart(
        BAR,
        TITLE,
        "%",
        tuple(_name(row, evidence).chinese for row in ranked),
        (
            Series(
                _SCORE,
                scores,
                tuple(max(0.0, a - b) for a, b in zip(scores, spread, strict=True)),
                tuple(a + b for a, b in zip(scores, spread, strict=True)),
            ),
        ),
    )


# -- what was counted ------------------------------------------------------------------------------


def _gather(evidence: Evidence) -> _Kept:
    kept = _Kept()
    for count in evidence.requests:
        if count.leaf in evidence.leaves:
            kept.add(VOICE if count.channel == "voice" else TEXT, count.leaf, count.day, count.n)
        elif count.leaf != "none":
            kept.left_out[count.leaf] += count.n
    for day, code, n in evidence.wrapped:
        kept.add(AGENTS, _topic(code, evidence), day, n)
    for row in evidence.repeats:
        if row.n and row.leaf in evidence.leaves:
            kept.add(REPEATS, row.leaf, row.day, row.n)
    for text in evidence.texted:
        code = evidence.asked.get(text.text, "")
        if code:
            topic = _topic(code, evidence)
            kept.n[UNMATCHED][topic] += text.subscribers
            kept.spans.append((topic, text))
    return kept


def _topic(code: str, evidence: Evidence) -> str:
    """A code's leaf, or the code itself in brackets while it has none."""
    of = evidence.codes.get(code)
    return of.leaf if of is not None and of.leaf in evidence.leaves else f"[{code}]"


# -- the score -------------------------------------------------------------------------------------


def _demands(kept: _Kept, half_life: float, weights: Mapping[str, float]) -> list[Demand]:
    if not half_life > 0:
        raise ValueError(f"a half-life is a number of days above 0, not {half_life}")
    _, last = kept.bounds()
    if not last:
        return []
    until = datetime.date.fromisoformat(last)
    amounts: dict[str, dict[str, float]] = {source: defaultdict(float) for source in SOURCES}
    squares = dict.fromkeys(SOURCES, 0.0)
    for source, topic, day, n in _spread(kept):
        decay = 0.5 ** ((until - datetime.date.fromisoformat(day)).days / half_life)
        amounts[source][topic] += decay * n
        squares[source] += decay * decay * n
    wholes = {source: sum(by.values()) for source, by in amounts.items()}
    scale = sum(weights[source] for source, whole in wholes.items() if whole)
    if not scale:
        return []
    # A source that has not met a topic is no surer of it for that: the counts of each topic vary as
    # its weight lets expect, not as they happen to be.
    variance = sum(
        (weights[s] / scale / whole) ** 2 * squares[s] for s, whole in wholes.items() if whole
    )
    rows = []
    for topic in sorted({topic for by in amounts.values() for topic in by}):
        shares = {s: amounts[s][topic] / wholes[s] if wholes[s] else 0.0 for s in SOURCES}
        sources = {s: kept.n[s][topic] for s in SOURCES}
        leaf, code = ("", topic[1:-1]) if topic.startswith("[") else (topic, "")
        weight = sum(weights[s] / scale * share for s, share in shares.items())
        n = sum(sources.values()) - sources[REPEATS]  # which are among the requests
        rows.append(Demand(leaf, code, weight, (weight * variance) ** 0.5, sources, shares, n))
    return sorted(rows, key=lambda row: (-row.weight, row.leaf, row.code))


def _spread(kept: _Kept) -> Iterator[tuple[str, str, str, float]]:
    """Source, topic, day and how many; texts evenly over the days between first and last."""
    for source, by in kept.days.items():
        if source != UNMATCHED:
            for topic, days in by.items():
                yield from ((source, topic, day, n) for day, n in days.items())
    for topic, text in kept.spans:
        begin = datetime.date.fromisoformat(text.first_day)
        count = (datetime.date.fromisoformat(text.last_day) - begin).days + 1
        for n in range(count):
            day = (begin + datetime.timedelta(days=n)).isoformat()
            yield UNMATCHED, topic, day, text.subscribers / count


def _elsewhere(ranked: Sequence[Demand], weights: Mapping[str, float]) -> dict[str, float]:
    """Each leaf's share of what is asked where the menu's order does not press on it."""
    used = [s for s in UNBIASED if any(row.shares[s] for row in ranked)]
    asked = {row.leaf: sum(weights[s] * row.shares[s] for s in used) for row in ranked if row.leaf}
    whole = sum(asked.values())
    return {leaf: share / whole for leaf, share in asked.items()} if whole else {}


# -- rows ------------------------------------------------------------------------------------------

_RISING = Word("rising", "上升", "rising")
_FALLING = Word("falling", "下降", "falling")
_STEADY = Word("steady", "无明显变化", "no clear change")
_TOO_FEW = Word("too_few", "数据太少", "too few")
_UNTOLD = Word("untold", "未检验", "not tested")
_NO_LEAF = Word("", "还没有", "none yet")


def _trend(
    kept: _Kept, wholes: Mapping[str, Days], row: Demand, first: str, last: str
) -> Trend | None:
    topic = row.leaf or f"[{row.code}]"
    sources: list[tuple[Days, Days]] = [
        (kept.days[source].get(topic, Counter()), whole) for source, whole in wholes.items()
    ]
    return trend(sources, first, last)


def _words(trends: Sequence[Trend | None]) -> list[Word]:
    """Rising or falling where it is significant among so many topics (Benjamini-Hochberg)."""
    tested = [found.p for found in trends if found is not None and found.p is not None]
    sure = iter(adjusted(tested))

    def word(found: Trend | None) -> Word:
        if found is None:
            return _TOO_FEW
        if found.p is None:
            return _UNTOLD
        if next(sure) > FALSE_FINDINGS:
            return _STEADY
        return _RISING if found.change > 0 else _FALLING

    return list(map(word, trends))


def _row(
    rank: int,
    row: Demand,
    name: Word,
    found: Trend | None,
    word: Word,
    asked: Mapping[str, float],
) -> tuple[Cell, ...]:
    elsewhere = sum(row.sources[source] for source in UNBIASED)
    pressed = None
    if row.leaf and asked.get(row.leaf) and min(row.sources[VOICE], elsewhere) >= _LEAST:
        pressed = Decimal(row.shares[VOICE] / asked[row.leaf])
    return (
        rank,
        name,
        row.leaf or _NO_LEAF,
        Decimal(100 * row.weight, 2, "%"),
        *(row.sources[source] for source in SOURCES),
        pressed,
        Decimal(100 * found.change, 0, "%") if found is not None else None,
        word,
    )


def _name(row: Demand, evidence: Evidence) -> Word:
    if row.leaf:
        return evidence.leaves[row.leaf]
    of = evidence.codes.get(row.code)
    return of.name if of is not None else Word(row.code, row.code, "(not in topics.yaml)")


# -- notes -----------------------------------------------------------------------------------------


def _no_data(basis: Basis) -> str:
    return both(
        f"{basis.span()} 没有 {basis.traffic} 流量的申请，也没有来话小结，无法排出热点。",
        f"No requests of {basis.traffic} traffic and no wrap-up codes in this span: "
        "nothing to rank.",
    )


def _notes(
    kept: _Kept,
    ranked: Sequence[Demand],
    evidence: Evidence,
    weights: Mapping[str, float],
    asked: Mapping[str, float],
    words: Sequence[Word],
) -> Iterator[str]:
    used = [s for s in SOURCES if any(row.shares[s] for row in ranked)]
    scale = sum(weights[s] for s in used)
    formula = " + ".join(f"{weights[s] / scale:.2f} × {SOURCES[s]}" for s in used)
    yield f"热度 score = {formula}（各按衰减后的份额 each its decayed share）"
    absent = [str(word) for source, word in SOURCES.items() if source not in used]
    if absent:
        yield f"没有数据的来源 sources without data: {', '.join(absent)}"
    yield from _bias(ranked, used, asked)
    if kept.spans or evidence.texted:
        whole = sum(text.n for text in evidence.texted)
        told = sum(text.n for text in evidence.texted if evidence.asked.get(text.text))
        yield f"未匹配短信认出热点 unmatched texts told a topic: {Ratio(told, whole)}"
        untold = [text for text in evidence.texted if not evidence.asked.get(text.text)]
        if untold:
            untold.sort(key=lambda text: (-text.subscribers, text.text))
            names = ", ".join(f"{text.text} ({text.subscribers})" for text in untold[:_LISTED])
            yield f"认不出的短信（人数）texts without a topic (subscribers): {names}"
    coming = [row for row in ranked if not row.leaf and row.code in evidence.codes]
    if coming:
        names = ", ".join(f"{row.code} {evidence.codes[row.code].name} ({row.n})" for row in coming)
        yield f"还没有自助业务，下一步可做 no self-service yet, what to build next: {names}"
    unknown = [row for row in ranked if not row.leaf and row.code not in evidence.codes]
    if unknown:
        names = ", ".join(f"{row.code} ({row.n})" for row in unknown)
        yield f"topics.yaml 里没有的小结代码 codes that are not in topics.yaml: {names}"
    if kept.left_out:
        names = ", ".join(f"{leaf} ({n})" for leaf, n in kept.left_out.most_common(_LISTED))
        n = kept.left_out.total()
        yield both(
            f"列表或已撤业务的申请 {n} 次未计入。",
            f"{n} requests for lists, or for leaves that the menus no longer have, are left out: "
            f"{names}",
        )
    if _UNTOLD in words:
        yield "趋势未检验 trends are not tested without: pip install 'hotline[analysis]'"
    yield both(
        "趋势比较各来源里的份额，前后半期各少于 4 天或 5 次为数据太少。",
        f"Trends compare shares by days within each source, false findings held to "
        f"{FALSE_FINDINGS:.0%}; too few: under 4 days or 5 expected in a half.",
    )


def _bias(
    ranked: Sequence[Demand], used: Sequence[str], asked: Mapping[str, float]
) -> Iterator[str]:
    if VOICE not in used:
        return
    if not asked:
        yield both(
            "只有按键：排名受现有菜单次序影响，请导入来话小结。",
            "Only key presses: the ranking follows the present order of the menu; import wrap-up "
            "codes (hotline topics import).",
        )
        return
    moved = sum(abs(row.shares[VOICE] - asked[row.leaf]) for row in ranked if row.leaf) / 2
    yield both(
        f"按键与别处咨询相差 {100 * moved:.1f} %。",
        f"{100 * moved:.1f} % of the key presses would have to fall on other leaves to agree with "
        "what agents and texts are asked.",
    )
