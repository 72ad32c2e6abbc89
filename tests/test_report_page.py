"""A report's cells in every form, and its page: self-contained, escaped, the same each time."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from reports.interval import wilson
from reports.layout import (
    BAR,
    CONTROL,
    LINE,
    PARETO,
    Chart,
    Decimal,
    Estimate,
    Mark,
    Rate,
    Ratio,
    Report,
    Series,
    Word,
    opens,
    seconds,
    table,
    to_csv,
    to_json,
)
from reports.page import to_html

NASTY = "<script>alert(1)</script>&\"'$x$ 余额"
DAYS = tuple(f"2008-03-{day:02d}" for day in range(1, 13))
VALUES = tuple(2 + day % 3 / 2 for day in range(12))
R1 = Word("R1", "R1 办理", "R1 changes")
CHARTS = (
    Chart(LINE, Word("l", "按日", "by day"), "%", DAYS, (Series(R1, (*VALUES[:-1], None)),)),
    Chart(BAR, Word("b", NASTY, NASTY), "%", (NASTY, "b"), (Series(R1, (2, 1), (1, 0), (3, 2)),)),
    Chart(PARETO, Word("p", "柏拉图", "Pareto"), "n", (NASTY, "b"), (Series(R1, (5, 3)),)),
    Chart(
        CONTROL,
        Word("c", "控制图", "control"),
        "%",
        DAYS,
        (Series(R1, VALUES, (1.0,) * 12, (2.8,) * 12),),
        2.4,
        (Mark(2, Word("beyond", "超出", "beyond")),),
    ),
)
REPORT = Report(
    Word("failures", "受理失败率", "failure rate"),
    {"traffic": "demo", "from": "", "as_of": "2008-04-01T09:30:00+08:00"},
    (
        Word("keyword", "指令", "keyword"),
        Word("rate", "失败率", "failure rate"),
        Word("share", "占比", "share"),
        Word("saved", "节省", "saved"),
        Word("change", "变化", "change"),
    ),
    (
        (NASTY, Rate(256, 10_000), Ratio(1, 3), seconds(12.34), Estimate(-1.7, -2.1, -1.3)),
        (Word("total", "合计", "total"), Rate(0, 0), None, Decimal(-0.001), None),
    ),
    (f"说明 {NASTY}",),
    CHARTS,
    ({"rate": "R1", "keyword": NASTY, "guided": False}, {}),
)


def test_a_rate_carries_its_wilson_interval() -> None:
    """Numerator, denominator, percent, low and high, in all forms; no interval of nothing."""
    assert str(Rate(256, 10_000)) == "256/10000 2.56 % (2.27–2.89)"
    assert str(Rate(0, 300)) == "0/300 0.00 % (0.00–1.26)"
    assert str(Rate(0, 0)) == "0/0 —"
    row = json.loads(to_json(REPORT))["rows"][0]
    assert row["rate"] == {"n": 256, "of": 10_000, "percent": 2.56, "low": 2.27, "high": 2.89}
    assert row["share"] == {"n": 1, "of": 3, "percent": 33.33}
    assert row["saved"] == 12.3
    assert row["change"] == {"value": -1.7, "low": -2.1, "high": -1.3}
    assert table(REPORT)[1][0][1:] == [
        "256/10000 2.56 % (2.27–2.89)",
        "1/3 33.33 %",
        "12.3 s",
        "-1.70 (-2.10 – -1.30)",
    ]


def test_every_part_of_a_cell_is_a_csv_column() -> None:
    """Columns are the same in every record, and a cell that is missing leaves all of its empty."""
    first, second = csv.DictReader(io.StringIO(to_csv(REPORT)))
    assert (first["rate_percent"], first["rate_low"], first["rate_high"]) == (
        "2.56",
        "2.27",
        "2.89",
    )
    assert (first["change"], first["change_low"], first["change_high"]) == ("-1.7", "-2.1", "-1.3")
    assert second["rate_percent"] == second["change_low"] == second["share_n"] == ""
    assert second["saved"] == "0.0"  # and not minus zero


@pytest.mark.parametrize(("n", "of"), [(0, 5), (5, 5), (1, 1), (3, 120)])
def test_wilson_stays_within_a_share(n: int, of: int) -> None:
    """The interval holds the share and never leaves 0 to 1."""
    low, high = wilson(n, of)
    assert 0 <= low <= n / of <= high <= 1
    assert wilson(0, 0) == (0, 1)


def test_a_figure_says_how_to_open_it() -> None:
    """The command behind a row is in table, JSON and page, quoted for the shell."""
    assert opens({"rate": "R1", "node": "a b", "guided": True}) == (
        "hotline report requests --rate R1 --node 'a b' --guided yes"
    )
    rows = json.loads(to_json(REPORT))["rows"]
    assert rows[0]["behind"] == {"rate": "R1", "keyword": NASTY, "guided": False}
    assert "behind" not in rows[1]


class Reader(HTMLParser):
    """What a page's tags are and what it would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag and its addresses."""
        self.tags.append(tag)
        self.fetched += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")
        ]

    def handle_data(self, data: str) -> None:
        """Gathers the text."""
        self.text += data


def test_the_page_stands_alone() -> None:
    """No script, link, image or address outside the page, and each chart is drawn in it."""
    page = to_html(REPORT, (REPORT._replace(charts=(), behind=()), None))
    reader = Reader(page)
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert all(address.startswith("#") for address in reader.fetched)
    assert not re.findall(r"url\((?!#)", page)
    assert reader.tags.count("svg") == len(CHARTS)
    assert "prefers-color-scheme" in page
    assert "@media print" in page


def test_what_commands_a_terminal_is_shown_and_not_done() -> None:
    """An escape sequence that somebody texted moves no cursor."""
    report = REPORT._replace(rows=(("\x1b[2J\x9b", *REPORT.rows[1][1:]),), behind=())
    assert table(report)[1][0][0] == "\ufffd[2J\ufffd"


def test_a_row_leads_to_its_requests() -> None:
    """Its first cell is a link to the command and the sample; a row without any is no link."""
    page = to_html(REPORT, (REPORT._replace(charts=(), behind=()), None))
    assert page.count('<a href="#r0">') == page.count('<div id="r0">') == 1
    assert "#r1" not in page
    summary = Reader(page.partition("<summary>")[2].partition("</summary>")[0]).text
    assert summary == f"{NASTY} · 256/10000 2.56 % (2.27–2.89)"


def test_what_subscribers_texted_is_only_text() -> None:
    """In cells, notes, titles, labels of charts and commands it is escaped, and all there."""
    reader = Reader(to_html(REPORT))
    assert reader.text.count(NASTY) >= 5


def test_text_in_charts_stays_text() -> None:
    """Labels are characters in the page's own fonts and colours, never outlines."""
    page = to_html(REPORT)
    charts = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert "2008-03-01" in charts
    assert "DejaVu" not in charts
    assert "currentColor" in charts
    assert not re.findall(r"#0[01]0[0-9a-f]{3}\b", charts)


def test_a_page_is_the_same_each_time() -> None:
    """No date, no chance: two pages of one report are equal to the byte."""
    assert to_html(REPORT) == to_html(REPORT)
