"""Telling: what a sweep opened is told once, together where that is better, and never lost in between."""

import pytest

from handlers import attend, telling
from handlers.context import Context
from handlers.sweep import sweep
from rules.alerts.channel import ChannelSettings
from rules.alerts.pipeline.stage import Around, Stage, Why
from rules.alerts.states import Resolution
from rules.instants import DAY, HOUR
from storage import alerts, attention, outbox, suppressions
from storage.alerts import Alert
from storage.database import Database
from storage.outbox import Call, Message, Subject
from tests.contexts import context
from tests.histories import customer, purchases, rule

D = 20_000 * DAY
SILENT = "silent(purchase, 30d)"


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database)


def posts(ctx: Context) -> list[Message]:
    with ctx.database.reading() as tx:
        return [one for one in outbox.after(tx, 0) if one.call is Call.POST]


def alerts_of(ctx: Context, number: int) -> list[Alert]:
    with ctx.database.reading() as tx:
        return alerts.of_customer(tx, number)


def company(ctx: Context, many: int) -> None:
    """So many customers who fall silent at ``D``, the later the more they spent."""
    for number in range(1, many + 1):
        customer(ctx.database, number, known_since=D - 300 * DAY)
        purchases(ctx.database, number, [D - 30 * DAY + HOUR], cents=number * 100)
    rule(ctx.database, "lapsing", SILENT)
    sweep(ctx, as_of=D)


def test_many_at_once_are_one_message_that_has_them_all(ctx: Context) -> None:
    company(ctx, 11)
    sweep(ctx, as_of=D + DAY)
    [message] = posts(ctx)
    assert (message.subject, message.customer_id, message.alert_id) == (Subject.GROUP, None, None)
    assert {one.root for number in range(1, 12) for one in alerts_of(ctx, number)} == {message.id}


def test_several_rules_at_once_are_one_message_of_the_customer(ctx: Context) -> None:
    rule(ctx.database, "still", "silent(purchase, 30d) and count(purchase) = 1")
    company(ctx, 1)
    sweep(ctx, as_of=D + DAY)
    [message] = posts(ctx)
    assert (message.subject, message.customer_id, message.rule_id) == (Subject.CUSTOMER, 1, None)
    assert [one.root for one in alerts_of(ctx, 1)] == [message.id] * 2


def test_a_sweep_that_ends_before_it_tells_is_made_up_for(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    company(ctx, 2)
    with monkeypatch.context() as patched:
        patched.setattr(attend, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(ctx, as_of=D + DAY)
    assert posts(ctx) == []
    assert [one.root for one in alerts_of(ctx, 1)] == [None]
    sweep(ctx, as_of=D + DAY)
    assert [one.subject for one in posts(ctx)] == [Subject.ALERT] * 2


def test_what_ends_untold_is_not_told(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    company(ctx, 1)
    with monkeypatch.context() as patched:
        patched.setattr(attend, "tell", lambda *_, **__: None)
        sweep(ctx, as_of=D + DAY)
    purchases(ctx.database, 1, [D + DAY + HOUR])
    sweep(ctx, as_of=D + 2 * DAY)
    [ended] = alerts_of(ctx, 1)
    assert (ended.resolution, ended.root) == (Resolution.RECOVERED, None)
    with ctx.database.reading() as tx:
        assert outbox.after(tx, 0) == []


def test_what_the_channel_has_no_attention_for_is_held_back_with_the_reason(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ctx.default_channel
    gather = telling._around

    def frugal(*given: object) -> Around:
        around = gather(*given)  # type: ignore[arg-type]
        return Around(around.now, {channel: ChannelSettings(budget=2)}, around.spent)

    monkeypatch.setattr(telling, "_around", frugal)
    company(ctx, 5)
    sweep(ctx, as_of=D + DAY)
    # The most valuable first.
    assert [one.customer_id for one in posts(ctx)] == [5, 4]
    with ctx.database.reading() as tx:
        [held] = suppressions.of_alert(tx, 1, alerts.of_customer(tx, 1)[0].id)
        assert attention.spent(tx, {channel: ctx.calendar.date_of(D + DAY).isoformat()}) == {channel: 2}
    assert (held.stage, held.why, held.at, held.seq) == (Stage.BUDGET, Why.BUDGET_SPENT, D + DAY, 1)
    sweep(ctx, as_of=D + DAY + HOUR)
    with ctx.database.reading() as tx:
        assert len(suppressions.of_alert(tx, 1, held.alert_id)) == 1
    assert len(posts(ctx)) == 2
