"""What a replay tells: who would have got there sooner, who later, who would have got lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reports.layout import Cell, Decimal, Ratio, Report, Word, both, seconds
from tuning.heard import AGENT
from tuning.patience import Patience, patience
from tuning.replay import (
    ASTRAY,
    GOT_LOST,
    LATER,
    NO_WAY,
    RESULTS,
    SAME,
    SOONER,
    TRIES,
    UNFOLLOWED,
    UNKNOWN,
    UNTIMED,
    Replayed,
)

TITLE = Word("replay", "重放", "replay")
BY_LEAF = Word("replay_leaves", "重放：各业务", "replay by leaf")
EXAMPLES = 3
"""Calls named for each result."""
_TIMED = (SOONER, SAME, LATER)
_WORDS: Mapping[str, Word] = {
    SOONER: Word(SOONER, "更快到达", "sooner"),
    SAME: Word(SAME, "一样快", "same"),
    LATER: Word(LATER, "更慢到达", "later"),
    UNTIMED: Word(UNTIMED, "到达，时长不明", "reached, length unknown"),
    NO_WAY: Word(NO_WAY, "到不了：没有这个选项", "lost: no option leads there"),
    ASTRAY: Word(ASTRAY, "按错：记得的按键已换", "lost: the key they know leads elsewhere"),
    TRIES: Word(TRIES, "到不了：次数用完", "lost: out of tries"),
    AGENT: Word(AGENT, "转人工", "asked for an agent"),
    UNKNOWN: Word(UNKNOWN, "先挂机，要什么不知道", "hung up first: wish unknown"),
    UNFOLLOWED: Word(UNFOLLOWED, "前面走岔，无法比较", "cannot be followed"),
}


class Tally:
    """What many legs come to; nothing of a call is kept but a few ids for each result."""

    def __init__(self) -> None:
        self.calls = 0
        self.results: Counter[tuple[str, str]] = Counter()  # (leaf, result)
        self.saved_ms: Counter[tuple[str, str]] = Counter()
        self.examples: dict[str, list[str]] = {}
        self.listened: Counter[tuple[int, bool]] = Counter()  # (milliseconds, hung up)
        self.longer: Counter[tuple[int, int]] = Counter()  # (then, now) of those who listen longer

    def add(self, rows: Iterable[Replayed]) -> None:
        """The legs of one call."""
        self.calls += 1
        for row in rows:
            self.results[row.leaf, row.result] += 1
            self.saved_ms[row.leaf, row.result] += row.saved_ms
            ids = self.examples.setdefault(row.result, [])
            if len(ids) < EXAMPLES and row.session not in ids:
                ids.append(row.session)
            if row.then_ms is not None:
                self.listened[row.then_ms, row.gone] += 1
                if row.result == LATER:
                    self.longer[row.then_ms, row.then_ms - row.saved_ms] += 1

    def of(self, *results: str) -> int:
        """How many legs had one of these results."""
        return sum(n for (_, result), n in self.results.items() if result in results)

    def mean_saved(self, *results: str) -> float:
        """Seconds that legs of these results save on average."""
        n = self.of(*results)
        saved = sum(ms for (_, result), ms in self.saved_ms.items() if result in results)
        return saved / n / 1000 if n else 0

    def patience(self) -> Patience:
        """How long these callers listen."""
        return patience(self.listened.elements())

    def expected_lost(self) -> float:
        """How many of those who would listen longer are expected to hang up meanwhile."""
        known = self.patience()
        return sum(n * known.lost(then, now) for (then, now), n in self.longer.items())


class Basis(NamedTuple):
    """What was replayed against what; `left_out` calls are of versions that can't be read."""

    traffic: str
    first: str
    last: str
    as_of: str
    against: str
    left_out: int = 0


def replay(tally: Tally, basis: Basis) -> Report:
    """The results, with numerators, mean seconds and the ids of some calls."""
    facts = {
        "traffic": basis.traffic,
        "from": basis.first,
        "to": basis.last,
        "as_of": basis.as_of,
        "against": basis.against,
        "calls": str(tally.calls),
    }
    whole = tally.of(*RESULTS)
    if not whole:
        said = both(
            f"这些日期没有 {basis.traffic} 话务的通话可以重放。",
            f"No calls of {basis.traffic} traffic in these days: there is nothing to replay.",
        )
        return Report(TITLE, facts, (), (), (said, *_left_out(basis)))
    rows: list[tuple[Cell, ...]] = []
    for result in RESULTS:
        if n := tally.of(result):
            timed = result in (SOONER, LATER)
            rows.append(
                (
                    _WORDS[result],
                    Ratio(n, whole),
                    seconds(tally.mean_saved(result), 2) if timed else None,
                    " ".join(tally.examples[result]),
                )
            )
    columns = (
        Word("result", "结果", "result"),
        Word("legs", "次数", "times"),
        Word("saved", "平均少听", "saved on average"),
        Word("examples", "例子（通话编号）", "examples (call ids)"),
    )
    return Report(TITLE, facts, columns, tuple(rows), (*_notes(tally), *_left_out(basis)))


def _notes(tally: Tally) -> list[str]:
    timed, lost, known = tally.of(*_TIMED), tally.of(*GOT_LOST), tally.patience()
    reached = timed + tally.of(UNTIMED)
    saved = Decimal(tally.mean_saved(*_TIMED), 2)
    notes = [
        both(
            f"有去向的 {reached + lost} 次里，走失 {Ratio(lost, reached + lost)}；"
            f"到达的平均少听 {saved} 秒。",
            f"Of {reached + lost} that are known to have wanted something, lost: "
            f"{Ratio(lost, reached + lost)}; the others save {saved} s on average.",
        )
    ]
    if tally.longer:
        expected = Decimal(tally.expected_lost(), 1)
        notes.append(
            both(
                f"更慢的 {tally.longer.total()} 次里，预计 {expected} 次会等不及挂机（耐心由 "
                f"{known.legs} 次、其中 {known.hang_ups} 次挂机估计）。",
                f"Of the {tally.longer.total()} later ones {expected} are expected to hang up "
                f"meanwhile (patience out of {known.legs}, of which {known.hang_ups} hung up).",
            )
        )
    if unknown := tally.of(UNKNOWN):
        notes.append(
            both(
                f"{unknown} 次先挂机，要什么不知道：不算更好，也不算更差。",
                f"{unknown} hung up before any leaf: what they wished is not known, and they "
                "count for nothing here.",
            )
        )
    return notes


def _left_out(basis: Basis) -> list[str]:
    if not basis.left_out:
        return []
    return [
        both(
            f"{basis.left_out} 通电话的菜单版本已读不出来，未重放。",
            f"{basis.left_out} calls are left out: their menus version can't be read any more.",
        )
    ]


def leaves(tally: Tally, names: Mapping[str, Word]) -> Report:
    """The same by leaf, those that callers went for most first."""
    of: Counter[str] = Counter()
    for (leaf, _), n in tally.results.items():
        if leaf:
            of[leaf] += n
    rows: list[tuple[Cell, ...]] = []
    for leaf, whole in of.most_common():
        by = {result: tally.results[leaf, result] for result in RESULTS}
        timed = sum(by[result] for result in _TIMED)
        saved = sum(tally.saved_ms[leaf, result] for result in _TIMED)
        rows.append(
            (
                names.get(leaf, Word(leaf, leaf, "")),
                whole,
                by[SOONER],
                by[SAME],
                by[LATER],
                sum(by[result] for result in GOT_LOST),
                seconds(saved / timed / 1000, 2) if timed else None,
            )
        )
    columns = (
        Word("leaf", "业务", "leaf"),
        Word("legs", "次数", "times"),
        *(_WORDS[result] for result in _TIMED),
        Word("lost", "走失", "lost"),
        Word("saved", "平均少听", "saved on average"),
    )
    return Report(BY_LEAF, {}, columns, tuple(rows))
