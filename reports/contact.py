"""Node contact rate (节点接触率, the quality circle's table 5-3): which leaves people reached.

A node is a leaf that the versions of that day offered; it was reached when at least k requests for
it were completed. The circle's standard is 100 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dialog.outcomes import DONE
from ledger.counts import CALL, REQUEST, Count
from reports.basis import Basis
from reports.layout import BAR, Cell, Chart, Decimal, Ratio, Report, Series, Word, both
from reports.offers import BOTH, TEXT, VOICE, Offer

TITLE = Word("contact", "节点接触率", "node contact rate")
NEEDS = ("of", "channel", "digest", "leaf", "outcome")
"""The dimensions that the counts of the day must be asked by."""

_YES = Word("yes", "是", "yes")
_NO = Word("no", "否", "no")
_DONE = Word("done", "成功申请", "completed requests")
_COLUMNS = (
    Word("name", "节点", "node"),
    Word("leaf", "末端", "leaf"),
    Word("offered", "提供渠道", "offered"),
    Word("reached", "已接触", "reached"),
    Word("done_voice", "电话成功", "done by voice"),
    Word("done_text", "短信成功", "done by text"),
    Word("requests", "申请", "requests"),
    Word("only", "仅一个渠道", "only"),
    Word("chances", "当日来电与短信", "calls and texts"),
    Word("bound", "95%上限", "95 % bound"),
)


class _Leaf(NamedTuple):
    """A leaf on the day: how many were done and asked for by channel, and who was offered it."""

    offer: Offer
    done: Mapping[str, int]
    asked: int
    chances: int

    @property
    def total(self) -> int:
        """Completed requests of both channels."""
        return sum(self.done.values())

    @property
    def only(self) -> Word | None:
        """The one channel that it was reached by, of a leaf that both offer."""
        if not (self.offer.voice and self.offer.text):
            return None
        used = [word for word in (VOICE, TEXT) if self.done.get(word.id)]
        return used[0] if len(used) == 1 else None


def contact(
    counts: Iterable[Count],
    versions: Mapping[str, Sequence[Offer] | None],
    basis: Basis,
    *,
    least: int = 1,
) -> Report:
    """The contact rate of a local day, both the first and the last of `basis`.

    `counts` are that day's; `versions` has what each digest among them offered on it, None for a
    version that can't be read any more: its leaves are then in no denominator, and the report says
    so. Raises ValueError for `least` below 1.
    """
    if least < 1:
        raise ValueError(f"least is 1 or more, not {least}")
    leaves = _leaves(list(counts), versions)
    if not leaves:
        return Report(TITLE, basis.facts(least=str(least)), (), (), (_no_calls(basis),))
    whole = _rate(leaves, least, "")
    known = basis.facts(least=str(least), contact_rate=str(whole))
    leaves.sort(key=lambda leaf: (leaf.total >= least, leaf.total, -leaf.chances, leaf.offer.leaf))
    rows = tuple(_row(leaf, least) for leaf in leaves)
    behind = tuple(basis.behind(leaf=leaf.offer.leaf) if leaf.asked else {} for leaf in leaves)
    notes = _notes(leaves, versions, whole, least, basis)
    return Report(TITLE, known, _COLUMNS, rows, notes, (_chart(leaves),), behind)


def _leaves(counts: Sequence[Count], versions: Mapping[str, Sequence[Offer] | None]) -> list[_Leaf]:
    calls: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    done: dict[str, Counter[str]] = {}
    for count in counts:
        if count.of == CALL:
            calls[count.digest] += count.n
        elif count.of == REQUEST:
            if count.channel == TEXT.id:
                texts[count.digest] += count.n
            asked[count.leaf] += count.n
            if count.outcome in DONE:
                done.setdefault(count.leaf, Counter())[count.channel] += count.n
    met = {count.digest for count in counts}
    offers: dict[str, Offer] = {}
    chances: Counter[str] = Counter()
    for digest, offered in versions.items():
        for offer in (offered or ()) if digest in met else ():
            had = offers.get(offer.leaf, offer)
            voice, text = had.voice or offer.voice, had.text or offer.text
            offers[offer.leaf] = offer._replace(voice=voice, text=text)
            chances[offer.leaf] += calls[digest] * offer.voice + texts[digest] * offer.text
    return [
        _Leaf(offer, done.get(leaf, {}), asked[leaf], chances[leaf])
        for leaf, offer in offers.items()
    ]


def _chart(leaves: Sequence[_Leaf]) -> Chart:
    """Completed requests of each leaf, the fewest first."""
    series = Series(_DONE, tuple(float(leaf.total) for leaf in leaves))
    return Chart(BAR, _DONE, "", tuple(leaf.offer.name.chinese for leaf in leaves), (series,))


def _rate(leaves: Sequence[_Leaf], least: int, channel: str) -> Ratio:
    """Of the leaves that a channel ("" = any) offers, those that it reached."""
    offered = [leaf for leaf in leaves if not channel or getattr(leaf.offer, channel)]
    reached = sum(
        (leaf.done.get(channel, 0) if channel else leaf.total) >= least for leaf in offered
    )
    return Ratio(reached, len(offered))


def _row(leaf: _Leaf, least: int) -> tuple[Cell, ...]:
    offer = leaf.offer
    by = BOTH if offer.voice and offer.text else VOICE if offer.voice else TEXT
    bound = None
    if not leaf.total and leaf.chances:
        bound = Decimal(min(100.0, 300 / leaf.chances), 4, "%")
    return (
        offer.name,
        offer.leaf,
        by,
        _YES if leaf.total >= least else _NO,
        leaf.done.get(VOICE.id, 0) if offer.voice else None,
        leaf.done.get(TEXT.id, 0) if offer.text else None,
        leaf.asked,
        leaf.only,
        leaf.chances,
        bound,
    )


# -- notes -----------------------------------------------------------------------------------------


def _no_calls(basis: Basis) -> str:
    return both(
        f"{basis.first} 没有 {basis.traffic} 流量的来电和短信，无法计算接触率。",
        f"No calls and no texts of {basis.traffic} traffic on {basis.first}: there is no contact "
        "rate.",
    )


def _notes(
    leaves: Sequence[_Leaf],
    versions: Mapping[str, Sequence[Offer] | None],
    whole: Ratio,
    least: int,
    basis: Basis,
) -> tuple[str, ...]:
    voice, text = (_rate(leaves, least, channel) for channel in (VOICE.id, TEXT.id))
    enough = f"至少 {least} 次成功 at least {least} done; 标准 standard 100 %"
    notes = [f"接触率 contact rate {whole} · {VOICE} {voice} · {TEXT} {text}（{enough}）"]
    nobody = [leaf.offer for leaf in leaves if not leaf.total]
    if nobody:
        names = ", ".join(f"{offer.name} ({offer.leaf})" for offer in nobody)
        notes.append(f"{len(nobody)} 个节点无人接触 nodes that nobody reached: {names}")
        notes.append(
            both(
                "95%上限 = 3/次数：每次来电或短信办成该业务的比例，有 95 % 的把握低于它。",
                "95 % bound = 3/n: by 95 % the share of calls and texts that complete it is below.",
            )
        )
    few = sum(0 < leaf.total < least for leaf in leaves)
    if few:
        notes.append(
            both(
                f"{few} 个节点有成功但不足 {least} 次。",
                f"{few} were reached fewer than {least} times.",
            )
        )
    for word in (VOICE, TEXT):
        names = ", ".join(leaf.offer.leaf for leaf in leaves if leaf.only == word)
        if names:
            notes.append(
                f"两个渠道都有，只有{word.chinese}接触 reached only {word.english}: {names}"
            )
    unread = [digest[:12] for digest, offered in versions.items() if offered is None]
    if unread:
        notes.append(
            both(
                f"版本 {', '.join(unread)} 已读不出，它独有的节点未计入。",
                f"Versions {', '.join(unread)} can't be read: leaves of theirs alone do not count.",
            )
        )
    if basis.last >= basis.as_of.date().isoformat():
        notes.append(both(f"{basis.last} 还没有结束。", f"{basis.last} is not over yet."))
    return tuple(notes)
