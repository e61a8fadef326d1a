"""Alerts in time: what waits before it opens, what is kept open, and what a process that was down makes up for."""

from collections import Counter

import pytest

from handlers.context import Context
from handlers.steps import Told, take, waking
from handlers.sweep import sweep
from rules.alerts.rule import Backlog
from rules.alerts.states import Reason, Verb
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts, matches, outbox
from storage.alerts import Alert, Step
from storage.database import Database
from storage.outbox import Call, Subject
from tests.contexts import context
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
BUSY = "count(purchase, 1d) >= 1"


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database)


def last_alert(ctx: Context, number: int = 1) -> Alert | None:
    with ctx.database.reading() as tx:
        return next(iter(alerts.of_customer(tx, number)), None)


def alert_of(ctx: Context, number: int = 1) -> Alert:
    found = last_alert(ctx, number)
    assert found is not None
    return found


def calls(ctx: Context) -> Counter[Call]:
    with ctx.database.reading() as tx:
        return Counter(message.call for message in outbox.after(tx, 0))


def verbs(ctx: Context, number: int = 1) -> list[tuple[Verb, Reason]]:
    with ctx.database.reading() as tx:
        return [
            (step.verb, step.reason)
            for alert in reversed(alerts.of_customer(tx, number))
            for step in alerts.transitions(tx, alert)
        ]


def test_an_alert_opens_once_its_condition_has_held_for_as_long_as_the_rule_asks(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    customer(ctx.database, 2, known_since=D - 60 * DAY)
    watched = rule(ctx.database, "busy", BUSY, pending=6 * HOUR)
    sweep(ctx, as_of=D)
    purchases(ctx.database, 1, [D + HOUR])
    purchases(ctx.database, 2, [D - 20 * HOUR])
    assert sweep(ctx, as_of=D + HOUR).rules[0].entered == 2
    with ctx.database.reading() as tx:
        held = matches.held(tx, [watched.id], now=D + 7 * HOUR)
    assert {(one.held_until, one.held_for) for one in held} == {(D + 7 * HOUR, Reason.PENDING_OVER)}
    # Customer 2 leaves meanwhile, without a trace in the channel.
    [counted] = sweep(ctx, as_of=D + 7 * HOUR - 1).rules
    assert (counted.left, counted.opened) == (1, 0)
    [counted] = sweep(ctx, as_of=D + 7 * HOUR).rules
    assert (counted.matched, counted.opened) == (1, 1)
    opened = alert_of(ctx)
    assert (opened.reason, opened.opened_at) == (Reason.PENDING_OVER, D + 7 * HOUR)
    assert opened.evidence
    assert last_alert(ctx, 2) is None
    assert calls(ctx) == {Call.POST: 1}


def test_a_backlog_waits_as_well_and_is_told_in_one_message(ctx: Context) -> None:
    for number in (1, 2, 3):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "lapsing", "silent(purchase, 30d)", pending=DAY, backlog=Backlog.DIGEST)
    assert sweep(ctx, as_of=D).rules[0].opened == 0
    purchases(ctx.database, 3, [D + HOUR])
    assert sweep(ctx, as_of=D + DAY).rules[0].opened == 2
    assert alert_of(ctx).reason is Reason.BACKLOG
    with ctx.database.reading() as tx:
        assert [one.subject for one in outbox.after(tx, 0)] == [Subject.GROUP]


def test_a_signal_that_toggles_at_every_tick_for_a_day_is_told_twice_at_most(ctx: Context) -> None:
    """It holds at every other tick; in the end it stays away."""
    tick = 75 * MINUTE
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    rule(ctx.database, "flapping", "count(purchase, 1h) >= 1", keep=3 * HOUR, cooldown=0)
    purchases(ctx.database, 1, [D + number * tick for number in range(0, 21, 2)])
    for number in range(20):
        [counted] = sweep(ctx, as_of=D + number * tick).rules
        assert counted.entered + counted.left == 1
        assert alert_of(ctx).unresolved
    for number in range(20, 26):
        sweep(ctx, as_of=D + number * tick)
    assert verbs(ctx) == [(Verb.OPEN, Reason.BACKLOG), (Verb.RESOLVE, Reason.LEFT)]
    assert calls(ctx) == {Call.POST: 1, Call.REPLY: 1, Call.UPDATE: 1}
    # That it ceased was found at tick 21; three hours later, at the next tick, it was over.
    assert alert_of(ctx).resolved_at == D + 24 * tick


def test_whoever_was_down_tells_what_is_still_true_and_not_what_has_passed(ctx: Context) -> None:
    """Of a day without a sweep: one waited it out, one came and went, one flapped, one's snooze ended, one recovered."""
    for number in range(1, 6):
        customer(ctx.database, number, known_since=D - 60 * DAY)
    rule(ctx.database, "busy", "count(purchase, 10h) >= 1", pending=2 * HOUR, keep=2 * HOUR)
    for number in (3, 4, 5):
        purchases(ctx.database, number, [D - HOUR])
    sweep(ctx, as_of=D)
    sweep(ctx, as_of=D + 2 * HOUR)
    with ctx.database.writing() as tx:
        snooze = Step(
            alert_of(ctx, 4),
            Verb.SNOOZE,
            Reason.BY_PERSON,
            {"snoozed_until": D + 5 * HOUR},
            detail={"until": D},
        )
        take(tx, [snooze], Told(now=D + 2 * HOUR, elapsed=0, actor="U2"))
        before = max(one.id for one in outbox.after(tx, 0))
    purchases(ctx.database, 1, [D + 20 * HOUR])
    purchases(ctx.database, 2, [D + 4 * HOUR])
    purchases(ctx.database, 3, [D + 21 * HOUR])
    purchases(ctx.database, 4, [D + 21 * HOUR])
    sweep(ctx, as_of=D + 24 * HOUR)
    assert last_alert(ctx, 1) is None, "it holds, and has not been seen to hold for two hours"
    assert last_alert(ctx, 2) is None, "it came and went unseen"
    assert verbs(ctx, 3) == [(Verb.OPEN, Reason.BACKLOG)]
    assert verbs(ctx, 4)[-1] == (Verb.WAKE, Reason.SNOOZE_OVER)
    assert alert_of(ctx, 5).leaving_at == D + 26 * HOUR
    sweep(ctx, as_of=D + 48 * HOUR)
    assert last_alert(ctx, 1) is None
    assert verbs(ctx, 5)[-1] == (Verb.RESOLVE, Reason.LEFT)
    with ctx.database.reading() as tx:
        told = Counter(one.call for one in outbox.after(tx, before))
    assert told[Call.POST] == 0


def test_a_person_who_resolves_what_is_kept_open_ends_it(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D - 60 * DAY)
    purchases(ctx.database, 1, [D - HOUR])
    rule(ctx.database, "busy", BUSY, keep=2 * DAY)
    sweep(ctx, as_of=D)
    sweep(ctx, as_of=D + DAY)
    leaving = alert_of(ctx)
    assert leaving.leaving_at == D + 3 * DAY
    with ctx.database.writing() as tx:
        take(tx, [waking(leaving, reason=Reason.BY_PERSON)], Told(now=D + DAY, elapsed=0, actor="U2"))
    assert alert_of(ctx).leaving_at == D + 3 * DAY, "a step of a person's leaves the clock alone"
    assert sweep(ctx, as_of=D + 3 * DAY).rules[0].resolved == 1
