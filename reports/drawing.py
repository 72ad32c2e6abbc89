"""Charts as SVG by matplotlib: text stays text, fonts and colours are the page's.

Needs the extra `analysis`. The same chart always gives the same bytes.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from reports.layout import BAR, CONTROL, LINE, PARETO, Chart

_INK, _FAINT, _ALARM = "#010101", "#020202", "#030303"
_COLOURS = ("#0a0101", "#0a0202", "#0a0303", "#0a0404")
_VARIABLES = {
    _INK: "currentColor",
    _FAINT: "var(--faint)",
    _ALARM: "var(--alarm)",
    **{colour: f"var(--c{n})" for n, colour in enumerate(_COLOURS, 1)},
}
"""What stands for a colour in matplotlib, and the page's own that takes its place."""

_SIZE = 10  # points; the figure is drawn at 72 to the inch, so a point is a pixel
_WIDTH = 720
_MOST_TICKS = 12
_SLANT = 30  # degrees


def to_svg(chart: Chart, salt: str) -> str:
    """The chart as an <svg> element; `salt` keeps the ids of one page's charts apart."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.size": _SIZE,
        "text.color": _INK,
        "axes.edgecolor": _FAINT,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.unicode_minus": False,
        "text.parse_math": False,  # a keyword may hold $
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the Chinese fonts
        figure = Figure(figsize=(_WIDTH / 72, _height(chart) / 72), dpi=72)
        FigureCanvasSVG(figure)
        _DRAW[chart.kind](figure, chart)
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    return _inline(out.getvalue(), str(chart.title))


def _inline(text: str, title: str) -> str:
    """The picture without what only a file of its own needs, in the page's fonts and colours."""
    from xml.sax.saxutils import quoteattr

    svg = text[text.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(font(?:-family)?: [^;\"]*?)'[^;\"]*", r"\1sans-serif", svg)
    for ours, page in _VARIABLES.items():
        svg = svg.replace(ours, page)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None
    head = f'<svg {box[0]} role="img" aria-label={quoteattr(title)}'
    return head + svg[svg.index(">") :]


def _height(chart: Chart) -> int:
    if chart.kind == BAR:
        return 60 + 22 * len(chart.labels) * len(chart.series)
    return 230 + _slanting(chart) if chart.kind == PARETO else 300


def _slanting(chart: Chart) -> int:
    """Pixels below the axis that slanting labels need."""
    return 30 + int(max(map(_wide, chart.labels), default=0) * math.sin(math.radians(_SLANT)))


def _axes(figure: Any, chart: Chart, left: int, *, right: int = 16, bottom: int = 30) -> Any:
    """Axes with margins in pixels: what is measured here is not the browser's font."""
    high = _height(chart)
    top = 24
    axes = figure.add_axes(
        (left / _WIDTH, bottom / high, 1 - (left + right) / _WIDTH, 1 - (top + bottom) / high)
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(chart.unit, loc="left", fontsize=_SIZE)
    return axes


def _wide(text: str) -> int:
    """Pixels that a text takes at most: Chinese is an em wide."""
    return sum(10 if unicodedata.east_asian_width(c) in "WF" else 6 for c in text)


def _ticks(axes: Any, labels: Sequence[str]) -> None:
    each = -(-len(labels) // _MOST_TICKS)
    at = range(0, len(labels), each)
    axes.set_xticks(list(at), [labels[i] for i in at])
    axes.set_xlim(-0.6, len(labels) - 0.4)


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _legend(axes: Any, columns: int) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, frameon=False, borderpad=0)


def _line(figure: Any, chart: Chart) -> None:
    axes = _axes(figure, chart, 50)
    at = range(len(chart.labels))
    for series, colour in zip(chart.series, _COLOURS, strict=False):
        if series.low:
            low, high = _numbers(series.low), _numbers(series.high)
            axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        values = _numbers(series.values)
        axes.plot(at, values, color=colour, marker="o", markersize=3, label=str(series.name))
    axes.set_ylim(bottom=0)
    _ticks(axes, chart.labels)
    if len(chart.series) > 1:
        _legend(axes, len(chart.series))


def _bar(figure: Any, chart: Chart) -> None:
    axes = _axes(figure, chart, 16 + min(300, max(map(_wide, chart.labels), default=0)))
    count = len(chart.series)
    for n, (series, colour) in enumerate(zip(chart.series, _COLOURS, strict=False)):
        at = [i + (n + 0.5) / count * 0.8 - 0.4 for i in range(len(chart.labels))]
        values = _numbers(series.values)
        axes.barh(at, values, height=0.8 / count, color=colour, label=str(series.name))
        if series.low:
            low, high = _numbers(series.low), _numbers(series.high)
            axes.hlines(at, low, high, color=_INK, linewidth=1)
    axes.set_yticks(range(len(chart.labels)), chart.labels)
    axes.invert_yaxis()
    if all(value is None or value >= 0 for series in chart.series for value in series.values):
        axes.set_xlim(left=0)
    if len(chart.series) > 1:
        _legend(axes, len(chart.series))


def _pareto(figure: Any, chart: Chart) -> None:
    # the first labels reach to the left of the axis
    left = max((_wide(label) - 30 * n for n, label in enumerate(chart.labels)), default=0)
    axes = _axes(figure, chart, max(50, left), right=50, bottom=_slanting(chart))
    at = range(len(chart.labels))
    values = [value or 0.0 for value in chart.series[0].values]
    axes.bar(at, values, color=_COLOURS[0])
    axes.set_xticks(list(at), chart.labels, rotation=_SLANT, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(chart.labels) - 0.4)
    whole = sum(values)
    share, shares = 0.0, []
    for value in values:
        share += value
        shares.append(100 * share / whole if whole else 0.0)
    other = axes.twinx()
    other.plot(at, shares, color=_COLOURS[1], marker="o", markersize=3)
    other.set_ylim(0, 105)
    other.spines["top"].set_visible(False)
    other.set_title("%", loc="right", fontsize=_SIZE)


def _control(figure: Any, chart: Chart) -> None:
    axes = _axes(figure, chart, 50)
    at = list(range(len(chart.labels)))
    (series,) = chart.series
    for limit in (series.low, series.high):
        axes.step(at, _numbers(limit), where="mid", color=_ALARM, linewidth=1, linestyle="--")
    if chart.centre is not None:
        axes.axhline(chart.centre, color=_FAINT, linewidth=1)
    values = _numbers(series.values)
    axes.plot(at, values, color=_COLOURS[0], marker="o", markersize=3)
    for why, shape in zip(dict.fromkeys(mark.why for mark in chart.marks), "ovs", strict=False):
        found = [mark.at for mark in chart.marks if mark.why == why]
        points = [values[i] for i in found]
        look = {"color": _ALARM, "markersize": 7, "fillstyle": "none", "label": str(why)}
        axes.plot(found, points, shape, **look)
    axes.set_ylim(bottom=0)
    _ticks(axes, chart.labels)
    if chart.marks:
        _legend(axes, len(chart.marks))


_DRAW: dict[str, Callable[[Any, Chart], None]] = {
    LINE: _line,
    BAR: _bar,
    PARETO: _pareto,
    CONTROL: _control,
}
