import re
from typing import Any

import pytest

from playground.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of

JSON = dict[str, Any]


def block(kind: str, *series: list[float]) -> JSON:
    names = ["Jan", "Feb", "Mar"]
    drawn = [
        {"name": f"S{n}", "data": [{"label": a, "value": b} for a, b in zip(names, values, strict=True)]}
        for n, values in enumerate(series)
    ]
    return {"chart": {"type": kind, "series": drawn, "axis_config": {"categories": names}}}


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
@pytest.mark.parametrize(
    "values", [[1, 2, 3], [0, 0, 0], [-5, 0, 12.5], [1e9, 1, 3], [-3, -2, -1], [0.001, 0.002, 0]]
)
def test_everything_lies_within_the_figure(kind: str, values: list[float]) -> None:
    chart = chart_of(block(kind, values, values[::-1]))
    for mark in chart.marks:
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", mark.path):
            assert LEFT <= float(x) <= WIDTH - RIGHT
            assert TOP - 0.1 <= float(y) <= HEIGHT - BOTTOM + 0.1
    assert chart.legend == ("S0", "S1")
    assert len(chart.rules) >= 2


def test_bars_say_what_they_stand_for() -> None:
    chart = chart_of(block("bar", [1, 2, 3]))
    assert [mark.title for mark in chart.marks] == ["S0, Jan: 1", "S0, Feb: 2", "S0, Mar: 3"]
    assert [label.text for label in chart.labels if label.anchor == "middle"] == ["Jan", "Feb", "Mar"]
    assert [label.text for label in chart.labels if label.anchor == "end"] == ["0", "1", "2", "3"]


def test_a_pie_shares_the_whole() -> None:
    segments = [{"label": "a", "value": 3}, {"label": "b", "value": 1}]
    chart = chart_of({"chart": {"type": "pie", "segments": segments}})
    assert [mark.title for mark in chart.marks] == ["a: 3 (75%)", "b: 1 (25%)"]
    alone = chart_of({"chart": {"type": "pie", "segments": segments[:1]}})
    assert "A92.0" in alone.marks[0].path
