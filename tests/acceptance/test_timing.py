"""Stories of waiting, keeping, reminding, escalating, of events that come late and of sources that stop."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from playground.people import MAYA
from tests.acceptance.story import Story
from tests.conftest import DatabaseUrls

Begin = Callable[..., AbstractContextManager[Story]]


@pytest.fixture
def told(new_database_url: DatabaseUrls) -> Begin:
    """Begin a story at midnight, 2025-06-15, on SQLite, with a tick every hour."""

    def begin(**settings: object) -> Story:
        return Story(new_database_url("sqlite"), **settings)  # type: ignore[arg-type]

    return begin


@pytest.mark.parametrize("restarts", [False, True])
def test_for_waits_and_a_short_storm_is_never_told(told: Begin, restarts: bool) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 2h) >= 1", pending="3h")
        story.until("2025-06-15T00:30")
        story.event("Ada", "ticket")
        story.event("Ben", "ticket")
        story.until("2025-06-15T02:20")
        if restarts:
            story.restart()
        # Ben's storm goes on, Ada's is over before three hours are.
        story.event("Ben", "ticket")
        story.until("2025-06-15T03:50")
        story.total(roots=0)
        if restarts:
            story.down("2025-06-15T03:55")
        story.until("2025-06-15T12:00")
        story.message("Ben.*Open", between=("2025-06-15T04:00", "2025-06-15T04:01"))
        story.message("Ada", exactly=0)
        story.total(roots=1, replies=1)
        story.sound()


def test_a_signal_that_toggles_at_every_tick_for_a_day_makes_two_messages(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("toggle", "count(ping, 1h) >= 1", keep="3h", cooldown="0")
        for hour in range(0, 24, 2):
            story.until(f"2025-06-15T{hour:02}:10")
            story.event("Ada", "ping")
            if hour % 6 == 0:
                story.restart()
        story.until("2025-06-16T12:00")
        story.message("Ada.*Open", between=("2025-06-15T01:00", "2025-06-15T01:01"))
        story.message("Recovered: .*Ada", between=("2025-06-16T02:00", "2025-06-16T03:01"))
        story.total(roots=1, replies=1)
        story.sound()


def test_reminders_come_until_somebody_claims(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("storm", "count(ticket, 5d) >= 1", remind="4h")
        story.until("2025-06-15T00:30")
        story.event("Ada", "ticket")
        story.until("2025-06-15T07:30")
        story.restart()
        story.until("2025-06-15T09:30")
        story.message("Nobody has claimed", between=("2025-06-15T05:00", "2025-06-15T05:01"))
        story.message("Nobody has claimed", between=("2025-06-15T09:00", "2025-06-15T09:01"))
        story.press("claim", "Ada")
        story.until("2025-06-16T00:30")
        story.total(roots=1, replies=3)
        # Given back, the clock begins anew.
        story.press("unclaim", "Ada")
        story.until("2025-06-16T05:30")
        story.message("Nobody has claimed", between=("2025-06-16T04:30", "2025-06-16T05:01"))
        story.total(roots=1, replies=5)
        story.sound()


def test_whoever_is_down_through_two_steps_takes_one(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 5d) >= 1", escalate="2h manager, 4h #sales")
        story.until("2025-06-15T00:30")
        story.event("Ada", "ticket")
        story.until("2025-06-15T05:30")
        story.message(f"{MAYA}.*nobody has claimed", between=("2025-06-15T03:00", "2025-06-15T03:01"))
        story.message("told .*sales.* as well", between=("2025-06-15T05:00", "2025-06-15T05:01"))
        story.message("Ada", channel="sales", between=("2025-06-15T05:00", "2025-06-15T05:01"))
        story.event("Ben", "ticket")
        story.until("2025-06-15T06:30")
        story.down("2025-06-15T14:30")
        story.until("2025-06-15T20:30")
        story.message("Ben", channel="sales", between=("2025-06-15T15:00", "2025-06-15T15:01"))
        story.message(f"{MAYA}.*nobody has claimed Ben", exactly=0)
        story.press("claim", "Ben")
        story.until("2025-06-15T22:30")
        assert "Claimed" in story.stands("Ben")
        story.total(channel="sales", roots=2)
        story.sound()


def test_a_late_event_ends_an_alert_that_was_wrong(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("quiet", "silent(purchase, 2d)", keep="1d")
        story.until("2025-06-17T00:30")
        for name in ("Ada", "Ben"):
            story.message(f"{name}.*Open", between=("2025-06-17T00:00", "2025-06-17T00:02"))
        story.event("Ada", "purchase", at="2025-06-16T12:00")
        story.event("Ben", "purchase")
        story.until("2025-06-17T02:30")
        story.message("was wrong.*purchase", between=("2025-06-17T01:00", "2025-06-17T01:01"))
        assert "👌" in story.stands("Ada")
        assert "⚪" in story.stands("Ben")
        story.until("2025-06-18T11:30")
        story.message("Recovered: .*Ben", between=("2025-06-18T01:00", "2025-06-18T01:01"))
        story.total(roots=2, replies=2)
        story.sound()


def test_while_a_source_is_down_nobody_is_told_of_silence_and_afterwards_of_what_is_true(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben", "Cleo")
        story.rule("quiet", "silent(purchase, 1d)")
        story.until("2025-06-15T01:30")
        story.events(("Ada", "purchase"), ("Ben", "purchase"), ("Cleo", "purchase"))
        story.source("shop", "10h")
        story.until("2025-06-15T10:30")
        story.event("Cleo", "purchase")
        story.until("2025-06-15T20:20")
        story.total(channel="@maya", roots=0)
        story.until("2025-06-16T05:30")
        story.message("has stopped", channel="@maya", between=("2025-06-15T20:30", "2025-06-15T21:01"))
        # Ada and Ben would be silent since 01:30; who knows.
        story.total(roots=0)
        story.restart()
        story.event("Ben", "purchase", at="2025-06-15T20:00")
        story.until("2025-06-16T08:00")
        story.message("sends again", channel="@maya", between=("2025-06-16T05:30", "2025-06-16T06:01"))
        story.message("Ada.*Open", between=("2025-06-16T06:30", "2025-06-16T07:01"))
        story.total(roots=1, replies=0)
        story.total(channel="@maya", roots=2)
        story.sound()
