"""Dialogs and threads through Bolt, Socket Mode, the outbox and back, as Slack would carry them."""

from dataclasses import replace
from typing import Any

from handlers.sweep import sweep
from playground.people import CUSTOMER_CARE, TOM
from rules.alerts.route import To
from rules.instants import DAY, HOUR
from storage import routes
from tests.handlers.slack.test_over_the_wire import Office, office, until
from tests.handlers.slack.world import NOW, name
from tests.histories import customer, purchases

__all__ = ["office"]


def submitted(office: Office, day: str, reason: str = "") -> dict[str, Any]:
    """Submit the dialog that Tom sees, and give what the app answers."""
    answer = office.slack.interactions.submit(
        TOM, {"day": {"input": {"selected_date": day}}, "reason": {"input": {"value": reason}}}
    )
    assert answer.ok
    return answer.payload or {}


def test_until_a_date_opens_a_dialog_that_says_what_is_wrong_and_closes_when_all_is_well(
    office: Office,
) -> None:
    office.deliver()
    [root] = office.roots()
    office.choose(TOM, root, "Until a date…")
    until(lambda: office.slack.views.top(TOM) is not None)
    wrong = submitted(office, "2020-01-01")
    assert wrong["response_action"] == "errors"
    assert "A snooze must end in the future" in wrong["errors"]["day"]
    # It stays open, with what was typed.
    assert office.slack.views.top(TOM) is not None
    assert submitted(office, "2024-10-15", "😀 budget") == {}
    assert office.slack.views.top(TOM) is None
    assert office.world.alert().snoozed_until == NOW + 11 * DAY + 9 * HOUR
    office.deliver()
    [root] = office.roots()
    assert "Reason: 😀 budget" in root.text
    assert "Reason: 😀 budget" in office.replies(root)[-1]


def test_an_alert_told_in_a_days_thread_is_answered_there(office: Office) -> None:
    with office.ctx.database.writing() as tx:
        routes.add(
            tx,
            name="all",
            condition="tenure >= 0",
            rule_id=None,
            target=To.THREAD,
            channel=CUSTOMER_CARE,
            author="U1",
            now=0,
        )
    office.deliver()
    customer(office.ctx.database, 9, known_since=NOW - 90 * DAY)
    name(office.ctx.database, 9, name="Cy")
    purchases(office.ctx.database, 9, [NOW - 30 * DAY + HOUR])
    sweep(replace(office.ctx, now=office.world.clock), as_of=NOW + 2 * HOUR)
    office.deliver()
    _, head = office.roots()
    assert "*Alerts of Oct 4*" in head.text
    [told] = office.slack.workspace.replies(CUSTOMER_CARE, head.ts)
    assert "Lapsing: Cy" in told.text
    office.choose(TOM, told, "Claim")
    until(lambda: office.world.alert(2).claimed_by == TOM)
    office.deliver()
    told, answer = office.slack.workspace.replies(CUSTOMER_CARE, head.ts)
    assert f"*Claimed* by <@{TOM}>" in told.text
    assert "claimed Cy" in answer.text
