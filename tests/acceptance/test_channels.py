"""Stories of a channel's hours, of its attention, and of digests that list what was held back."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from rules.instants import HOUR
from storage import alerts
from tests.acceptance.story import Story
from tests.conftest import DatabaseUrls

Begin = Callable[..., AbstractContextManager[Story]]


@pytest.fixture
def told(new_database_url: DatabaseUrls) -> Begin:
    """Begin a story at midnight, Sunday 2025-06-15, on SQLite, with a tick every hour."""

    def begin(**settings: object) -> Story:
        return Story(new_database_url("sqlite"), **settings)  # type: ignore[arg-type]

    return begin


@pytest.mark.parametrize("restarts", [False, True])
def test_in_quiet_hours_nothing_is_told_and_afterwards_what_still_holds(told: Begin, restarts: bool) -> None:
    with told() as story:
        story.customers("Ada", "Ben")
        story.channel("quiet", "20:00-08:00")
        story.channel("digest", "off")
        story.rule("storm", "count(ticket, 12h) >= 1")
        story.until("2025-06-15T19:30")
        # Ada's storm is over before the night is; Ben's is not.
        story.event("Ada", "ticket")
        story.until("2025-06-15T23:30")
        story.event("Ben", "ticket")
        if restarts:
            story.down("2025-06-16T05:30")
        story.until("2025-06-16T07:59")
        story.total(roots=0)
        story.until("2025-06-16T12:00")
        story.message("Ada", exactly=0)
        story.message("Ben.*Open", between=("2025-06-16T08:00", "2025-06-16T08:01"))
        story.sound()


def test_five_hundred_at_once_are_a_days_budget_and_one_digest_that_lists_the_rest(told: Begin) -> None:
    with told(every=HOUR) as story:
        names = [f"C{n:03}" for n in range(500)]
        story.customers(*names)
        story.channel("budget", "20")
        story.rule("storm", "count(ticket, 20d) >= 1")
        story.until("2025-06-15T11:30")
        story.events(*((name, "ticket") for name in names))
        story.until("2025-06-16T08:30")
        # Twenty of one rule are one message, too.
        story.message("20 customers", between=("2025-06-15T12:00", "2025-06-15T12:01"))
        story.total(roots=1, replies=0)
        story.restart()
        story.until("2025-06-16T11:30")
        story.message("480", between=("2025-06-16T09:00", "2025-06-16T09:01"))
        story.total(roots=2, replies=0)
        with story.life.ctx.database.reading() as tx:
            told_in = [one.root for one in alerts.unresolved(tx)]
        assert len(told_in) == 500
        assert None not in told_in
        assert sorted(told_in.count(root) for root in set(told_in)) == [20, 480]
        story.sound()
