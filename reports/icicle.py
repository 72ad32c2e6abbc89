"""An icicle chart as SVG, by hand: rectangles and words, in the page's fonts and colours."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from reports.layout import ENDED, OTHER, WENT, Icicle, Slab

_WIDTH, _HEIGHT = 720, 480
_LEAST = 0.4  # pixels: what is thinner can't be seen
_LINE = 11  # pixels that a line of words needs
_WIDE, _NARROW = 10, 6  # of a Chinese and of another character
_FILL = {WENT: "var(--c1)", ENDED: "var(--alarm)", OTHER: "var(--faint)"}


def icicle(chart: Icicle) -> str:
    """The chart as an <svg> element; each slab says its figures when it is pointed at."""
    depth = 1 + max((slab.depth for slab in chart.slabs), default=0)
    wide = _WIDTH / depth
    slabs = "".join(_slab(slab, wide) for slab in chart.slabs if _high(slab) >= _LEAST)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label={quoteattr(str(chart.title))}'
        f' font-size="10" font-family="sans-serif">{slabs}</svg>'
    )


def _high(slab: Slab) -> float:
    return (slab.end - slab.begin) * _HEIGHT


def _slab(slab: Slab, wide: float) -> str:
    left, top, high = slab.depth * wide, slab.begin * _HEIGHT, _high(slab)
    words = ""
    if high >= _LINE and slab.label:
        said = escape("".join(_fitting(slab.label, wide - 8)))
        words = f'<text x="{left + 4:.1f}" y="{top + high / 2 + 3.5:.1f}">{said}</text>'
        words = words.replace("<text ", '<text fill="currentColor" ')
    return (
        f"<g><title>{escape(slab.says)}</title>"
        f'<rect x="{left:.1f}" y="{top:.2f}" width="{wide - 1:.1f}" height="{high:.2f}" '
        f'fill="{_FILL[slab.kind]}" fill-opacity="0.25" stroke="var(--paper)" '
        f'stroke-width="0.5"/>{words}</g>'
    )


def _fitting(label: str, wide: float) -> Iterator[str]:
    """As much of a label as there is room for."""
    for character in label:
        wide -= _WIDE if unicodedata.east_asian_width(character) in "WF" else _NARROW
        if wide < 0:
            yield "…"
            return
        yield character
