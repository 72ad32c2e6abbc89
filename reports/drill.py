"""From the filter behind a figure to the counts that it is made of: a figure opens to its requests.

A filter names a rate, a class or a cause; the record knows outcomes and reasons.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dialog.outcomes import FAILED, OUTCOMES, REASONS, REFUSED, UNKNOWN
from ledger.counts import CALL, LOST, OPEN, REQUEST, SERVED, Behind
from reports.basis import Basis
from reports.causes import CLASSES, FAILURES, LOSSES, PRE_LEAF, REFUSALS, Causes
from reports.causes import REASONS as REASONS_OF
from reports.layout import Cell, Filter, Report, Unanswerable, Word, both
from reports.rates import R1, R3, RATES

TITLE = Word("requests", "申请明细", "requests")


class Ask(NamedTuple):
    """One question to the record: dimensions of Count and their values.

    `overdue`: of what is unknown, only what has been so for too long.
    """

    equal: Mapping[str, Any]
    overdue: bool = False


class _Part(NamedTuple):
    """Facts that one list of the causes' table judges."""

    kind: str
    equal: Mapping[str, Any]
    overdue: bool = False


_FAILED = _Part(FAILURES, {"of": REQUEST, "outcome": FAILED})
_OVERDUE = _Part(FAILURES, {"of": REQUEST, "outcome": UNKNOWN}, overdue=True)
_LOST = _Part(LOSSES, {"of": CALL, "outcome": LOST})
_REFUSED = _Part(REFUSALS, {"of": REQUEST, "outcome": REFUSED})

_DERIVED = ("rate", "class", "cause", "reason", "traffic", "from", "to")
_VOICE_CHANGES = {"channel": "voice", "kind": "change"}


def asks(found: Filter, causes: Causes) -> list[Ask]:
    """The questions whose answers together are what a filter keeps, none of them twice.

    Raises Unanswerable for a rate, class, cause, reason or outcome that there is not.
    """
    _known(found, causes)
    dims = {name: value for name, value in found.items() if name not in _DERIVED}
    return [
        Ask(whole, part.overdue)
        for part in _parts(found)
        for equal in _cases(part, found, causes)
        if (whole := _merged(part.equal, equal, dims))
    ]


def _known(found: Filter, causes: Causes) -> None:
    reasons = (*REASONS, UNKNOWN, *(f"{PRE_LEAF}{by}" for by in REASONS_OF[LOSSES]))
    judged = {rule.cause.cause.id for rules in causes.rules.values() for rule in rules}
    for name, known in (
        ("rate", RATES),
        ("class", CLASSES),
        ("cause", sorted(judged)),
        ("reason", reasons),
        ("outcome", (*OUTCOMES, OPEN, LOST, SERVED)),
    ):
        if name in found and found[name] not in known:
            listed = ", ".join(known)
            raise Unanswerable(
                both(
                    f"没有这样的 {name}：{found[name]}，有：{listed}。",
                    f"No such {name}: {found[name]}; there are: {listed}",
                )
            )


def _parts(found: Filter) -> Sequence[_Part]:
    if "rate" in found:
        parts = [_FAILED, _OVERDUE, *([_LOST] if found["rate"] == R3 else [])]
        if found["rate"] == R1:
            parts = [part._replace(equal={**part.equal, **_VOICE_CHANGES}) for part in parts]
        return parts
    if "cause" in found or "class" in found:
        return (_FAILED, _OVERDUE, _LOST, _REFUSED)
    if str(found.get("reason", "")).startswith(PRE_LEAF):
        return (_LOST,)
    of = CALL if found.get("outcome") in (LOST, SERVED) else REQUEST
    return (_Part("", {"of": of}),)


def _cases(part: _Part, found: Filter, causes: Causes) -> Iterator[dict[str, Any]]:
    """What of a part the reason, cause and class keep: reasons, where it matters with `guided`."""
    reason = str(found["reason"]) if "reason" in found else None
    if part.kind == LOSSES and reason is not None:
        if not reason.startswith(PRE_LEAF):
            return
        reason = reason.removeprefix(PRE_LEAF)
    if part.overdue and reason not in (None, UNKNOWN):
        return
    if "cause" not in found and "class" not in found:
        yield {} if reason is None or part.overdue else {"reason": reason}
        return
    words = [UNKNOWN] if part.overdue else [reason] if reason else list(REASONS_OF[part.kind])
    by_guided: dict[tuple[bool, ...], list[str]] = {}
    for word in words:
        if word in REASONS_OF[part.kind] and (word == UNKNOWN) is part.overdue:
            fits = tuple(no for no in (False, True) if _judged(part, word, no, found, causes))
            by_guided.setdefault(fits, []).append(word)
    for kept, named in by_guided.items():
        if kept:
            yield {
                **({} if part.overdue else {"reason": tuple(named)}),
                **({"guided": kept[0]} if len(kept) == 1 else {}),
            }


def _judged(part: _Part, word: str, guided: bool, found: Filter, causes: Causes) -> bool:
    cause = causes.of(part.kind, word, guided=guided, traffic=str(found["traffic"]))
    return found.get("cause", cause.cause.id) == cause.cause.id and (
        found.get("class", cause.of.id) == cause.of.id
    )


def _merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """All of the conditions; none when two contradict each other."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if whole.setdefault(name, value) != value:
                return {}
    return whole


# -- the list --------------------------------------------------------------------------------------

_COLUMNS = (
    Word("at", "时间", "at"),
    Word("channel", "渠道", "channel"),
    Word("leaf", "业务", "leaf"),
    Word("node", "节点", "node"),
    Word("keyword", "指令", "keyword"),
    Word("outcome", "结果", "outcome"),
    Word("reason", "失败码", "reason"),
    Word("guided", "此前有错误或重听", "errors or repeats before"),
    Word("raw", "业务系统代码", "the BSS's code"),
    Word("brand", "品牌", "brand"),
    Word("version", "菜单版本", "menus version"),
    Word("subscriber", "用户（代号）", "subscriber (pseudonym)"),
    Word("session", "会话", "session"),
    Word("id", "编号", "id"),
)


def requests(found: Iterable[Behind], whole: int, basis: Basis, kept: Filter) -> Report:
    """The requests (and lost calls) behind a figure of `whole`, the newest first."""
    zone = basis.as_of.tzinfo
    rows = [_row(one, zone) for one in sorted(found, key=lambda one: (-one.at, one.id))]
    shown = {name: str(value) for name, value in kept.items() if name not in basis.facts()}
    known = basis.facts((str(row[0])[:10] for row in rows), **shown)
    notes = [
        both(
            f"共 {whole} 次，列出最近的 {len(rows)} 次。",
            f"{len(rows)} of {whole} are listed, the newest first.",
        )
    ]
    if not whole:
        notes = [both("没有符合条件的申请。", "There are no such requests.")]
    return Report(TITLE, known, _COLUMNS if rows else (), tuple(rows), tuple(notes))


def _row(one: Behind, zone: datetime.tzinfo | None) -> tuple[Cell, ...]:
    count = one.counted
    at = datetime.datetime.fromtimestamp(one.at / 1000, zone)
    return (
        at.isoformat(" ", "seconds"),
        count.channel,
        count.leaf or None,
        count.node or None,
        count.keyword or None,
        count.outcome,
        count.reason or None,
        "是 yes" if count.guided else "否 no",
        one.raw or None,
        count.brand or None,
        count.digest[:12],
        one.subscriber or None,
        one.session,
        one.id,
    )
