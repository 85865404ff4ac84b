"""Small plots as inline SVG: no script, no font, no other host; colours come from the page around them.

All are WIDTH units wide, which a phone shows at about one pixel a unit, so that 12-unit letters can be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qa.rendering.escaping import Html, fill, join
from qa.rendering.text_width import cut

WIDTH = 340
LABEL_CHAR_WIDTH = 7.2
"""Units that a character of a bar's label takes on average, and a little more."""
VALUE_WIDTH = 44
ROW_HEIGHT = 26
MAX_LABEL_CHARS = 14
"""Characters of a label beside a bar: more would leave too little room for the bar."""

PLOT_LEFT, PLOT_TOP, PLOT_WIDTH, PLOT_HEIGHT = 40, 12, 288, 190
"""Where the field of a plot with two axes lies; below it and to its left stand the axes' numbers."""
HEIGHT = PLOT_TOP + PLOT_HEIGHT + 26

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A share (0 to 1) with its interval; NaN where there was nothing to measure."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points in the unit square. `style` is its CSS class: `good` or `bad`."""

    style: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in the unit square with the interval of its height, resting on `count` questions."""

    x: float
    y: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each of equally wide bins from 0 to `end`; `marks` are named values."""

    counts: tuple[int, ...]
    end: float
    unit: str
    marks: tuple[tuple[str, float], ...] = ()


def bars_svg(bars: Sequence[Bar], *, title: str) -> Html:
    """A bar for each share, one below the other, with its interval as a whisker and its value as a number."""
    labels = [cut(bar.label, MAX_LABEL_CHARS) for bar in bars]
    left = 10 + LABEL_CHAR_WIDTH * max(map(len, labels), default=0)
    drawn = [_bar(bar, row, label, left) for row, (bar, label) in enumerate(zip(bars, labels, strict=True))]
    return _svg(drawn, title, ROW_HEIGHT * len(bars) + 4)


def curves_svg(curves: Sequence[Curve], *, title: str, marker: float | None = None) -> Html:
    """Lines over the unit square; `marker` draws an upright line at a place on the x axis."""
    parts = [_unit_axes()]
    if marker is not None:
        parts.append(_upright(marker, "in force"))
    for curve in curves:
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in curve.points)
        line = '<polyline class="curve {style}" points="{points}"/>'
        parts.append(fill(line, style=curve.style, points=points))
    return _svg(parts, title)


def dots_svg(dots: Sequence[Dot], *, title: str) -> Html:
    """Points with whiskers over the unit square, and the diagonal; a larger point rests on more questions."""
    most = max((dot.count for dot in dots), default=1)
    diagonal = _line(_x(0), _y(0), _x(1), _y(1), "marker")
    return _svg([_unit_axes(), diagonal, *(_dot(dot, most) for dot in dots)], title)


def histogram_svg(histogram: Histogram, *, title: str) -> Html:
    """A column for each bin, the axis' ends in the histogram's unit, and an upright line for each mark."""
    most = max(histogram.counts, default=0) or 1
    width = PLOT_WIDTH / max(len(histogram.counts), 1)
    parts = [
        fill(
            '<rect class="bar" x="{x}" y="{y}" width="{width}" height="{height}"/>',
            x=f"{PLOT_LEFT + width * place + 0.5:.1f}",
            y=f"{_y(count / most):.1f}",
            width=f"{width - 1:.1f}",
            height=f"{PLOT_HEIGHT * count / most:.1f}",
        )
        for place, count in enumerate(histogram.counts)
    ]
    parts.append(_line(_x(0), _y(0), _x(1), _y(0), "axis"))
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        parts.append(_text(_x(share), _y(0) + 18, f"{histogram.end * share:.2f} {histogram.unit}", anchor))
    parts.append(_text(PLOT_LEFT - 6, _y(1) + 4, str(most), "end"))
    for row, (label, value) in enumerate(histogram.marks):
        parts.append(_upright(value / histogram.end if histogram.end else 0.0, label, row=row))
    return _svg(parts, title)


def _bar(bar: Bar, row: int, label: str, left: float) -> Html:
    middle = ROW_HEIGHT * row + ROW_HEIGHT / 2 + 2
    field = WIDTH - left - VALUE_WIDTH
    parts = [_text(left - 8, middle + 4, label, "end")]
    if math.isnan(bar.value):
        return join([*parts, _text(WIDTH, middle + 4, "–", "end")])
    low, high = left + field * bar.low, left + field * bar.high
    for style, width in (("track", field), ("bar", field * bar.value)):
        parts.append(
            fill(
                '<rect class="{style}" x="{x}" y="{y}" width="{width}" height="14" rx="2"/>',
                style=style,
                x=f"{left:.1f}",
                y=middle - 7,
                width=f"{width:.1f}",
            )
        )
    parts.append(_line(low, middle, high, middle, "whisker"))
    parts += [_line(end, middle - 4, end, middle + 4, "whisker") for end in (low, high)]
    return join([*parts, _text(WIDTH, middle + 4, f"{bar.value:.2f}", "end")])


def _dot(dot: Dot, most: int) -> Html:
    circle = fill(
        '<circle class="dot" cx="{x}" cy="{y}" r="{radius}"><title>{title}</title></circle>',
        x=f"{_x(dot.x):.1f}",
        y=f"{_y(dot.y):.1f}",
        radius=f"{3 + 5 * math.sqrt(dot.count / most):.1f}",
        title=f"{dot.count} questions",
    )
    return join([_line(_x(dot.x), _y(dot.low), _x(dot.x), _y(dot.high), "whisker"), circle])


def _unit_axes() -> Html:
    parts = []
    for tick in TICKS:
        parts.append(_line(_x(0), _y(tick), _x(1), _y(tick), "grid" if tick else "axis"))
        parts.append(_text(PLOT_LEFT - 6, _y(tick) + 4, f"{tick:g}", "end"))
        parts.append(_text(_x(tick), _y(0) + 18, f"{tick:g}", "middle"))
    return join(parts)


def _upright(x: float, label: str, *, row: int = 0) -> Html:
    place = _x(min(max(x, 0.0), 1.0))
    is_left = place < PLOT_LEFT + PLOT_WIDTH * 0.6  # the label stands on the side that has room
    side, anchor = (4, "start") if is_left else (-4, "end")
    line = _line(place, _y(0), place, _y(1), "marker")
    return join([line, _text(place + side, _y(1) + 8 + 15 * row, label, anchor)])


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> Html:
    x1, y1, x2, y2 = (round(value, 1) for value in (x1, y1, x2, y2))
    return fill(
        '<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>',
        style=style, x1=x1, y1=y1, x2=x2, y2=y2,
    )  # fmt: skip


def _text(x: float, y: float, text: str, anchor: str) -> Html:
    return fill(
        '<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>',
        x=round(x, 1), y=round(y, 1), anchor=anchor, text=text,
    )  # fmt: skip


def _svg(content: Sequence[Html], title: str, height: float = HEIGHT) -> Html:
    return fill(
        '<svg viewBox="0 0 {width} {height}" role="img"><title>{title}</title>{content}</svg>',
        width=WIDTH,
        height=height,
        title=title,
        content=content,
    )


def _x(share: float) -> float:
    return PLOT_LEFT + PLOT_WIDTH * share


def _y(share: float) -> float:
    return PLOT_TOP + PLOT_HEIGHT * (1 - share)
