"""Sources that stop: one word to the managers, no flood of silences, no false recovery, and the truth afterwards."""

from collections import Counter
from collections.abc import Iterable

import pytest

from handlers import source_says, sources
from handlers.context import Context
from handlers.ingest import take_in
from handlers.rulebook import Request
from handlers.source_says import BadRhythmError, NoSourceError
from handlers.sweep import sweep
from handlers.tell import render
from rules.access import Actor, NotAllowedError
from rules.alerts.pipeline.stage import Stage, Why
from rules.alerts.rhythm import Flow
from rules.alerts.rule import AlertKind
from rules.alerts.states import Reason, Resolution
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts, audit, outbox, suppressions
from storage.database import Database
from storage.incoming import EventIn
from storage.outbox import Call, Message, Subject
from tests.contexts import context
from tests.handlers.slack.world import everything
from tests.histories import rule

D = 20_000 * DAY
MANY = 500
MANAGER = Request(Actor("UMANAGER", manager=True))


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database)


def come(
    ctx: Context, numbers: Iterable[int], *, at: int, occurred: int | None = None, source: str = "shop"
) -> None:
    with ctx.database.writing() as tx:
        given = [
            EventIn(source, f"c{number}", "purchase", at if occurred is None else occurred, 1_000, "USD")
            for number in numbers
        ]
        take_in(tx, given, now=at, by_http=True)


def daily(ctx: Context, *, days: int = 8, source: str = "shop") -> None:
    """One customer of no account buys every day until D: that is the rhythm."""
    for day in range(1 - days, 1):
        come(ctx, [0], at=D + day * DAY, source=source)


def posts(ctx: Context) -> list[Message]:
    with ctx.database.reading() as tx:
        return [one for one in outbox.after(tx, 0) if one.call is Call.POST]


def said(ctx: Context, message: Message) -> str:
    with ctx.database.reading() as tx:
        return everything(render(tx, message, ctx))


def flow(ctx: Context) -> Flow:
    [found] = source_says.listing(ctx)
    return found.flow


def test_500_customers_who_fall_silent_because_their_shop_s_feed_stopped(ctx: Context) -> None:
    """Most had bought meanwhile, as is learned late; some buy once it is back; some are silent indeed."""
    daily(ctx)
    come(ctx, range(1, MANY + 1), at=D)
    rule(ctx.database, "silent", "silent(purchase, 7d)", cooldown=0)
    sweep(ctx, as_of=D + HOUR)
    assert sweep(ctx, as_of=D + 3 * DAY).rules[0].opened == 0
    assert posts(ctx) == []
    sweep(ctx, as_of=D + 3 * DAY + MINUTE)
    [notice] = posts(ctx)
    assert "The source *shop* has stopped sending" in said(ctx, notice)
    assert "never quiet for longer than 3 days" in said(ctx, notice)
    assert sweep(ctx, as_of=D + 8 * DAY).rules[0].opened == MANY + 1
    sweep(ctx, as_of=D + 9 * DAY)
    assert len(posts(ctx)) == 1
    with ctx.database.reading() as tx:
        [held] = suppressions.of_alert(tx, 10, alerts.of_customer(tx, 10)[0].id)
    assert (held.stage, held.why, held.by) == (Stage.STALE, Why.SOURCE_STOPPED, "shop")
    # It is back: what it had missed comes in over a while.
    back = D + 10 * DAY
    come(ctx, range(1, 301), at=back, occurred=D + 5 * DAY)
    sweep(ctx, as_of=back)
    come(ctx, range(301, 401), at=back + 20 * MINUTE)
    sweep(ctx, as_of=back + 20 * MINUTE)
    assert "sends again" in said(ctx, posts(ctx)[-1])
    assert len(posts(ctx)) == 2
    sweep(ctx, as_of=back + 30 * MINUTE)
    assert [one.subject for one in posts(ctx)] == [Subject.NOTICE, Subject.NOTICE, Subject.GROUP]
    with ctx.database.reading() as tx:
        told = alerts.of_root(tx, posts(ctx)[-1].id)
        ended = Counter(
            one.resolution for number in range(2, MANY + 2) for one in alerts.of_customer(tx, number)
        )
        assert [one for one in outbox.after(tx, 0) if one.call is not Call.POST] == []
    assert len(told) == 101
    assert all(one.unresolved for one in told)
    assert ended == {Resolution.NOT_AN_ISSUE: 300, Resolution.RECOVERED: 100, None: 100}
    assert flow(ctx) is Flow.FLOWING


def test_nobody_is_taken_for_recovered_because_a_source_has_stopped(ctx: Context) -> None:
    daily(ctx)
    come(ctx, [1, 2], at=D)
    rule(ctx.database, "busy", "count(purchase, 5d) >= 1", kind=AlertKind.OPPORTUNITY)
    sweep(ctx, as_of=D + HOUR)
    sweep(ctx, as_of=D + 6 * DAY)
    with ctx.database.reading() as tx:
        assert len(alerts.unresolved(tx)) == 3
    come(ctx, [2], at=D + 7 * DAY)
    sweep(ctx, as_of=D + 7 * DAY)
    sweep(ctx, as_of=D + 7 * DAY + 30 * MINUTE)
    with ctx.database.reading() as tx:
        assert [one.customer_id for one in alerts.unresolved(tx)] == [3]
        ended = alerts.of_customer(tx, 2)[0]
        steps = alerts.transitions(tx, ended)
    assert (ended.resolution, ended.resolved_at) == (Resolution.EXPIRED, D + 7 * DAY + 30 * MINUTE)
    assert [one.reason for one in steps] == [Reason.BACKLOG, Reason.LEFT]


def test_rules_that_look_at_other_kinds_are_told_as_ever(ctx: Context) -> None:
    daily(ctx)
    come(ctx, [1], at=D)
    with ctx.database.writing() as tx:
        tick = EventIn("desk", "c1", "ticket", D + 4 * DAY, None, None)
        take_in(tx, [tick], now=D + 4 * DAY, by_http=True)
    rule(ctx.database, "trouble", "count(ticket, 7d) >= 1")
    rule(ctx.database, "quiet", "silent(purchase, 3d)")
    sweep(ctx, as_of=D + 4 * DAY)
    assert [(one.subject, one.rule_id) for one in posts(ctx)] == [(Subject.NOTICE, None), (Subject.GROUP, 1)]


def test_a_file_that_was_imported_once_never_stops(ctx: Context) -> None:
    come(ctx, [1, 2], at=D, source="file")
    sweep(ctx, as_of=D + 400 * DAY)
    assert posts(ctx) == []
    assert flow(ctx) is Flow.UNWATCHED


def test_a_manager_says_how_long_a_source_may_be_quiet(ctx: Context) -> None:
    come(ctx, [1], at=D, source="shop floor")
    assert source_says.say(ctx, MANAGER, name="shop floor", text="6h") is not None
    sources.notice(ctx, now=D + 6 * HOUR)
    assert flow(ctx) is Flow.FLOWING
    sources.notice(ctx, now=D + 6 * HOUR + 1)
    assert flow(ctx) is Flow.STOPPED
    source_says.say(ctx, MANAGER, name="shop floor", text="off")
    sources.notice(ctx, now=D + 7 * HOUR)
    assert flow(ctx) is Flow.UNWATCHED
    source_says.say(ctx, MANAGER, name="shop floor", text="AUTO")
    assert source_says.listing(ctx)[0].patience is None
    with ctx.database.reading() as tx:
        assert [one.diff for one in audit.of(tx, "source:shop floor")] == [
            "- quiet: off\n+ quiet: auto",
            "- quiet: 6h\n+ quiet: off",
            "- quiet: auto\n+ quiet: 6h",
        ]


@pytest.mark.parametrize("text", ["", "soon", "5m", "0", "91d", "-6h", "6h 🕕", "9" * 40 + "h"])
def test_what_says_no_length_of_time_is_refused(ctx: Context, text: str) -> None:
    come(ctx, [1], at=D)
    with pytest.raises(BadRhythmError):
        source_says.say(ctx, MANAGER, name="shop", text=text)


def test_who_may_not_and_what_is_not_there(ctx: Context) -> None:
    come(ctx, [1], at=D)
    with pytest.raises(NotAllowedError):
        source_says.say(ctx, Request(Actor("U2")), name="shop", text="6h")
    with pytest.raises(NoSourceError) as refused:
        source_says.say(ctx, MANAGER, name="shpo", text="6h")
    assert refused.value.params["nearest"] == ["shop"]
