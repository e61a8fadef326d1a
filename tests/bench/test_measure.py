"""A figure is shown beside the other side and the goal, and says whether the goal is met."""

import pytest

from bench.measure import Figure, Goal, Measure, Shown, Unit, median_seconds, percentile, timed


def measure(ours: float, other: float | None = 2.0, unit: Unit = Unit.SECONDS, **more: object) -> Measure:
    side = None if other is None else Figure(other, unit, "by hand")
    return Measure("row", "what", Figure(ours, unit), side, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "ratio", "goal", "met"),
    [
        (measure(0.006, goal=Goal(0.003), shown=Shown.PERCENT), "0.3%", "≤ 0.3%", True),
        (measure(0.008, goal=Goal(0.003), shown=Shown.PERCENT), "0.4%", "≤ 0.3%", False),
        (measure(5.0, goal=Goal(2)), "2.5x", "≤ 2x", False),
        (measure(0.1, goal=Goal(20, at_least=True), faster=True), "20x", "≥ 20x", True),
        (measure(0.2, goal=Goal(20, at_least=True), faster=True), "10x", "≥ 20x", False),
        (measure(0.0015, goal=Goal(0.002, of_value=True)), "0.00075x", "≤ 2 ms", True),
        (measure(70, 31, Unit.BYTES, goal=Goal(65, of_value=True)), "2.26x", "≤ 65.0 B", False),
        (measure(1.5), "0.75x", "", None),
        (measure(1.5, None, goal=Goal(2)), "", "≤ 2x", None),
        (measure(2.4, 2.0, shown=Shown.PERCENT), "120%", "", None),
    ],
)
def test_ratio_and_goal(one: Measure, ratio: str, goal: str, met: bool | None) -> None:
    cells = one.cells()
    assert cells[3:] == (ratio, goal)
    assert one.met is met
    assert one.as_json()["met"] is met


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (Figure(0.0000123, Unit.SECONDS), "12.3 µs"),
        (Figure(0.0123, Unit.SECONDS, "SQL"), "12.3 ms SQL"),
        (Figure(12.34, Unit.SECONDS), "12.3 s"),
        (Figure(24_321.4, Unit.EACH_SECOND), "24,321/s"),
        (Figure(61.26, Unit.BYTES), "61.3 B"),
        (Figure(12_345, Unit.STEPS), "12,345 steps"),
    ],
)
def test_figures_are_written_with_their_units(figure: Figure, shown: str) -> None:
    assert str(figure) == shown


def test_json_has_plain_numbers() -> None:
    assert measure(1.0, goal=Goal(2)).as_json() == {
        "row": "row",
        "what": "what",
        "ours": 1.0,
        "other": 2.0,
        "unit": "s",
        "other_side": "by hand",
        "ratio": 0.5,
        "goal": "≤ 2x",
        "met": True,
    }


def test_measuring_calls_as_often_as_it_says_and_gives_what_they_gave() -> None:
    calls: list[int] = []
    assert median_seconds(lambda: calls.append(1), 3) >= 0
    assert len(calls) == 3
    found, taken = timed(lambda: "answer")
    assert found == "answer"
    assert taken >= 0


def test_percentiles() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert percentile(values, 95) == 96
    assert percentile(values, 100) == 100
    assert percentile([1.0], 50) == 1
