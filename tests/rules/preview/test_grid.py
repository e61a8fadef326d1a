"""How far back a preview reads. What it makes of it is compared with sweeps in tests/handlers/test_preview.py."""

import pytest

from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.terms import Events
from rules.conditions.tree import terms
from rules.instants import DAY, EARLIEST, Calendar
from rules.preview.grid import reach
from rules.preview.steps import Steps, Stretch

BERLIN = Calendar.of("Europe/Berlin")
FIRST = BERLIN.parse("2024-03-31")
ALL = EARLIEST - 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("silent(purchase, 30d)", {"purchase": FIRST - 30 * DAY}),
        ("count(purchase, 1mo) > 1", {"purchase": BERLIN.parse("2024-02-29")}),
        ("count(purchase) > 1 and overdue(visit) > 2", {"purchase": FIRST, "visit": FIRST}),
        (
            "silent(purchase, 3d) and sum(purchase, 2d) < 9 and days_since(purchase) > 1",
            {"purchase": FIRST - 3 * DAY},
        ),
        ("change(sum(purchase), 5d) < 0%", {"purchase": FIRST - 10 * DAY}),
        ("never(purchase) or days_since_first(purchase) > 3", {}),
        ("missing(visit, purchase, 5d)", {"visit": ALL, "purchase": ALL}),
        ("segment = vip or tenure > 3 or days_until(attr.end) < 3 or attr.plan = gold", {}),
    ],
)
def test_no_more_is_read_than_counts(condition: str, expected: dict[str, int]) -> None:
    steps = Steps(Stretch(FIRST, FIRST + 3 * DAY, DAY), BERLIN)
    assert reach(terms(parse(condition)), steps) == {Events(kind): after for kind, after in expected.items()}


def test_what_answers_itself_is_read_by_both_filters() -> None:
    steps = Steps(Stretch(FIRST, FIRST + 3 * DAY, DAY), BERLIN)
    tree = parse("missing(purchase where amount > 1, purchase where amount < 3, 5d)")
    assert "amount > 1" in to_text(tree)
    found = [events.where for events in reach(terms(tree), steps)]
    assert [to_text(where) for where in found if where is not None] == [
        "amount > 1",
        "amount < 3",
        "amount > 1 and amount < 3",
    ]
