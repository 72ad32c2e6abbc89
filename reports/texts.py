"""Texts that spelt no code: what people want that there is not, and what they may have meant.

A text is listed by the number that it was sent to, from three subscribers on: one that few sent may
be about a person. Digit runs were masked when it was kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ledger.counts import Wanted
from reports.basis import Basis
from reports.layout import BAR, NOTHING, Chart, Ratio, Report, Series, Word, both

TITLE = Word("texts", "用户想要而没有的代码", "codes that people want and there are not")
EMPTY = Word("empty", "（空白）", "(nothing)")

_SUBSCRIBERS = Word("subscribers", "用户", "subscribers")
_COLUMNS = (
    Word("text", "短信", "text"),
    Word("called", "发往", "sent to"),
    Word("texts", "条数", "texts"),
    _SUBSCRIBERS,
    Word("brands", "各品牌条数", "texts by brand"),
    Word("meant", "可能想发", "may have meant"),
    Word("leaf", "现在是", "by now"),
    Word("first", "最早", "first"),
    Word("last", "最近", "last"),
)
_DRAWN = 20


class Looked(NamedTuple):
    """A text, the codes near it, and the leaf that it spells by now, "" for none."""

    wanted: Wanted
    meant: tuple[str, ...] = ()
    leaf: str = ""


def texts(found: Sequence[Looked], whole: int, basis: Basis, *, least: int) -> Report:
    """The texts of at least `least` subscribers, of `whole`; the most wanted first."""
    days = [day for one in found for day in (one.wanted.first_day, one.wanted.last_day)]
    facts = basis.facts(days, from_subscribers=str(least))
    listed = sum(one.wanted.n for one in found)
    if not whole:
        notes: tuple[str, ...] = (basis.no_texts(),)
    else:
        share = Ratio(listed, whole)
        notes = (
            both(
                f"列出的占不认识的短信 {share}；其余的不到 {least} 个用户发过。",
                f"Listed are {share} of the texts that spelt no code; "
                f"the others came from fewer than {least} subscribers.",
            ),
        )
    return Report(
        TITLE,
        facts,
        _COLUMNS if found else (),
        tuple(
            (
                one.wanted.text or EMPTY,
                one.wanted.called,
                one.wanted.n,
                one.wanted.subscribers,
                _brands(one.wanted),
                " ".join(one.meant) or None,
                one.leaf or None,
                one.wanted.first_day,
                one.wanted.last_day,
            )
            for one in found
        ),
        notes,
        (_chart(found),) if found else (),
    )


def _brands(wanted: Wanted) -> str:
    """The most texts first."""
    brands: Counter[str] = Counter()
    for one in wanted.of:
        brands[one.brand or NOTHING] += one.n
    return ", ".join(f"{brand} {n}" for brand, n in brands.most_common())


def _chart(found: Sequence[Looked]) -> Chart:
    """How many subscribers want each text, over all numbers."""
    wanted: Counter[str] = Counter()
    for one in found:
        wanted[one.wanted.text or str(EMPTY)] += one.wanted.subscribers
    most = wanted.most_common(_DRAWN)
    series = Series(_SUBSCRIBERS, tuple(float(n) for _, n in most))
    return Chart(BAR, TITLE, "", tuple(text for text, _ in most), (series,))
