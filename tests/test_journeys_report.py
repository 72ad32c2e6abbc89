"""Journeys: drop-off along the ways, small cells folded, and the chart."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.counts import Trail
from reports.basis import Basis
from reports.icicle import icicle
from reports.journeys import MOST_ROWS, SMALL, journeys
from reports.layout import ENDED, Icicle, Report, Word
from reports.page import to_html

AS_OF = datetime.datetime(2026, 4, 1, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
BASIS = Basis("real", AS_OF)
NAMES = {
    "main": Word("main", "主菜单", "main menu"),
    "bills": Word("bills", "账单 & <b>", "bills"),
    "enable": Word("enable", "enable", ""),
}


def trails_of(dialogues: list[tuple[tuple[str, ...], str]], depth: int = 4) -> list[Trail]:
    """The trails of dialogues, each its nodes and how it ended, counted as the ledger does."""
    taken: Counter[tuple[str, ...]] = Counter()
    ended: dict[tuple[str, ...], Counter[str]] = {}
    for path, how in dialogues:
        for length in range(1, min(len(path), depth) + 1):
            taken[path[:length]] += 1
        if len(path) <= depth:
            ended.setdefault(path, Counter())[how] += 1
    return [Trail(path, n, ended.get(path, {})) for path, n in taken.items()]


DIALOGUES = [
    *[(("main",), "caller")] * 10,
    *[(("main", "bills"), "agent")] * 4,
    *[(("main", "bills", "balance", "more"), "caller")] * 50,
    *[(("main", "bills", "balance", "more", "main"), "caller")] * 6,
    *[(("main", "bills", "points"), "network")] * 3,
    *[(("main", "bills", "credit"), "caller")] * 2,
    *[(("main", "enable"), "hotline")] * 25,
]


def made(dialogues: Any = tuple(DIALOGUES), **more: Any) -> Report:
    """The report at the fixed time."""
    return journeys(trails_of(list(dialogues)), NAMES, BASIS, **more)


def cells(found: Report) -> dict[str, dict[str, Any]]:
    """The rows by way, each by its columns' ids."""
    names = [column.id for column in found.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.rows}


BILLS = "主菜单 main › 账单 & <b> bills"


def test_drop_off_along_a_way() -> None:
    """Each step's share of all and of the step before, and how many ended there and how."""
    rows = cells(made())
    bills = rows[BILLS]
    assert str(bills["share"]) == "65/100 65.00 %"
    assert str(bills["of_previous"]) == "65/100 65.00 %"
    assert str(bills["ended"]) == "4/65 6.15 %"
    assert (bills["agent"], bills["caller"]) == (4, 0)
    assert str(rows[f"{BILLS} › balance"]["of_previous"]) == "56/65 86.15 %"
    assert rows["主菜单 main › enable"]["hotline"] == 25
    assert [row[0] for row in made().rows][:2] == ["主菜单 main", BILLS]  # the most taken first


def test_what_goes_on_beyond_the_depth_did_not_end() -> None:
    """At the last node shown only those that went no further ended."""
    row = cells(made())[f"{BILLS} › balance › more"]
    assert str(row["ended"]) == "50/56 89.29 %"


def test_small_cells_are_folded() -> None:
    """Ways of under five stand together as other, without how they ended."""
    found = made()
    row = cells(found)[f"{BILLS} › 其他 other"]
    assert str(row["of_previous"]) == "5/65 7.69 %"
    assert (row["ended"], row["caller"]) == (None, None)
    assert not any("points" in way or "credit" in way for way in cells(found))
    assert any("2 ways that fewer than 5 took" in note for note in found.notes)


def test_no_dialogues() -> None:
    """A sentence, no table and no chart."""
    found = made(())
    assert (found.rows, found.charts) == ((), ())
    assert "no journeys to show" in found.notes[0]


def test_the_top_only() -> None:
    """Of many ways the most taken are listed, and the others counted."""
    many = [(("main", f"n{n}"), "caller") for n in range(MOST_ROWS + 50) for _ in range(SMALL)]
    found = made(many)
    assert len(found.rows) == MOST_ROWS
    assert any(note.startswith("只列最多的 200 条") and "51 more" in note for note in found.notes)


def test_the_page_has_the_chart() -> None:
    """The chart is an SVG of its own in the page, well formed, escaped, without any outside."""
    page = to_html(made())
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    root = ElementTree.fromstring(svg)
    titles = [title.text for title in root.iter("title")]
    assert f"{BILLS}: 65/100 65.00 %" in titles
    assert f"{BILLS}: 65/100 65.00 % → 转人工 agent 4" in titles
    assert "http" not in page
    assert to_html(made()) == page


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(tuple),
            st.sampled_from(["caller", "agent", "network"]),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_nothing_is_lost_or_counted_twice(dialogues: list[tuple[tuple[str, ...], str]]) -> None:
    """The first steps are all dialogues; below each step at most its own; slabs do not overlap."""
    found = made(dialogues)
    whole = len(dialogues)
    rows = list(cells(found).values())
    assert sum(row["share"].n for row in rows if row["steps"] == 1) == whole
    assert all(row["share"].n <= row["of_previous"].of for row in rows)
    (chart,) = found.charts
    assert isinstance(chart, Icicle)
    for depth in range(5):
        spans = sorted((s.begin, s.end) for s in chart.slabs if s.depth == depth)
        assert all(a[1] <= b[0] + 1e-9 for a, b in itertools.pairwise(spans))
        assert sum(end - begin for begin, end in spans) <= 1 + 1e-9
    shown = sum(row["ended"].n for row in rows if row["ended"] is not None)
    drawn = sum(s.end - s.begin for s in chart.slabs if s.kind == ENDED) * whole
    assert drawn == pytest.approx(shown)
    assert icicle(chart).startswith("<svg")
