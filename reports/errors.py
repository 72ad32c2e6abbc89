"""What subscribers are told when something goes wrong, and how often they meet it.

The quality circle's table 5-5: each kind of error has a prompt of its own, or is named as having
none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dialog.outcomes import DECLINED, FAILED, FAILED_REASONS, REASONS, REFUSED, UNKNOWN
from ledger.counts import ATTEMPT, REQUEST, Count, Visit
from reports.basis import Basis
from reports.causes import FAILURES, REFUSALS, Causes
from reports.failures import NO_GROUP
from reports.layout import BAR, NOTHING, Cell, Chart, Filter, Ratio, Report, Series, Word, both
from reports.rates import STATE_COLUMNS

TITLE = Word("errors", "错误提示语", "error prompts")
TRIES = Word("errors", "输入错误提示语", "prompts after wrong entries")
NEEDS = ("of", "day", "channel", "traffic", "node", "outcome", "reason")
"""The dimensions that the counts of this report must be asked by."""
VISITS = ("of", "day", "channel", "traffic", "node", "event")
"""Those that its visits must be asked by."""
TOLD = (*REASONS, DECLINED, UNKNOWN)
"""Every end that somebody can be told of, besides success."""

_MOST_BARS = 15
_MOST_NAMED = 4
_CHANNELS = {
    "voice": Word("callers", "来电遇到", "met by callers"),
    "text": Word("texters", "短信遇到", "met by texters"),
}
_OUTCOMES = {word.id: word for word in STATE_COLUMNS}


class Prompt(NamedTuple):
    """The text of a reason: the file's, or with `node` that node's own.

    `wording` is by language; `sms` only where it differs.
    """

    reason: str
    text: str
    wording: Mapping[str, str]
    sms: Mapping[str, str] = {}
    node: str = ""


Key = tuple[str, str]
"""A reason, and the node whose own prompt it has there ("" = the file's)."""


def errors(
    counts: Iterable[Count],
    causes: Causes,
    basis: Basis,
    prompts: Sequence[Prompt],
    *,
    languages: Sequence[str],
    version: str,
) -> Report:
    """Each reason with its prompts in the version `version`; counts by NEEDS."""
    own = {(prompt.reason, prompt.node): prompt for prompt in prompts}
    met: dict[Key, Counter[str]] = {(reason, ""): Counter() for reason in TOLD}
    met |= {key: Counter() for key in own}
    whole: Counter[str] = Counter()
    days = set()
    for count in counts:
        if count.of == REQUEST and count.traffic == basis.traffic:
            days.add(count.day)
            whole[count.channel] += count.n
            reason = count.reason or count.outcome
            if reason in TOLD:
                key = (reason, count.node)
                met[key if key in own else (reason, "")][count.channel] += count.n
    known = basis.facts(days, causes=causes.version, version=version[:12])
    order = sorted(met, key=lambda key: (-met[key].total(), TOLD.index(key[0]), key[1]))
    rows = tuple(
        _row(key, own.get(key), met[key], whole, causes, basis, languages) for key in order
    )
    columns = (
        Word("outcome", "结果", "outcome"),
        Word("class", "原因分类", "class"),
        Word("reason", "失败码", "reason"),
        Word("node", "节点专用", "of this node only"),
        Word("text", "提示语编号", "text"),
        *(Word(f"said_{language}", f"提示语 {language}", "prompt") for language in languages),
        *_CHANNELS.values(),
    )
    notes = [*_gaps(own, languages), *_shared(own)]
    if not whole:
        notes.insert(0, basis.no_data())
    cases = {case for reason in TOLD for case in _cases(reason, basis.traffic)}
    notes.append(
        f"归因 attribution (causes.yaml {causes.version}): {'; '.join(causes.applied(cases))}"
    )
    apart = {reason for (reason, node), sums in met.items() if node and sums.total()}
    behind = tuple(
        # what nodes said in words of their own is not behind the file's prompt, and no filter
        # says "other nodes"
        {} if reason in apart and not node else _behind(basis, reason, node)
        for reason, node in order
    )
    return Report(TITLE, known, columns, rows, tuple(notes), _charts(order, met), behind)


class Again(NamedTuple):
    """The texts after a wrong entry at a node, in the order in which tries hear them."""

    reason: str
    node: str
    texts: tuple[str, ...]
    wording: Mapping[str, str]  # by language, the texts' wordings joined


def slips(
    visits: Iterable[Visit],
    basis: Basis,
    prompts: Sequence[Again],
    *,
    languages: Sequence[str],
    version: str,
) -> Report:
    """What is said after an entry that went wrong, and how often it was; visits by VISITS."""
    met: Counter[tuple[str, str, str]] = Counter()
    whole: Counter[str] = Counter()
    days = set()
    for visit in visits:
        if visit.of == ATTEMPT and visit.traffic == basis.traffic:
            days.add(visit.day)
            whole[visit.channel] += visit.n
            met[visit.event, visit.node, visit.channel] += visit.n
    groups: defaultdict[tuple[str, tuple[str, ...]], list[Again]] = defaultdict(list)
    for prompt in prompts:
        groups[prompt.reason, prompt.texts].append(prompt)
    told = {(prompt.reason, prompt.node) for prompt in prompts}
    untold = Counter({key: n for key, n in met.items() if key[:2] not in told})
    rows: list[tuple[Cell, ...]] = []
    for (reason, texts), group in groups.items():
        sums = [sum(met[reason, prompt.node, channel] for prompt in group) for channel in _CHANNELS]
        rows.append(
            (
                reason,
                _nodes([prompt.node for prompt in group]),
                " / ".join(texts) or None,
                *(group[0].wording.get(language) or None for language in languages),
                *(Ratio(n, whole[channel]) for n, channel in zip(sums, _CHANNELS, strict=True)),
            )
        )
    rows.sort(key=lambda row: (-sum(cell.n for cell in row if isinstance(cell, Ratio)), str(row)))
    columns = (
        Word("reason", "错误", "error"),
        Word("nodes", "节点", "nodes"),
        Word("text", "提示语编号", "texts"),
        *(Word(f"said_{language}", f"提示语 {language}", "prompts") for language in languages),
        *_CHANNELS.values(),
    )
    notes = [
        both(
            "分母是同一渠道的全部输入错误；一个节点依次用多条提示语，一次比一次详细。",
            "Out of all wrong entries of the channel; a node's prompts help more with each try.",
        )
    ]
    if untold:
        named = ", ".join(sorted({f"{node or NOTHING}: {reason}" for reason, node, _ in untold}))
        notes.append(
            both(
                f"另有 {untold.total()} 次在现行菜单没有的节点或错误：{named}。",
                f"{untold.total()} more at nodes or of errors that this version has not: {named}.",
            )
        )
    if not whole:
        notes.insert(0, basis.no_data())
    return Report(
        TRIES, basis.facts(days, version=version[:12]), columns, tuple(rows), tuple(notes)
    )


def _nodes(names: Sequence[str]) -> str:
    """The nodes, or how many when they are more than can be read."""
    return ", ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} 个节点 nodes"


def _row(
    key: Key,
    prompt: Prompt | None,
    met: Mapping[str, int],
    whole: Mapping[str, int],
    causes: Causes,
    basis: Basis,
    languages: Sequence[str],
) -> tuple[Cell, ...]:
    reason, node = key
    return (
        _OUTCOMES[_outcome(reason)],
        _class(reason, causes, basis.traffic),
        reason,
        node or NO_GROUP,
        prompt.text if prompt else None,
        *(_said(prompt, language) if prompt else None for language in languages),
        *(Ratio(met.get(channel, 0), whole.get(channel, 0)) for channel in _CHANNELS),
    )


def _outcome(reason: str) -> str:
    if reason in REASONS:
        return FAILED if reason in FAILED_REASONS else REFUSED
    return reason


def _said(prompt: Prompt, language: str) -> str | None:
    """The wording as it is said, and as it is texted where that differs."""
    voice, sms = prompt.wording.get(language), prompt.sms.get(language)
    return f"{voice}（短信 text: {sms}）" if voice and sms else voice or sms


def _cases(reason: str, traffic: str) -> Iterator[tuple[str, str, bool, str]]:
    """What the causes' table judges of a reason: with and without errors before."""
    if reason == DECLINED:
        return
    kind = REFUSALS if _outcome(reason) == REFUSED else FAILURES
    for guided in (False, True):
        yield kind, reason, guided, traffic


def _class(reason: str, causes: Causes, traffic: str) -> str | None:
    classes = {
        causes.of(kind, word, guided=guided, traffic=traffic).of
        for kind, word, guided, traffic in _cases(reason, traffic)
    }
    return " / ".join(map(str, sorted(classes))) or None


def _behind(basis: Basis, reason: str, node: str) -> Filter:
    here = {"node": node} if node else {}
    outcome = _outcome(reason)
    return basis.behind(
        outcome=outcome, **({} if outcome == reason else {"reason": reason}), **here
    )


# -- notes and chart -------------------------------------------------------------------------------


def _gaps(own: Mapping[Key, Prompt], languages: Sequence[str]) -> Iterator[str]:
    without = [reason for reason in TOLD if (reason, "") not in own]
    if without:
        named = ", ".join(without)
        yield both(f"没有自己的提示语：{named}。", f"Without a prompt of their own: {named}.")
    for language in languages:
        dumb = [prompt.text for prompt in own.values() if not prompt.wording.get(language)]
        if dumb:
            named = ", ".join(dumb)
            yield both(f"没有 {language} 用语：{named}。", f"Without {language} wording: {named}.")


def _shared(own: Mapping[Key, Prompt]) -> Iterator[str]:
    reasons: defaultdict[str, set[str]] = defaultdict(set)
    for prompt in own.values():
        reasons[prompt.text].add(prompt.reason)
    for text, which in sorted(reasons.items()):
        if len(which) > 1:
            named = ", ".join(sorted(which))
            yield both(f"{text} 为几种错误共用：{named}。", f"{text} serves several: {named}.")


def _charts(order: Sequence[Key], met: Mapping[Key, Counter[str]]) -> tuple[Chart, ...]:
    shown = [key for key in order if met[key]][:_MOST_BARS]
    if not shown:
        return ()
    series = tuple(
        Series(word, tuple(float(met[key][channel]) for key in shown))
        for channel, word in _CHANNELS.items()
    )
    labels = tuple(" · ".join(filter(None, key)) for key in shown)
    return (Chart(BAR, Word("met", "遇到次数", "how often met"), "次 count", labels, series),)
