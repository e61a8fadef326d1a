"""The same figures as a table, as Markdown and as JSON."""

import io
import json

from rich.console import Console

from bench import report
from bench.measure import Figure, Goal, Measure, Unit

FOUND = [
    (
        "sqlite",
        Measure("row", "a | b", Figure(1, Unit.SECONDS), Figure(2, Unit.SECONDS, "in full"), goal=Goal(0.4)),
    ),
    ("postgresql", Measure("row", "b", Figure(3, Unit.BYTES))),
]


def test_a_table_shows_every_figure() -> None:
    out = io.StringIO()
    report.as_table(FOUND, title="Sizes", machine="2 cores", console=Console(file=out, width=150))
    shown = out.getvalue()
    for part in ("Sizes", "2 cores", "in full", "0.5x", "≤ 0.4x", "no", "3.0 B", "postgresql"):
        assert part in shown


def test_markdown_is_a_table_whose_bars_stay_apart() -> None:
    lines = report.as_markdown(FOUND, title="Sizes", machine="2 cores").splitlines()
    assert lines[0] == "Sizes. 2 cores."
    assert lines[2].startswith("| database | what |")
    assert lines[4] == "| sqlite | a \\| b | 1 s | 2 s in full | 0.5x | ≤ 0.4x | no |"
    assert lines[5] == "| postgresql | b | 3.0 B |  |  |  |  |"


def test_json_holds_sizes_and_machine() -> None:
    said = json.loads(report.as_json(FOUND, sizes={"customers": 5}, machine="2 cores"))
    assert said["machine"] == "2 cores"
    assert said["sizes"] == {"customers": 5}
    assert [one["database"] for one in said["measures"]] == ["sqlite", "postgresql"]
    assert said["measures"][0]["met"] is False
