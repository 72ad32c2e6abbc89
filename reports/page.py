"""A report as one self-contained HTML page: phone, print and dark mode, no outside resource.

Everything is escaped: what subscribers texted stands in reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reports.basis import FACTS
from reports.drawing import to_svg
from reports.icicle import icicle
from reports.layout import Cell, Chart, Icicle, Ratio, Report, Word, opens, table

_LONG = 30
"""Characters from which a text is set in several lines."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--faint:#8a8a8a;--line:#ddd;
--alarm:#c22;--c1:#2563a8;--c2:#d97706;--c3:#15803d;--c4:#7c3aed}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#161616;--faint:#8f8f8f;
--line:#3a3a3a;--alarm:#ff6b6b;--c1:#7ab6f5;--c2:#fbbf60;--c3:#6ee79a;--c4:#c4a5ff}}
body{color:var(--ink);background:var(--paper);margin:0 auto;padding:1rem;max-width:72rem;
font:16px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.4rem;margin:0 0 .5rem}h2{font-size:1rem;margin:1.5rem 0 .25rem}
h1 [lang=en],th [lang=en],dt [lang=en]{font-weight:normal;color:var(--faint)}
dl{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:0}dl div{display:flex;gap:.4rem}
dt{color:var(--faint)}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;margin:.5rem 0}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
th{min-width:5rem}th [lang]{display:block}td{font-variant-numeric:tabular-nums}
td{white-space:nowrap}td.n{text-align:right}td.t{white-space:normal;min-width:16rem}
figure{margin:1rem 0;overflow-x:auto}
figure svg{width:100%;height:auto;min-width:34rem;max-width:45rem}
details{font-size:.85rem;margin:.2rem 0}summary{cursor:pointer}a{color:inherit}
code{overflow-wrap:anywhere}
.notes{font-size:.9rem;padding-left:1.2rem}
@media print{body{max-width:none;padding:0;font-size:11px}.behind{display:none}
tr,figure{break-inside:avoid}thead{display:table-header-group}}
"""


def to_html(report: Report, samples: Sequence[Report | None] = ()) -> str:
    """The page. `samples` has for each row the report of some of the requests behind it.

    Needs the extra `analysis` when the report has charts.
    """
    title = report.title
    charts = [
        f"<figure><figcaption><h2>{_word(chart.title)}</h2></figcaption>{_drawn(chart, n)}</figure>"
        for n, chart in enumerate(report.charts, 1)
    ]
    whole = [
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(str(title))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{_word(title)}</h1>",
        _facts(report),
        *charts,
        _table(report),
        _notes(report),
        _requests(report, samples),
        "</body>\n</html>\n",
    ]
    return "\n".join(part for part in whole if part)


def _drawn(chart: Chart | Icicle, n: int) -> str:
    return icicle(chart) if isinstance(chart, Icicle) else to_svg(chart, f"hotline-{n}")


def _word(word: Word) -> str:
    chinese, english = escape(word.chinese), escape(word.english)
    second = f' <span lang="en">{english}</span>' if english else ""
    return f'<span lang="zh-CN">{chinese}</span>{second}'


def _facts(report: Report) -> str:
    parts = []
    for name, value in report.facts.items():
        if value:
            word = FACTS.get(name, Word(name, name, ""))
            parts.append(f"<div><dt>{_word(word)}</dt><dd>{escape(value)}</dd></div>")
    return f"<dl>{''.join(parts)}</dl>"


def _notes(report: Report) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return f'<ul class="notes">{notes}</ul>' if notes else ""


def _table(report: Report) -> str:
    """The table; the first cell of a row leads to the requests behind it."""
    if not report.rows:
        return ""
    head = "".join(f"<th scope=col>{_word(column)}</th>" for column in report.columns)
    _, texts = table(report)
    kinds = [_kind(column) for column in zip(*report.rows, strict=True)]
    body = []
    for n, (cells, said) in enumerate(zip(report.rows, texts, strict=True)):
        first, *rest = map(_shown, cells, said)
        if n < len(report.behind) and report.behind[n]:
            first = f'<a href="#r{n}">{first}</a>'
        row = "".join(
            f"<td{kind}>{cell}</td>" for cell, kind in zip((first, *rest), kinds, strict=True)
        )
        body.append(f"<tr>{row}</tr>")
    rows = "\n".join(body)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _kind(column: Sequence[Cell]) -> str:
    """How a column is set: numbers (n) to the right, long texts (t) in several lines."""
    texts = [cell for cell in column if isinstance(cell, (str, Word))]
    if any(isinstance(cell, str) and len(cell) > _LONG for cell in texts):
        return ' class="t"'
    return "" if texts or not any(cell is not None for cell in column) else ' class="n"'


def _shown(cell: Cell, said: str) -> str:
    return _word(cell) if isinstance(cell, Word) else escape(said)


def _requests(report: Report, samples: Sequence[Report | None]) -> str:
    """What opens each row: the command for all of its requests, and some of them."""
    if not any(report.behind):
        return ""
    _, texts = table(report)
    parts = []
    for n, found in enumerate(report.behind):
        if found:
            sample = samples[n] if n < len(samples) else None
            listed = _table(sample) + _notes(sample) if sample else ""
            parts.append(
                f"<details><summary>{escape(_label(report.rows[n], texts[n]))}</summary>"
                f'<div id="r{n}"><code>{escape(opens(found))}</code>{listed}</div></details>'
            )
    title = _word(Word("behind", "数字背后的申请", "the requests behind the figures"))
    return f'<section class="behind"><h2>{title}</h2>{"".join(parts)}</section>'


def _label(cells: Sequence[Cell], texts: Sequence[str]) -> str:
    """What a row is called: its cells up to its first figure."""
    said = []
    for cell, text in zip(cells, texts, strict=True):
        if cell is not None:
            said.append(text)
        if isinstance(cell, (Ratio, int)):
            break
    return " · ".join(said)
