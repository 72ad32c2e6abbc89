"""What a report is as data, and the same as table rows, JSON and CSV. Colour is the terminal's."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import NamedTuple

NOTHING = "—"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Word(NamedTuple):
    """An id and how reports call it, Chinese first."""

    id: str
    chinese: str
    english: str

    def __str__(self) -> str:
        return f"{self.chinese} {self.english}"


class Ratio(NamedTuple):
    """A numerator and a denominator; a rate is never shown without them."""

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

    def __str__(self) -> str:
        return f"{self.n}/{self.of} {f'{self.percent} %' if self.of else NOTHING}"


Cell = str | int | Word | Ratio | None
"""None: the column does not apply to the row."""


class Report(NamedTuple):
    """A title, the facts that hold for all of it, columns, rows of as many cells, and notes."""

    title: Word
    facts: Mapping[str, str]
    columns: tuple[Word, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Headings and rows as text."""
    rows = [[NOTHING if cell is None else str(cell) for cell in row] for row in report.rows]
    return [str(column) for column in report.columns], rows


def to_json(report: Report) -> str:
    """One JSON object; a ratio is {"n", "of", "percent"}, its percent null when `of` is 0."""
    names = [column.id for column in report.columns]
    rows = [dict(zip(names, map(_json, row), strict=True)) for row in report.rows]
    whole = {
        "report": report.title.id,
        **report.facts,
        "rows": rows,
        "notes": report.notes,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _json(cell: Cell) -> object:
    if isinstance(cell, Ratio):
        percent = float(cell.percent) if cell.of else None
        return {"n": cell.n, "of": cell.of, "percent": percent}
    return cell.id if isinstance(cell, Word) else cell


def to_csv(report: Report) -> str:
    """RFC 4180: CRLF, a header line, quotes where needed. Notes are not in it.

    A ratio takes three columns: `x_n`, `x_of`, `x_percent`. The facts close every row, so that
    files can be joined.
    """
    ratios = {i for row in report.rows for i, cell in enumerate(row) if isinstance(cell, Ratio)}
    head: list[str] = []
    for i, column in enumerate(report.columns):
        parts = ("_n", "_of", "_percent") if i in ratios else ("",)
        head += [column.id + part for part in parts]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*head, *report.facts])
    for row in report.rows:
        cells: list[str] = []
        for i, cell in enumerate(row):
            if isinstance(cell, Ratio):
                cells += [str(cell.n), str(cell.of), cell.percent]
            else:
                cells += ["", "", ""] if i in ratios else [_csv(cell)]
        writer.writerow([*cells, *report.facts.values()])
    return out.getvalue()


def _csv(cell: str | int | Word | None) -> str:
    if cell is None:
        return ""
    text = cell.id if isinstance(cell, Word) else str(cell)
    # what subscribers texted stands in reports, and a spreadsheet would run it as a formula
    return f"'{text}" if text.startswith(_FORMULA) else text
