"""Windows: half-open, exact or by the calendar, and never back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.windows import Unit, Window
from rules.instants import DAY, EARLIEST, HOUR, LATEST, Calendar
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES

BERLIN = Calendar.of("Europe/Berlin")


def at(text: str) -> int:
    return BERLIN.parse(text)


@pytest.mark.parametrize(
    ("window", "now", "edge"),
    [
        (Window(12, Unit.HOURS), "2024-03-31T12:00", "2024-03-30T23:00"),  # the clock sprang an hour
        (Window(1, Unit.DAYS), "2024-03-31T12:00", "2024-03-30T11:00"),
        (Window(2, Unit.WEEKS), "2024-03-15T12:00", "2024-03-01T12:00"),
        (Window(1, Unit.MONTHS), "2024-03-31T12:00", "2024-02-29"),
        (Window(1, Unit.MONTHS), "2023-03-29T00:00", "2023-02-28"),
        (Window(12, Unit.MONTHS), "2024-02-29T23:59", "2023-02-28"),
        (Window(1, Unit.YEARS), "2024-02-29T23:59", "2023-02-28"),
        (Window(1, Unit.MONTHS), "2024-05-01T00:00", "2024-04-01"),
        (Window(1, Unit.MONTHS), "2024-04-30T23:59:59.999", "2024-03-30"),
    ],
)
def test_edges(window: Window, now: str, edge: str) -> None:
    assert window.edge(at(now), BERLIN) == at(edge)


def test_the_window_before_is_counted_from_now() -> None:
    now = at("2024-03-31T12:00")
    assert Window(1, Unit.MONTHS).edge(now, BERLIN, 2) == at("2024-01-31")
    assert Window(30, Unit.DAYS).edge(now, BERLIN, 2) == now - 60 * DAY


@given(PLAIN.windows, NOWS, st.integers(0, 40 * DAY), st.sampled_from(ZONES))
def test_an_edge_never_moves_back(window: Window, now: int, later: int, zone: str) -> None:
    calendar = Calendar.of(zone)
    assert window.edge(now, calendar) <= window.edge(now + later, calendar) < now + later


@given(PLAIN.windows, NOWS, st.sampled_from(ZONES), st.sampled_from([0, 1, HOUR, 12 * HOUR]))
def test_expiry_is_the_first_instant_at_which_the_edge_is_reached(
    window: Window, now: int, zone: str, beside: int
) -> None:
    calendar = Calendar.of(zone)
    for start in (now, calendar.midnight(calendar.date_of(now)) + beside):
        expiry = window.expiry(start, calendar)
        assert window.edge(expiry, calendar) >= start
        assert window.edge(expiry - 1, calendar) < start


def test_the_31st_expires_with_a_short_month() -> None:
    assert Window(1, Unit.MONTHS).expiry(at("2024-01-31"), BERLIN) == at("2024-03-01")
    assert Window(1, Unit.MONTHS).expiry(at("2024-01-30T00:00:00.001"), BERLIN) == at("2024-03-01")
    assert Window(1, Unit.MONTHS).expiry(at("2024-01-29"), BERLIN) == at("2024-02-29")


def test_the_ends_of_time_are_no_error() -> None:
    decade = Window(10, Unit.YEARS)
    assert decade.edge(BERLIN.midnight(date(9, 1, 1)), BERLIN) == EARLIEST
    assert decade.edge(BERLIN.midnight(date(20, 1, 1)), BERLIN, 2) == EARLIEST
    assert decade.expiry(BERLIN.midnight(date(9989, 1, 1)), BERLIN) == LATEST
