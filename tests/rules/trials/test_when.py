"""Instants as tests of rules write them."""

from datetime import date

import pytest

from rules.instants import Calendar, InstantError, iso
from rules.trials.when import When, every

WHEN = When(date(2026, 1, 1), Calendar.of("Europe/Berlin"))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-30T23:00:00Z"),
        ("2026-01-31 09:30", "2026-01-31T08:30:00Z"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
        ("day 0", "2025-12-31T23:00:00Z"),
        ("Day 30", "2026-01-30T23:00:00Z"),
        ("day 30 9:30", "2026-01-31T08:30:00Z"),
        ("day 30  09:30:15.5", "2026-01-31T08:30:15.500Z"),
        # Days are the business's: this one comes after the clocks were put forward.
        ("day 100", "2026-04-10T22:00:00Z"),
        ("just before day 30", "2026-01-30T22:59:59.999Z"),
        ("Just  before 2026-01-31 09:30", "2026-01-31T08:29:59.999Z"),
    ],
)
def test_what_can_be_written(text: str, instant: str) -> None:
    assert iso(WHEN.instant(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "day",
        "day -1",
        "day one",
        "day 30 25:00",
        "day 30 soon",
        "day 9999999",
        "just before",
        "2026-02-30",
        "1899-12-31",
        "2200-01-02",
        "today",
    ],
)
def test_what_cannot(text: str) -> None:
    with pytest.raises(InstantError):
        WHEN.instant(text)


def test_no_day_lies_beyond_the_end_of_the_calendar() -> None:
    with pytest.raises(InstantError):
        When(date(9999, 1, 1), Calendar.of("UTC")).instant("day 366")


def test_stretches_of_time() -> None:
    assert [every(text) for text in ("12h", "1d", "2 W", "0d", "1mo", "d", "")] == [
        43_200_000,
        86_400_000,
        1_209_600_000,
        None,
        None,
        None,
        None,
    ]
