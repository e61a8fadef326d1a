"""The instants of a preview: what was asked for, read and bounded."""

from datetime import date

import pytest

from rules.conditions.windows import Unit, Window
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, Calendar
from rules.preview.steps import (
    MOST_STEPS,
    BadEveryError,
    EmptyStretchError,
    OneLookError,
    Steps,
    Stretch,
    TooManyStepsError,
    every_text,
    weeks,
)

BERLIN = Calendar.of("Europe/Berlin")
NOW = BERLIN.parse("2024-10-04T10:00")


def stretch(since: str | None, until: str | None, every: str = "1d") -> Stretch:
    begin, end = (BERLIN.parse(text) if text else None for text in (since, until))
    return Stretch.of(since=begin, until=end, every=every, now=NOW)


def test_the_usual_stretch_is_the_last_90_days() -> None:
    assert stretch(None, None) == Stretch(NOW - 90 * DAY, NOW, DAY)
    assert stretch(None, "2024-09-01").since == BERLIN.parse("2024-09-01") - 90 * DAY


def test_every_step_is_as_long_as_the_other_and_the_last_is_not_after_the_end() -> None:
    found = stretch("2024-03-30", "2024-04-02", "1D")
    assert found.looks == 3
    steps = Steps(found, BERLIN)
    assert steps.instants.tolist() == [found.since, found.since + DAY, found.since + 2 * DAY]
    assert (steps.first, steps.last, len(steps)) == (found.since, found.since + 2 * DAY, 3)
    # The night in between is an hour short: the last step is at one o'clock.
    assert [str(day) for day in steps.dates()] == ["2024-03-30", "2024-03-31", "2024-04-01"]


def test_the_future_is_left_out() -> None:
    assert stretch("2024-09-01", "2031-01-01") == Stretch(BERLIN.parse("2024-09-01"), NOW, DAY, clipped=True)


@pytest.mark.parametrize(
    "every", ["", "0d", "-1d", "1.5d", "1mo", "1y", "5m", "d", "1d1h", "9999999d", "١d", "1 d x"]
)
def test_what_is_no_distance_is_refused(every: str) -> None:
    with pytest.raises(BadEveryError):
        stretch("2024-09-01", None, every)


@pytest.mark.parametrize(
    ("since", "until", "every", "refused"),
    [
        ("2024-09-01", "2024-09-01", "1d", EmptyStretchError),
        ("2024-09-02", "2024-09-01", "1d", EmptyStretchError),
        ("2025-09-02", "2026-09-01", "1d", EmptyStretchError),
        ("2024-09-01", "2024-09-02", "2d", OneLookError),
        ("2024-09-01", "2024-09-02", "999999w", OneLookError),
        ("0001-01-03", "2024-09-02", "1d", TooManyStepsError),
    ],
)
def test_a_stretch_that_shows_nothing_is_refused(
    since: str, until: str, every: str, refused: type[WarmlineError]
) -> None:
    with pytest.raises(refused):
        stretch(since, until, every)


@pytest.mark.parametrize("since", ["1990-01-01", "2014-10-04", "2022-01-01", "0001-01-05"])
def test_the_smallest_distance_that_is_named_will_do_and_reads_well(since: str) -> None:
    with pytest.raises(TooManyStepsError) as refused:
        stretch(since, None, "1h")
    named = str(refused.value.params["every"])
    assert stretch(since, None, named).looks <= MOST_STEPS


def test_ten_years_are_looked_at_daily() -> None:
    assert stretch("2014-10-04", None).looks == 3_654


def test_weeks_begin_on_mondays_and_none_is_left_out() -> None:
    found = weeks(stretch("2024-09-01", "2024-09-16"), BERLIN)
    assert list(found) == [date(2024, 8, 26), date(2024, 9, 2), date(2024, 9, 9), date(2024, 9, 16)]


def test_distances_are_written_as_they_are_typed() -> None:
    assert [every_text(one) for one in (HOUR, 36 * HOUR, DAY, 14 * DAY)] == ["1h", "36h", "1d", "14d"]


def test_edges_are_those_of_the_window_at_each_step() -> None:
    steps = Steps(stretch("2024-03-28", "2024-04-02"), BERLIN)
    for window in (Window(3, Unit.DAYS), Window(1, Unit.MONTHS)):
        for times in (1, 2):
            assert steps.edges(window, times).tolist() == [
                window.edge(now, BERLIN, times) for now in steps.instants.tolist()
            ]
