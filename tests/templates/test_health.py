"""Health in words: each part told with its value and points, and Slack takes the page whatever was found."""

from dataclasses import replace

import pytest

from playground.block_kit import check_blocks
from rules.alerts.evidence import Evidence
from rules.instants import DAY
from rules.lifecycle.health import DIMENSIONS, Health, Measured, Part
from rules.lifecycle.health_text import MOST_PARTS, scale_of
from rules.lifecycle.presets import presets
from templates.health import health_lines, health_page
from templates.views import HealthDimensionView, HealthPage, HealthPartView, HealthView
from tests.templates.given import VOICE

D = 20_000 * DAY
VIEW = HealthView(
    score=55,
    as_of=D,
    since=D - 3 * DAY,
    dimensions=(
        HealthDimensionView(
            "engagement",
            90,
            35,
            (
                HealthPartView(Evidence("days_since(purchase)", "10"), "0:100 100:0", 90, 2),
                HealthPartView(Evidence("overdue(purchase)", None), "1:100 4:0", None, 1),
            ),
        ),
        HealthDimensionView("lifetime_value", None, 20, ()),
    ),
    before=61,
    moved="lifetime_value",
    moved_by=-30,
    exact=True,
)


def test_a_score_is_told_with_its_parts() -> None:
    assert health_lines(VIEW, VOICE) == [
        "*Health 55* of 100, as of Oct 4, 2024, 61 until Oct 1, 2024; most of the change is Lifetime value (−30)",
        "*Engagement* 90 (weight 35): Last purchase 10 days ago → 90 (weight 2), Waiting for purchase unknown",
        "*Lifetime value* unknown, so it does not count (weight 20)",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"before": None, "moved": None, "moved_by": None}, "the same since Oct 1, 2024"),
        ({"moved": "weights", "moved_by": 0}, "61 until Oct 1, 2024, when the weights were changed"),
        ({"exact": False}, "came in late"),
    ],
)
def test_what_changed_it_is_told(changes: dict[str, object], said: str) -> None:
    lines = health_lines(replace(VIEW, **changes), VOICE)  # type: ignore[arg-type]
    assert said in "\n".join(lines)


def shipped() -> Health:
    found = presets()["retail"].lifecycle.health
    assert found is not None
    return found


def most() -> Health:
    term = f"count(purchase where channel = {'x' * 1_900}, 3d)"
    points = " ".join(f"{at}:{at}" for at in range(12))
    part = Part(term, scale_of(points, percent=False), 99)
    return Health(tuple(Measured(one, 100, (part,) * MOST_PARTS) for one in DIMENSIONS))


@pytest.mark.parametrize("health", [shipped(), most()], ids=["shipped", "most"])
@pytest.mark.parametrize("at", [None, D])
def test_the_page_is_taken_by_slack(health: Health, at: int | None) -> None:
    spread = (1, 0, 2, 30, 4) if at else (0,) * 5
    page = HealthPage("retail", health, True, at is not None, at, 40 if at else 0, sum(spread), spread)
    answer = health_page(page, VOICE)
    assert check_blocks(answer.blocks) == []
    drawn = [block for block in answer.blocks if block["type"] == "data_visualization"]
    assert bool(drawn) is bool(answer.elsewhere) is (at is not None)
    said = str(answer.blocks)
    assert ("Worked out on Oct 4, 2024: 37 of 40 customers have a score." in said) is (at is not None)
    assert ("No score is known yet" in said) is (at is None)
