"""Alerts that late events show to have been wrong."""

import pytest

from handlers.context import Context
from handlers.sweep import sweep
from handlers.tell import render
from rules.alerts.states import Reason, Resolution
from rules.instants import DAY, HOUR
from storage import alerts, outbox, pruned
from storage.alerts import Alert
from storage.database import Database
from storage.outbox import Call
from tests.contexts import context
from tests.handlers.slack.world import everything
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
SILENT = "silent(purchase, 30d)"


@pytest.fixture
def ctx(database: Database) -> Context:
    for number in (1, 2, 3):
        customer(database, number, known_since=D - 60 * DAY)
        purchases(database, number, [D - 30 * DAY - HOUR])
    return context(database)


def alert_of(ctx: Context, number: int) -> Alert:
    with ctx.database.reading() as tx:
        return alerts.of_customer(tx, number)[0]


def test_an_alert_that_was_wrong_is_corrected_in_its_thread(ctx: Context) -> None:
    """One bought before the alert opened, which came in late; one bought since; one did both."""
    rule(ctx.database, "lapsing", SILENT, keep=5 * DAY)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D - 3 * DAY])
    purchases(ctx.database, 2, [D + DAY])
    purchases(ctx.database, 3, [D - 2 * DAY, D + DAY])
    [counted] = sweep(ctx, as_of=D + 2 * DAY).rules
    assert (counted.left, counted.resolved) == (3, 2)
    assert alert_of(ctx, 1).resolution is Resolution.NOT_AN_ISSUE
    assert alert_of(ctx, 2).leaving_at == D + 7 * DAY
    with ctx.database.reading() as tx:
        last = alerts.transitions(tx, alert_of(ctx, 3))[-1]
        assert (last.reason, last.detail["occurred_at"]) == (Reason.LATE_EVENT, D - 2 * DAY)
        [reply] = [one for one in outbox.after(tx, 0) if one.call is Call.REPLY]
        said = everything(render(tx, reply, ctx))
    assert "2 alerts were wrong" in said


def test_the_words_of_one_correction(ctx: Context) -> None:
    customer(ctx.database, 4, known_since=D - 29 * DAY, name="Ann Bell")
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    sweep(ctx, as_of=D + DAY)
    purchases(ctx.database, 4, [D - 2 * DAY])
    sweep(ctx, as_of=D + 2 * DAY)
    with ctx.database.reading() as tx:
        post, reply = (
            next(one for one in outbox.after(tx, 0) if one.call is call and one.customer_id == 4)
            for call in (Call.POST, Call.REPLY)
        )
        assert "an event (purchase) of Oct 2, 2024 came in on Oct 6, 2024" in everything(
            render(tx, reply, ctx)
        )
        assert "Not an issue:* an event came in late" in everything(render(tx, post, ctx))


def test_a_late_event_that_changes_nothing_about_the_opening_corrects_nothing(ctx: Context) -> None:
    """The late one lies before the window; what ended the alert came in time."""
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D - 50 * DAY, D + HOUR])
    sweep(ctx, as_of=D + DAY)
    assert alert_of(ctx, 1).resolution is Resolution.RECOVERED


def test_of_what_was_pruned_nobody_can_say_that_it_was_wrong(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D - DAY])
    monkeypatch.setattr(pruned, "horizon", lambda *_args, **_named: D - 29 * DAY)
    sweep(ctx, as_of=D + 2 * DAY)
    assert alert_of(ctx, 1).resolution is Resolution.RECOVERED
