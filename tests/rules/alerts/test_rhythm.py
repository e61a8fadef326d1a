"""The rhythm of a source: learned of its habit, and what is noticed when it stops and comes back."""

from dataclasses import replace

import pytest

from rules.alerts.rhythm import LONGEST, SETTLE, SHORTEST, Flow, Source, Turn, learned, turn
from rules.instants import DAY, HOUR, MINUTE

D = 20_000 * DAY


def hours(*gaps: int, start: int = D) -> list[tuple[int, int]]:
    """Hours in which something arrived, each once, at its beginning; ``gaps`` in hours."""
    found, at = [(start, start)], start
    for gap in gaps:
        at += gap * HOUR
        found.append((at, at))
    return found


def test_a_file_that_was_imported_once_has_no_habit() -> None:
    assert learned(hours(), None) is None
    assert learned(hours(1, 1, 1, 24, 24), None) is None


def test_three_times_the_longest_usual_gap() -> None:
    assert learned(hours(*[24] * 6), None) == 3 * DAY
    assert learned(hours(*[24] * 4, 72, 24, 24), None) == 9 * DAY


def test_at_least_an_hour_and_never_for_ever() -> None:
    assert learned(hours(*[1] * 24 * 7), None) == max(SHORTEST, 3 * HOUR)
    assert learned(hours(*[40 * 24] * 7), None) == LONGEST


def test_a_stop_is_no_habit() -> None:
    daily = hours(*[24] * 8)
    assert learned([*daily, *hours(*[24] * 3, start=D + 30 * DAY)], 3 * DAY) == 3 * DAY


def test_what_became_too_little_to_learn_from_stays_as_it_was() -> None:
    assert learned(hours(24), 5 * HOUR) == 5 * HOUR


SHOP = Source("shop", learned=6 * HOUR, last_at=D)


@pytest.mark.parametrize(
    ("source", "after", "expected"),
    [
        (SHOP, 6 * HOUR, None),
        (SHOP, 6 * HOUR + 1, Turn.STOPS),
        (replace(SHOP, said=DAY), 7 * HOUR, None),
        (replace(SHOP, said=0), 900 * DAY, None),
        (Source("file", last_at=D), 900 * DAY, None),
        (replace(SHOP, stale_since=D + 7 * HOUR), 8 * HOUR, None),
        (replace(SHOP, stale_since=D - HOUR), MINUTE, Turn.RETURNS),
        (replace(SHOP, stale_since=D - HOUR, back_at=D), SETTLE - 1, None),
        (replace(SHOP, stale_since=D - HOUR, back_at=D), SETTLE, Turn.SETTLES),
        (replace(SHOP, stale_since=D - HOUR, said=0), MINUTE, Turn.UNWATCHED),
        # A sweep as of an earlier instant than the last arrival finds nothing wrong.
        (SHOP, -DAY, None),
    ],
)
def test_what_is_noticed(source: Source, after: int, expected: Turn | None) -> None:
    assert turn(source, D + after) is expected


def test_how_it_flows() -> None:
    assert SHOP.flow() is Flow.FLOWING
    assert Source("file").flow() is Flow.UNWATCHED
    assert replace(SHOP, stale_since=D).flow() is Flow.STOPPED
    assert replace(SHOP, stale_since=D, back_at=D).flow() is Flow.RETURNING
