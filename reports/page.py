"""A report as one self-contained HTML page: phone, print and dark mode, no outside resource.

Everything is escaped: what subscribers texted stands in reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reports.drawing import to_svg
from reports.icicle import icicle
from reports.layout import Cell, Chart, Icicle, Report, Word, opens, table

FACTS = {
    "traffic": Word("traffic", "话务", "traffic"),
    "from": Word("from", "起", "from"),
    "to": Word("to", "止", "to"),
    "days": Word("days", "有数据的日期", "days with data"),
    "as_of": Word("as_of", "统计时间", "as of"),
    "causes": Word("causes", "归因表版本", "version of the causes"),
    "rate": Word("rate", "指标", "rate"),
    "target": Word("target", "目标", "target"),
    "baseline": Word("baseline", "基准", "baseline"),
    "centre": Word("centre", "中心线", "centre"),
    "sigma_z": Word("sigma_z", "日间离散 σz", "spread of points, σz"),
    "a": Word("a", "A", ""),
    "b": Word("b", "B", ""),
    "version": Word("version", "菜单版本", "menus version"),
    "channel": Word("channel", "渠道", "channel"),
    "called": Word("called", "被叫号码", "number called"),
    "brand": Word("brand", "品牌", "brand"),
    "node": Word("node", "节点", "node"),
    "service": Word("service", "业务", "service"),
    "leaf": Word("leaf", "末端", "leaf"),
    "kind": Word("kind", "类型", "kind"),
    "keyword": Word("keyword", "指令", "keyword"),
    "half_life": Word("half_life", "半衰期（天）", "half-life (days)"),
    "least": Word("least", "至少成功次数", "done at least"),
    "contact_rate": Word("contact_rate", "节点接触率", "node contact rate"),
    "depth": Word("depth", "层数", "depth"),
}
"""How the facts of all reports are called; one that is not here stands under its own name."""

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
th [lang]{display:block}td{font-variant-numeric:tabular-nums}
td{white-space:nowrap}td.n{text-align:right}td.t{white-space:normal;min-width:16rem}
figure{margin:1rem 0;overflow-x:auto}
figure svg{width:100%;height:auto;min-width:34rem;max-width:45rem}
details{font-size:.85rem;white-space:normal}summary{cursor:pointer;white-space:nowrap}
code{overflow-wrap:anywhere}
.notes{font-size:.9rem;padding-left:1.2rem}
@media print{body{max-width:none;padding:0;font-size:11px}details{display:none}
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
        _table(report, samples),
        _notes(report),
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


def _table(report: Report, samples: Sequence[Report | None]) -> str:
    if not report.rows:
        return ""
    head = "".join(f"<th scope=col>{_word(column)}</th>" for column in report.columns)
    _, texts = table(report)
    kinds = [_kind(column) for column in zip(*report.rows, strict=True)]
    body = []
    for n, (cells, said) in enumerate(zip(report.rows, texts, strict=True)):
        row = "".join(map(_cell, cells, said, kinds))
        body.append(f"<tr>{row}{_behind(report, samples, n)}</tr>")
    if any(report.behind):
        head += f"<th scope=col>{_word(Word('behind', '申请', 'requests'))}</th>"
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


def _cell(cell: Cell, said: str, kind: str) -> str:
    return f"<td{kind}>{_word(cell) if isinstance(cell, Word) else escape(said)}</td>"


def _behind(report: Report, samples: Sequence[Report | None], n: int) -> str:
    """The cell that opens a row: the command for all of its requests, and some of them."""
    if not any(report.behind):
        return ""
    found = report.behind[n]
    if not found:
        return "<td></td>"
    sample = samples[n] if n < len(samples) else None
    shown = _table(sample, ()) + _notes(sample) if sample else ""
    summary = _word(Word("", "打开", "open"))
    return (
        f"<td><details><summary>{summary}</summary>"
        f"<code>{escape(opens(found))}</code>{shown}</details></td>"
    )
