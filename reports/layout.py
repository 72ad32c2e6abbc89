"""What a report is as data, and the same as table rows, JSON and CSV.

Colour is the terminal's; the HTML page is reports/page.py's, its charts reports/drawing.py's.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from reports.interval import wilson

NOTHING = "—"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "�")


class Word(NamedTuple):
    """An id and how reports call it, Chinese first."""

    id: str
    chinese: str
    english: str

    def __str__(self) -> str:
        return f"{self.chinese} {self.english}" if self.english else self.chinese


def both(chinese: str, english: str) -> str:
    """A sentence of a report in both languages."""
    return f"{chinese} {english}"


# -- cells -----------------------------------------------------------------------------------------

Part = str | int | float | None


class Ratio(NamedTuple):
    """A numerator and a denominator; a share is never shown without them."""

    n: int
    of: int

    @property
    def percent(self) -> str:
        """With two decimals, halves up; "" when there is nothing to divide by.

        >>> Ratio(85, 101).percent
        '84.16'
        """
        if not self.of:
            return ""
        hundredths = (20_000 * self.n + self.of) // (2 * self.of)
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    def parts(self) -> dict[str, Part]:
        """What JSON and CSV say of it."""
        return {"n": self.n, "of": self.of, "percent": float(self.percent) if self.of else None}

    def __str__(self) -> str:
        return f"{self.n}/{self.of} {f'{self.percent} %' if self.of else NOTHING}"


class Rate(Ratio):
    """A ratio that estimates a rate: with its 95 % Wilson interval.

    >>> str(Rate(256, 10_000))
    '256/10000 2.56 % (2.27–2.89)'
    """

    __slots__ = ()

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Low and high in percent; None when there is nothing to divide by."""
        if not self.of:
            return None
        low, high = wilson(self.n, self.of)
        return 100 * low, 100 * high

    def parts(self) -> dict[str, Part]:
        """The ratio's parts and the interval in percent."""
        low, high = (round(bound, 2) for bound in self.bounds) if self.bounds else (None, None)
        return {**super().parts(), "low": low, "high": high}

    def __str__(self) -> str:
        if self.bounds is None:
            return super().__str__()
        low, high = self.bounds
        return f"{super().__str__()} ({low:.2f}–{high:.2f})"


class Decimal(NamedTuple):
    """A number with a fixed count of decimals and, if it has one, a unit."""

    value: float
    places: int = 2
    unit: str = ""

    def parts(self) -> dict[str, Part]:
        """Only the number; its unit is in the column's name."""
        return {"": round(self.value, self.places) + 0.0}  # + 0.0: no minus zero

    def __str__(self) -> str:
        number = f"{round(self.value, self.places) + 0.0:.{self.places}f}"
        return f"{number} {self.unit}" if self.unit else number


def seconds(value: float, places: int = 1) -> Decimal:
    """A duration in seconds."""
    return Decimal(value, places, "s")


class Estimate(NamedTuple):
    """A number with the bounds of its 95 % interval: a difference of rates, seconds saved.

    >>> str(Estimate(-1.7, -2.1, -1.31, unit="pp"))
    '-1.70 pp (-2.10 – -1.31)'
    """

    value: float
    low: float
    high: float
    places: int = 2
    unit: str = ""

    def parts(self) -> dict[str, Part]:
        """The number and its bounds."""
        value, low, high = (round(x, self.places) + 0.0 for x in self[:3])
        return {"": value, "low": low, "high": high}

    def __str__(self) -> str:
        low, high = (Decimal(bound, self.places) for bound in (self.low, self.high))
        return f"{Decimal(self.value, self.places, self.unit)} ({low} – {high})"


Cell = str | int | Word | Ratio | Decimal | Estimate | None
"""None: the column does not apply to the row."""


# -- charts ----------------------------------------------------------------------------------------


class Series(NamedTuple):
    """The values of a line or of bars, None where there is none; `low` and `high` are limits."""

    name: Word
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


class Mark(NamedTuple):
    """A point of a chart that stands out, and why."""

    at: int
    why: Word


LINE, BAR, PARETO, CONTROL = "line", "bar", "pareto", "control"


class Chart(NamedTuple):
    """A chart as data. `kind` is line | bar | pareto | control.

    line: each series with its interval. bar: horizontal, worst first. pareto: the bars of the one
    series, in order, and their cumulative share. control: the one series between its limits
    (`low`, `high`), `centre` and the `marks` of its signals.
    """

    kind: str
    title: Word
    unit: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    centre: float | None = None
    marks: tuple[Mark, ...] = ()


class Slab(NamedTuple):
    """A piece of an icicle: `begin` and `end` are shares of the whole, at a depth from 0.

    `kind` is went | ended | other: those who went on through a node, who ended there, and what is
    too small to be shown by itself.
    """

    label: str
    depth: int
    begin: float
    end: float
    kind: str
    says: str


WENT, ENDED, OTHER = "went", "ended", "other"


class Icicle(NamedTuple):
    """Ways that part, each slab as high as the share that takes it, beside the one it is of."""

    title: Word
    slabs: tuple[Slab, ...]


# -- reports ---------------------------------------------------------------------------------------


class Unanswerable(ValueError):
    """What was asked for can't be said from these counts; the message says why, Chinese first."""


Filter = Mapping[str, str | int | bool]
"""Which requests stand behind a figure: options of `hotline report requests` and their values.

The dimensions of Count, and rate (R1 | R2 | R3: what failed in it), class, cause, from, to.
"""


class Report(NamedTuple):
    """A title, the facts that hold for all of it, columns, rows of as many cells, and notes.

    `behind` has the filter of each row's requests, {} where no requests stand behind one.
    """

    title: Word
    facts: Mapping[str, str]
    columns: tuple[Word, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    charts: tuple[Chart | Icicle, ...] = ()
    behind: tuple[Filter, ...] = ()


def opens(found: Filter) -> str:
    """The command that opens the requests behind a figure.

    >>> opens({"rate": "R1", "node": "", "guided": True, "from": "2008-01-01"})
    "hotline report requests --rate R1 --node '' --guided yes --from 2008-01-01"
    """
    words = ["hotline report requests"]
    for name, value in found.items():
        said = ("no", "yes")[value] if isinstance(value, bool) else shlex.quote(str(value))
        words.append(f"--{name} {said}")
    return " ".join(words)


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text; what would command a terminal is made visible."""
    rows = [
        [NOTHING if cell is None else str(cell).translate(_CONTROLS) for cell in row]
        for row in report.rows
    ]
    return [str(column) for column in report.columns], rows


def to_json(report: Report) -> str:
    """One JSON object; a rate is {"n", "of", "percent", "low", "high"}, null when `of` is 0.

    Where requests stand behind a row its `behind` says which.
    """
    names = [column.id for column in report.columns]
    rows: list[dict[str, object]] = [
        dict(zip(names, map(_json, row), strict=True)) for row in report.rows
    ]
    for row, found in zip(rows, report.behind, strict=False):
        if found:
            row["behind"] = dict(found)
    whole = {
        "report": report.title.id,
        **report.facts,
        "rows": rows,
        "notes": report.notes,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _json(cell: Cell) -> object:
    if isinstance(cell, Word):
        return cell.id
    if isinstance(cell, (Ratio, Decimal, Estimate)):
        parts = cell.parts()
        if set(parts) == {""}:
            return parts[""]
        return {name or "value": part for name, part in parts.items()}
    return cell


def to_csv(report: Report) -> str:
    """RFC 4180: CRLF, a header line, quotes where needed. Notes are not in it.

    A rate takes five columns: `x_n`, `x_of`, `x_percent`, `x_low`, `x_high`; an estimate `x`,
    `x_low`, `x_high`. The facts close every row, so that files can be joined.
    """
    parts = [_parts_of(report, i) for i in range(len(report.columns))]
    head = [
        f"{column.id}_{part}" if part else column.id
        for column, names in zip(report.columns, parts, strict=True)
        for part in names
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*head, *report.facts])
    for row in report.rows:
        cells: list[str] = []
        for cell, names in zip(row, parts, strict=True):
            said = _said(cell)
            cells += [said.get(name, "") for name in names]
        writer.writerow([*cells, *map(_safe, report.facts.values())])
    return out.getvalue()


def _parts_of(report: Report, column: int) -> list[str]:
    """The CSV columns of a column: those that any of its cells needs."""
    names: dict[str, None] = {}
    for row in report.rows:
        cell = row[column]
        if cell is not None:
            names |= dict.fromkeys(_said(cell))
    return list(names) or [""]


def _said(cell: Cell) -> dict[str, str]:
    if isinstance(cell, (Ratio, Decimal, Estimate)):
        given = cell.parts()
        if isinstance(cell, Ratio):  # 7.10 and not 7.1: as the table has it
            given["percent"] = cell.percent
        return {name: "" if part is None else str(part) for name, part in given.items()}
    if cell is None:
        return {}
    if isinstance(cell, int):
        return {"": str(cell)}
    return {"": _safe(cell.id if isinstance(cell, Word) else cell)}


def _safe(text: str) -> str:
    """What subscribers texted stands in reports, and a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
