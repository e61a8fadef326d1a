"""Stories of alerts in simulated time, on what the bot really runs on: each message expected in a window, and counted."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from playground.faults import Fault
from playground.people import AIKO
from rules.alerts.person import AlertEndedError
from rules.instants import HOUR
from tests.acceptance.story import Story
from tests.conftest import DatabaseUrls

STORM = "count(ticket, 6h) >= 2"
SILENT = "silent(purchase, 30d)"


@pytest.fixture
def told(new_database_url: DatabaseUrls) -> Callable[..., AbstractContextManager[Story]]:
    """Begin a story at midnight, 2025-06-15; on SQLite, unless it says otherwise."""

    def begin(engine: str = "sqlite", **settings: object) -> Story:
        return Story(new_database_url(engine), **settings)  # type: ignore[arg-type]

    return begin


Begin = Callable[..., AbstractContextManager[Story]]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_alert_opens_and_recovers_by_itself(told: Begin, engine: str) -> None:
    with told(engine) as story:
        story.customers("Ada", "Ben")
        story.rule("storm", STORM)
        story.until("2025-06-15T08:30")
        story.event("Ada", "ticket")
        story.event("Ada", "ticket")
        story.until("2025-06-15T13:30")
        story.message("Ada.*Open", between=("2025-06-15T09:00", "2025-06-15T09:01"))
        story.total(roots=1, replies=0)
        # Six hours after the second ticket it holds no longer: the next tick says so.
        story.until("2025-06-16")
        story.message("Recovered: .*Ada", between=("2025-06-15T15:00", "2025-06-15T15:01"))
        story.total(roots=1, replies=1)
        assert "Recovered" in story.stands("Ada")
        story.sound()


def test_somebody_claims_it_and_says_how_it_ended(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("storm", STORM)
        story.until("2025-06-15T08:30")
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-06-15T09:30")
        story.press("claim", "Ada", key="one press")
        # Slack delivers a press twice now and then.
        story.press("claim", "Ada", key="one press")
        story.until("2025-06-15T10:10")
        assert "Claimed" in story.stands("Ada")
        story.press("resolve:not_an_issue", "Ada")
        story.until("2025-06-16")
        story.message("claimed", between=("2025-06-15T09:30", "2025-06-15T10:01"))
        story.message("is not an issue", between=("2025-06-15T10:10", "2025-06-15T11:01"))
        # It leaves by itself later, and nobody is told again: it had ended.
        story.total(roots=1, replies=2)
        assert "👌" in story.stands("Ada")
        story.sound()


def test_two_who_claim_at_one_instant_are_told_who_has_it(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("storm", STORM)
        story.until("2025-06-15T00:30")
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-06-15T01:30")
        story.press("claim", "Ada")
        with pytest.raises(Exception, match="claimed"):
            story.press("claim", "Ada", by=AIKO)
        story.press("resolve:recovered", "Ada")
        with pytest.raises(AlertEndedError):
            story.press("resolve:lost", "Ada")
        story.sound()
        story.total(roots=1, replies=2)


def test_a_snooze_ends_and_is_told_while_it_still_holds(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("storm", "count(ticket, 2d) >= 2")
        story.until("2025-06-15T08:30")
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-06-15T09:30")
        story.press("snooze:hour", "Ada")
        story.until("2025-06-15T10:20")
        assert "💤" in story.stands("Ada")
        story.until("2025-06-15T23:00")
        story.message("snooze of .*Ada.* is over", between=("2025-06-15T10:30", "2025-06-15T11:01"))
        story.total(roots=1, replies=2)
        assert "⚪" in story.stands("Ada")
        story.press("snooze:morning", "Ada")
        story.until("2025-06-16T12:00")
        story.message("snooze of .*Ada.* is over", between=("2025-06-16T09:00", "2025-06-16T09:01"))
        story.sound()


def test_tomorrow_morning_is_nine_oclock_where_the_business_is_though_the_clocks_change(told: Begin) -> None:
    with told(begins="2025-03-29", zone="Europe/Berlin") as story:
        story.customers("Ada")
        story.rule("storm", "count(ticket, 5d) >= 2")
        story.until("2025-03-29T20:30")
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-03-29T21:30")
        story.press("snooze:morning", "Ada")
        story.until("2025-03-30T12:00")
        story.message("snooze of .*Ada.* is over", between=("2025-03-30T09:00", "2025-03-30T09:01"))
        story.total(roots=1, replies=2)
        story.sound()


def test_a_snooze_through_which_it_leaves_ends_in_one_state(told: Begin) -> None:
    with told(every=6 * HOUR) as story:
        story.customers("Ada")
        story.rule("storm", "count(ticket, 1d) >= 2")
        story.until("2025-06-15T00:30")
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-06-15T06:30")
        story.press("snooze:week", "Ada")
        story.until("2025-06-24")
        assert "Recovered" in story.stands("Ada")
        story.total(roots=1, replies=2)
        story.sound()


def test_after_the_cooldown_it_is_told_again_if_it_holds(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule(
            "storm", "count(ticket, 6h) >= 2 or count(ticket, 6h) = 1 and count(ticket) >= 4", cooldown="1d"
        )
        story.event("Ada", "ticket")
        story.event("Ada", "ticket")
        story.until("2025-06-15T10:00")
        story.message("Recovered: .*Ada", between=("2025-06-15T06:00", "2025-06-15T06:01"))
        story.event("Ada", "ticket")
        story.event("Ada", "ticket")
        # It holds, leaves and holds while it cools down: nobody hears of that.
        story.until("2025-06-16T03:00")
        story.total(roots=1, replies=1)
        story.event("Ada", "ticket")
        story.until("2025-06-17")
        story.message("Ada.*Open", between=("2025-06-16T06:00", "2025-06-16T06:01"))
        story.total(roots=2, replies=2)
        story.sound()


def test_a_rules_backlog_is_one_message_that_counts_everybody(told: Begin) -> None:
    with told() as story:
        names = [f"C{n:02}" for n in range(30)]
        story.customers(*names)
        story.events(*((name, "ticket") for name in names for _ in range(2)))
        story.rule("storm", STORM)
        story.until("2025-06-15T03:00")
        story.message("30", between=("2025-06-15T00:00", "2025-06-15T00:01"))
        story.total(roots=1, replies=0)
        story.until("2025-06-15T12:00")
        story.message("30 customers recovered", between=("2025-06-15T06:00", "2025-06-15T06:01"))
        story.total(roots=1, replies=1)
        story.sound()


def test_a_process_that_was_down_tells_what_still_holds_and_not_what_has_passed(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben", "Cleo")
        story.rule("storm", STORM)
        story.until("2025-06-15T06:30")
        for _ in range(2):
            story.event("Cleo", "ticket")
        story.until("2025-06-15T07:30")
        story.life.ctx.database.close()
        # While nobody ticks: Ada's storm comes and goes, Cleo's goes, Ben's comes.
        for _ in range(2):
            story.event("Ada", "ticket")
        story.down("2025-06-15T17:40")
        for _ in range(2):
            story.event("Ben", "ticket", at="2025-06-15T16:00")
        story.until("2025-06-15T19:30")
        story.message("Ada", exactly=0)
        story.message("Ben.*Open", between=("2025-06-15T18:00", "2025-06-15T18:01"))
        story.message("Recovered: .*Cleo", between=("2025-06-15T18:00", "2025-06-15T18:01"))
        story.total(roots=2, replies=1)
        story.sound()


def test_a_signal_that_toggles_at_every_tick_for_a_day(told: Begin) -> None:
    with told() as story:
        story.customers("Ada")
        story.rule("toggle", "count(ping, 1h) >= 1", cooldown="1d")
        for hour in range(0, 24, 2):
            story.until(f"2025-06-15T{hour:02}:10")
            story.event("Ada", "ping")
        story.until("2025-06-17T02:00")
        story.total(roots=1)
        assert "Recovered" in story.stands("Ada")
        story.sound()


def test_whoever_never_bought_is_silent_at_the_right_hour_whatever_restarts(told: Begin) -> None:
    with told(every=HOUR) as story:
        story.rule("silent", SILENT)
        story.until("2025-06-15T10:20")
        story.customers("Nobody")
        for day in range(16, 20):
            story.until(f"2025-06-{day}T{day}:15")
            story.restart()
        story.down("2025-07-14T09:50")
        story.until("2025-07-15T00:10")
        story.restart()
        story.until("2025-07-15T10:19")
        story.total(roots=0)
        story.until("2025-07-16")
        story.message("Nobody.*Open", between=("2025-07-15T10:20", "2025-07-15T11:01"))
        story.total(roots=1, replies=0)
        story.sound()


def test_a_rule_that_is_edited_paused_or_removed_ends_what_it_had_open(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 5d) >= 2")
        story.event("Ada", "ticket")
        story.until("2025-06-15T00:30")
        for name in ("Ada", "Ben", "Ben", "Ben"):
            story.event(name, "ticket")
        story.until("2025-06-15T03:30")
        story.total(roots=2, replies=0)
        story.edit("storm", "count(ticket, 5d) >= 3")
        story.until("2025-06-15T06:30")
        assert "📝" in story.stands("Ada")
        assert "⚪" in story.stands("Ben")
        story.turn("pause", "storm")
        story.until("2025-06-15T09:30")
        story.turn("resume", "storm")
        story.until("2025-06-15T10:30")
        story.turn("remove", "storm")
        story.until("2025-06-16")
        assert "📝" in story.stands("Ben")
        story.total(roots=2, replies=2)
        story.sound()


def test_many_at_once_are_one_message_and_the_recount_is_exact(told: Begin) -> None:
    with told() as story:
        names = [f"C{n:03}" for n in range(120)]
        story.customers(*names)
        story.rule("storm", STORM)
        story.until("2025-06-15T01:30")
        story.events(*((name, "ticket") for name in names for _ in range(2)))
        story.until("2025-06-15T03:00")
        story.message("120", between=("2025-06-15T02:00", "2025-06-15T02:01"))
        story.total(roots=1, replies=0)
        story.sound()


def test_half_an_hour_of_trouble_of_slacks_makes_messages_late_and_none_of_them_double(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 5d) >= 2")
        story.until("2025-06-15T01:30")
        story.slack.faults.seed(7)
        story.slack.troubles.switch("outage", on=True)
        for name in ("Ada", "Ben"):
            for _ in range(2):
                story.event(name, "ticket")
        story.until("2025-06-15T02:10")
        story.slack.troubles.end()
        story.slack.troubles.switch("limits", on=True)
        story.until("2025-06-15T02:20")
        story.slack.troubles.end()
        story.until("2025-06-15T03:30")
        story.message("Ada.*Open", between=("2025-06-15T02:00", "2025-06-15T02:40"))
        story.message("Ben.*Open", between=("2025-06-15T02:00", "2025-06-15T02:40"))
        story.total(roots=2, replies=0)
        story.sound()


def test_alerts_for_a_dead_channel_go_to_the_default_one_and_managers_hear_of_it(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 5d) >= 2", channel="#sales")
        story.until("2025-06-15T01:30")
        story.slack.troubles.kill("sales", dead=True)
        for _ in range(2):
            story.event("Ada", "ticket")
        story.until("2025-06-15T03:30")
        story.message("Ada.*Open", between=("2025-06-15T02:00", "2025-06-15T02:10"))
        story.message("sales", channel="@maya", between=("2025-06-15T02:00", "2025-06-15T02:10"))
        story.slack.troubles.end()
        for _ in range(2):
            story.event("Ben", "ticket")
        story.until("2025-06-15T05:30")
        story.message("Ben.*Open", channel="sales", between=("2025-06-15T04:00", "2025-06-15T04:10"))
        story.total(roots=1, replies=0)
        story.total(channel="sales", roots=1, replies=0)
        story.sound()


@pytest.mark.parametrize("way", ["unreadable", "late"])
def test_what_an_outage_lost_sight_of_is_not_said_twice_while_history_is_no_help(
    told: Begin, way: str
) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 5d) >= 2")
        story.until("2025-06-15T01:30")
        story.slack.faults.add(Fault("reset", "chat.postMessage", "after", times=1))
        story.slack.troubles.switch("history", way=way, on=True)
        for name in ("Ada", "Ben"):
            for _ in range(2):
                story.event(name, "ticket")
        story.until("2025-06-15T02:08")
        story.slack.troubles.end()
        story.until("2025-06-15T03:30")
        story.message("Ada.*Open", between=("2025-06-15T02:00", "2025-06-15T02:30"))
        story.message("Ben.*Open", between=("2025-06-15T02:00", "2025-06-15T02:30"))
        story.total(roots=2, replies=0)
        story.sound()


def test_several_rules_that_open_for_one_customer_at_once_are_one_message(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 6h) >= 2")
        story.rule("angry", "count(complaint, 12h) >= 1")
        story.until("2025-06-15T01:30")
        for kind in ("ticket", "ticket", "complaint"):
            story.event("Ada", kind)
        story.event("Ben", "complaint")
        story.until("2025-06-15T02:30")
        story.message(
            "Storm: Ada.*Angry: Ada|Angry: Ada.*Storm: Ada", between=("2025-06-15T02:00", "2025-06-15T02:01")
        )
        story.message("Angry: Ben", between=("2025-06-15T02:00", "2025-06-15T02:01"))
        story.total(roots=2, replies=0)
        # One of the two recovers, then the other: each is told in the one thread, and both end in the one message.
        story.until("2025-06-15T14:30")
        story.message("Recovered: .*Ada", between=("2025-06-15T07:00", "2025-06-15T14:01"), exactly=2)
        story.total(roots=2, replies=3)
        assert story.stands("Ada").count("✅") == 2
        story.sound()


def test_a_rule_removed_while_many_of_its_alerts_are_open_ends_them_all_once(told: Begin) -> None:
    with told() as story:
        names = [f"C{n:03}" for n in range(500)]
        story.customers(*names)
        story.rule("storm", "count(ticket, 20d) >= 1", backlog="digest")
        story.until("2025-06-15T00:30")
        story.events(*((name, "ticket") for name in names))
        story.until("2025-06-15T01:30")
        story.message("500", between=("2025-06-15T01:00", "2025-06-15T01:01"))
        story.turn("remove", "storm")
        story.until("2025-06-15T03:30")
        story.message("500 closed", between=("2025-06-15T01:30", "2025-06-15T01:32"))
        story.total(roots=1, replies=1)
        story.sound()


def test_what_waits_for_a_dead_channel_does_not_hold_up_what_is_new_there(told: Begin) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.rule("storm", "count(ticket, 3h) >= 2", channel="#sales")
        story.until("2025-06-15T01:30")
        story.events(("Ada", "ticket"), ("Ada", "ticket"))
        story.until("2025-06-15T02:30")
        story.slack.troubles.kill("sales", dead=True)
        # Ada recovers: her message can be neither edited nor answered. Then Ben's storm comes.
        story.until("2025-06-15T05:30")
        story.events(("Ben", "ticket"), ("Ben", "ticket"))
        story.until("2025-06-15T06:30")
        story.message("Ben.*Open", between=("2025-06-15T06:00", "2025-06-15T06:10"))
        story.message("sales", channel="@maya", between=("2025-06-15T06:00", "2025-06-15T06:10"))
        story.slack.troubles.end()
        story.until("2025-06-15T07:30")
        story.message("Recovered: .*Ada", channel="sales", between=("2025-06-15T06:30", "2025-06-15T06:40"))
        story.total(channel="sales", roots=1, replies=1)
        story.total(roots=1)
        story.sound()
