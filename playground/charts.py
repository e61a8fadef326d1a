"""Native charts (``data_visualization``) as figures: where bars, points, slices and labels stand.

Plain geometry, drawn by the template as SVG. It must not know HTML.
"""

import math
from dataclasses import dataclass
from typing import Final

from playground.workspace import JSON

WIDTH: Final = 520
HEIGHT: Final = 220
LEFT: Final = 52
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 34


@dataclass(frozen=True, slots=True)
class Mark:
    """One shape: a path with the number of its series, and what it says when pointed at."""

    path: str
    series: int
    title: str
    filled: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to draw."""

    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]
    rules: tuple[float, ...]
    legend: tuple[str, ...]
    summary: str


def chart_of(block: JSON) -> Chart:
    """Lay out the chart of a ``data_visualization`` block that was accepted."""
    chart = block["chart"]
    return _pie(chart) if chart["type"] == "pie" else _axes(chart)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _pie(chart: JSON) -> Chart:
    total = sum(segment["value"] for segment in chart["segments"])
    radius, cx, cy = 92.0, 110.0, HEIGHT / 2
    marks, at = [], 0.0
    for index, segment in enumerate(chart["segments"]):
        share = min(segment["value"] / total, 0.999_9)
        start, at = at, at + share
        points = [
            (cx + radius * math.sin(2 * math.pi * turn), cy - radius * math.cos(2 * math.pi * turn))
            for turn in (start, at)
        ]
        (x0, y0), (x1, y1) = points
        path = f"M{cx:.1f} {cy:.1f}L{x0:.1f} {y0:.1f}A{radius} {radius} 0 {int(share > 0.5)} 1 {x1:.1f} {y1:.1f}Z"
        marks.append(
            Mark(path, index, f"{segment['label']}: {_number(segment['value'])} ({share:.0%})", filled=True)
        )
    legend = tuple(f"{s['label']} · {_number(s['value'])}" for s in chart["segments"])
    return Chart(tuple(marks), (), (), legend, "; ".join(mark.title for mark in marks))


def _axes(chart: JSON) -> Chart:
    categories = chart["axis_config"]["categories"]
    values = [point["value"] for series in chart["series"] for point in series["data"]]
    low, high, step = _scale(min(0, *values), max(0, *values))
    height = HEIGHT - TOP - BOTTOM
    slot = (WIDTH - LEFT - RIGHT) / len(categories)

    def y(value: float) -> float:
        return TOP + height * (high - value) / (high - low)

    marks: list[Mark] = []
    for index, series in enumerate(chart["series"]):
        said = [f"{series['name']}, {point['label']}: {_number(point['value'])}" for point in series["data"]]
        heights = [y(point["value"]) for point in series["data"]]
        if chart["type"] == "bar":
            width = slot * 0.7 / len(chart["series"])
            for place, (top, text) in enumerate(zip(heights, said, strict=True)):
                x = LEFT + slot * place + slot * 0.15 + width * index
                marks.append(
                    Mark(f"M{x:.1f} {y(0):.1f}V{top:.1f}h{width:.1f}V{y(0):.1f}Z", index, text, filled=True)
                )
            continue
        points = [f"{LEFT + slot * (place + 0.5):.1f} {top:.1f}" for place, top in enumerate(heights)]
        line = "M" + "L".join(points)
        if chart["type"] == "area":
            ends = (LEFT + slot * 0.5, LEFT + slot * (len(points) - 0.5))
            closed = f"{line}L{ends[1]:.1f} {y(0):.1f}L{ends[0]:.1f} {y(0):.1f}Z"
            marks.append(Mark(closed, index, "; ".join(said), filled=True))
        marks.append(Mark(line, index, "; ".join(said), filled=False))
    ticks = [low + step * n for n in range(round((high - low) / step) + 1)]
    labels = [Label(LEFT - 8, y(tick) + 4, _number(tick), "end") for tick in ticks]
    every = max(1, math.ceil(len(categories) / 10))
    labels += [
        Label(LEFT + slot * (place + 0.5), HEIGHT - BOTTOM + 18, category, "middle")
        for place, category in enumerate(categories)
        if place % every == 0
    ]
    legend = tuple(series["name"] for series in chart["series"])
    summary = "; ".join(dict.fromkeys(mark.title for mark in marks))
    return Chart(tuple(marks), tuple(labels), tuple(y(tick) for tick in ticks), legend, summary)


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Give round ends and steps that hold ``low`` to ``high``."""
    span = (high - low) or 1.0
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough)
    return math.floor(low / step) * step, math.ceil((high or span) / step) * step, step
