"""Which ways dialogues take, and where they end: the first nodes of each, as a tree.

A node that is stayed at stands once, so `main › charges › balance` is a way and the tries on it are
not. Ways that fewer than five took are folded together: they may be about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.counts import Trail
from reports.basis import Basis
from reports.layout import ENDED, OTHER, WENT, Cell, Icicle, Ratio, Report, Slab, Word, both

TITLE = Word("journeys", "路径与流失", "journeys")
DEPTH = 4
MOST_ROWS = 200
SMALL = 5
"""Ways that fewer dialogues took are not shown by themselves."""

_AWAY = " › "
_OTHERS = Word("other", "其他", "other")
_CHART = Word("icicle", "路径", "ways")
_ENDS = {
    "caller": Word("caller", "挂机", "hung up"),
    "agent": Word("agent", "转人工", "agent"),
    "hotline": Word("hotline", "热线结束", "ended by the hotline"),
}
_ELSE = Word("ended_else", "其他结束", "ended otherwise")


class _Node(NamedTuple):
    """A way and those that go on from it; `folded` says how many ways an `other` stands for."""

    path: tuple[str, ...]
    n: int
    ended: Mapping[str, int]
    below: tuple[_Node, ...] = ()
    folded: int = 0


def journeys(
    trails: Sequence[Trail],
    names: Mapping[str, Word],
    basis: Basis,
    *,
    channel: str = "voice",
    depth: int = DEPTH,
) -> Report:
    """The ways with their drop-off; `names` are those of the nodes that have one.

    `trails` are those of the same depth; each that others begin with is among them.
    """
    known = basis.facts(channel=channel, depth=str(depth))
    roots = _tree(trails)
    whole = sum(node.n for node in roots)
    if not whole:
        return Report(TITLE, known, (), (), (_no_data(basis),))
    ways = list(_walk(roots, whole))
    ways.sort(key=lambda way: (-way[0].n, way[0].path))
    rows = tuple(_row(node, above, whole, names) for node, above in ways[:MOST_ROWS])
    columns = (
        Word("way", "路径", "way"),
        Word("steps", "层", "depth"),
        Word("share", "占全部", "of all"),
        Word("of_previous", "占上一步", "of the step before"),
        Word("ended", "到此结束", "ended here"),
        *_ENDS.values(),
        _ELSE,
    )
    chart = Icicle(_CHART, tuple(_slabs(roots, 0.0, whole, names)))
    notes = tuple(_notes(ways, whole, depth))
    return Report(TITLE, known, columns, rows, notes, (chart,))


# -- the tree --------------------------------------------------------------------------------------


def _tree(trails: Sequence[Trail]) -> tuple[_Node, ...]:
    below: dict[tuple[str, ...], list[Trail]] = {}
    for trail in trails:
        below.setdefault(trail.path[:-1], []).append(trail)

    def grown(path: tuple[str, ...]) -> tuple[_Node, ...]:
        found = sorted(below.get(path, ()), key=lambda trail: (-trail.n, trail.path))
        shown = [
            _Node(trail.path, trail.n, trail.ended, grown(trail.path))
            for trail in found
            if trail.n >= SMALL
        ]
        small = [trail for trail in found if trail.n < SMALL]
        if small:
            n = sum(trail.n for trail in small)
            shown.append(_Node((*path, ""), n, {}, folded=len(small)))
        return tuple(shown)

    return grown(())


def _walk(nodes: Sequence[_Node], above: int) -> Iterator[tuple[_Node, int]]:
    """Every way with how many took the step before."""
    for node in nodes:
        yield node, above
        yield from _walk(node.below, node.n)


# -- rows ------------------------------------------------------------------------------------------


def _row(node: _Node, above: int, whole: int, names: Mapping[str, Word]) -> tuple[Cell, ...]:
    shown: tuple[Cell, ...] = (None,) * (len(_ENDS) + 2)
    if not node.folded:
        ended = Counter(node.ended)
        counted = [ended.pop(how, 0) for how in _ENDS]
        shown = (Ratio(sum(node.ended.values()), node.n), *counted, ended.total())
    return (
        _AWAY.join(_name(id_, names) for id_ in node.path),
        len(node.path),
        Ratio(node.n, whole),
        Ratio(node.n, above),
        *shown,
    )


def _name(id_: str, names: Mapping[str, Word]) -> str:
    if not id_:
        return str(_OTHERS)
    word = names.get(id_)
    return id_ if word is None or word.chinese == id_ else f"{word.chinese} {id_}"


# -- the chart -------------------------------------------------------------------------------------


def _slabs(
    nodes: Sequence[_Node], begin: float, whole: int, names: Mapping[str, Word]
) -> Iterator[Slab]:
    """The slabs of a level: those who go on, then those who ended at the step before."""
    for node in nodes:
        depth, end = len(node.path) - 1, begin + node.n / whole
        label = _name(node.path[-1], names)
        says = f"{_AWAY.join(_name(id_, names) for id_ in node.path)}: {Ratio(node.n, whole)}"
        yield Slab(label, depth, begin, end, OTHER if node.folded else WENT, says)
        yield from _slabs(node.below, begin, whole, names)
        stopped = sum(node.ended.values())
        if stopped:
            hows = ", ".join(f"{_ENDS.get(how, how)} {n}" for how, n in node.ended.items())
            yield Slab(
                "结束 ended", depth + 1, end - stopped / whole, end, ENDED, f"{says} → {hows}"
            )
        begin = end


# -- notes -----------------------------------------------------------------------------------------


def _no_data(basis: Basis) -> str:
    return both(
        f"{basis.span()} 没有 {basis.traffic} 流量的已结束对话，没有路径可看。",
        f"No dialogues of {basis.traffic} traffic that are over in this span: no journeys to show.",
    )


def _notes(ways: Sequence[tuple[_Node, int]], whole: int, depth: int) -> Iterator[str]:
    yield both(
        f"共 {whole} 次已结束、到过节点的对话，看前 {depth} 个节点；停留在一个节点只算一次。",
        f"{whole} dialogues that are over and met a node, their first {depth} nodes; a node stayed "
        "at counts once.",
    )
    folded = sum(node.folded for node, _ in ways)
    if folded:
        yield both(
            f"不足 {SMALL} 次的 {folded} 条路径合为“其他”。",
            f"{folded} ways that fewer than {SMALL} took are folded into other.",
        )
    if len(ways) > MOST_ROWS:
        left = len(ways) - MOST_ROWS
        yield both(
            f"只列最多的 {MOST_ROWS} 条，另有 {left} 条。",
            f"The top {MOST_ROWS} ways; {left} more are left out.",
        )
