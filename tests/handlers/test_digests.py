"""Digests: everything that was held back is told once, in the channel's own time, and stays true."""

from dataclasses import replace

import pytest

from handlers import answer, attend, held, tell
from handlers.act import act
from handlers.context import Context
from handlers.digests import tell_digests
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from rules.alerts.pipeline.stage import Stage, Why
from rules.instants import DAY, HOUR
from storage import alerts, attention, digests, outbox, suppressions
from storage import untold as queue
from storage.alerts import Alert
from storage.database import Database
from storage.outbox import Call, Message, Subject
from storage.suppressions import Suppression
from templates.codec import Press, Value
from templates.digest import PAGE
from tests.contexts import context
from tests.handlers.crowds import crowd, say
from tests.handlers.slack.world import everything
from tests.histories import purchases, rule

D = 20_000 * DAY
NOON = D + DAY + 12 * HOUR
"""When the crowd has been silent for long enough."""
MORNING = D + 2 * DAY + 9 * HOUR
CARE = "#customer-care"


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database)


def silent_crowd(ctx: Context, n: int) -> None:
    """Let ``n`` customers fall silent at noon, at once."""
    crowd(ctx.database, range(1, n + 1), last=NOON - 30 * DAY, known_since=D - 300 * DAY)
    rule(ctx.database, "lapsing", "silent(purchase, 30d)")
    sweep(ctx, as_of=D)
    sweep(ctx, as_of=NOON)


def posts(ctx: Context, subject: Subject | None = None) -> list[Message]:
    with ctx.database.reading() as tx:
        found = outbox.after(tx, 0)
    return [one for one in found if one.call is Call.POST and subject in (None, one.subject)]


def told_by(ctx: Context, message: Message) -> list[Alert]:
    with ctx.database.reading() as tx:
        return alerts.of_root(tx, message.id)


def said(ctx: Context, message: Message) -> str:
    with ctx.database.reading() as tx:
        return everything(tell.render(tx, message, ctx))


def on_pages(ctx: Context, root: int) -> list[str]:
    """Everybody whom the pages of a digest list."""
    with ctx.database.reading() as tx:
        _, _, total = held.page(tx, root, ctx, first=0, n=1)
        found = [
            one.member.customer.external_id
            for first in range(0, total, PAGE)
            for one in held.page(tx, root, ctx, first=first, n=PAGE)[1]
        ]
    assert len(found) == total
    return found


@pytest.mark.parametrize(("budget", "group", "messages"), [(30, 10, 1), (20, 50, 20)])
def test_five_hundred_at_once(ctx: Context, budget: int, group: int, messages: int) -> None:
    """As many messages as the channel reads alerts, or one of a group, and one digest that lists all the others."""
    say(ctx.database, CARE, ChannelSettings(budget=budget, group=group))
    silent_crowd(ctx, 500)
    first = posts(ctx)
    assert len(first) == messages
    now_told = [alert.customer_id for message in first for alert in told_by(ctx, message)]
    assert sorted(now_told) == list(range(501 - budget, 501)), "the most valuable"
    sweep(ctx, as_of=MORNING - 1)
    assert len(posts(ctx)) == messages
    for late in (MORNING + HOUR, MORNING + 2 * HOUR, MORNING + DAY):
        sweep(ctx, as_of=late)
    [digest] = posts(ctx, Subject.DIGEST)
    assert len(posts(ctx)) == messages + 1
    in_digest = [alert.customer_id for alert in told_by(ctx, digest)]
    assert sorted(now_told + in_digest) == list(range(1, 501)), "each customer exactly once"
    pages = on_pages(ctx, digest.id)
    assert pages == [f"c{number}" for number in range(500 - budget, 0, -1)]
    told = said(ctx, digest)
    assert f"{500 - budget} alerts were held back and come in this digest" in told
    assert f"1. ⚪ Customer {500 - budget}" in told
    with ctx.database.reading() as tx:
        assert queue.held(tx) == []
        assert attention.spent(tx, {"customer-care": "2024-10-05"}) == {"customer-care": budget}
        assert attention.spent(tx, {"customer-care": "2024-10-06"}) == {}, "digests cost nothing"


def test_a_process_that_was_down_tells_one_digest_and_what_came_after_waits(ctx: Context) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    silent_crowd(ctx, 3)
    late = D + 5 * DAY + 15 * HOUR
    crowd(ctx.database, [7, 8], last=late - 30 * DAY, known_since=D - 300 * DAY)
    sweep(ctx, as_of=late)
    # One of the two that came in the afternoon is told; the other waits for the next morning.
    [digest] = posts(ctx, Subject.DIGEST)
    assert [one.customer_id for one in told_by(ctx, digest)] == [1, 2]
    sweep(ctx, as_of=late + DAY)
    [_, second] = posts(ctx, Subject.DIGEST)
    assert [one.customer_id for one in told_by(ctx, second)] == [7]


def test_several_that_tell_at_once_tell_one_digest(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    silent_crowd(ctx, 4)
    # Both have read that nothing was told yet, before either writes.
    monkeypatch.setattr(digests, "is_done", lambda *_: False)
    assert tell_digests(ctx, now=MORNING) == 1
    assert tell_digests(ctx, now=MORNING) == 0
    with ctx.database.writing() as tx:
        # And where the first was too quick: what it told is not told again.
        assert not digests.take(tx, "customer-care", MORNING)
    assert len(posts(ctx, Subject.DIGEST)) == 1


def test_a_digest_cut_short_is_told_once_it_is_repeated(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    silent_crowd(ctx, 4)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patched:
        patched.setattr(digests, "told", broken)
        with pytest.raises(RuntimeError):
            attend.attend(ctx, now=MORNING)
    assert posts(ctx, Subject.DIGEST) == []
    attend.attend(ctx, now=MORNING)
    [digest] = posts(ctx, Subject.DIGEST)
    assert len(told_by(ctx, digest)) == 3


def test_without_attention_tomorrow_either_and_without_digests_it_waits_for_the_next_day(
    ctx: Context,
) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=2, digest=DigestTime(Often.OFF)))
    silent_crowd(ctx, 5)
    for day in range(1, 4):
        sweep(ctx, as_of=NOON + day * DAY)
    told = [[one.customer_id for one in told_by(ctx, message)] for message in posts(ctx)]
    assert told == [[5], [4], [3], [2], [1]]
    assert posts(ctx, Subject.DIGEST) == []


def test_a_digest_in_quiet_hours_comes_at_their_end_with_what_the_night_held_back(ctx: Context) -> None:
    quiet = QuietHours(11 * 60, 8 * 60)
    say(ctx.database, CARE, ChannelSettings(budget=1, quiet=quiet, digest=DigestTime(at=7 * 60)))
    silent_crowd(ctx, 3)
    assert posts(ctx) == []
    with ctx.database.reading() as tx:
        assert {one.held_by for one in queue.held(tx)} == {Stage.QUIET}
        assert {one.look_again_at for one in queue.held(tx)} == {D + 2 * DAY + 8 * HOUR}
    sweep(ctx, as_of=D + 2 * DAY + 7 * HOUR)
    assert posts(ctx) == []
    sweep(ctx, as_of=D + 2 * DAY + 8 * HOUR)
    assert [one.subject for one in posts(ctx)] == [Subject.ALERT, Subject.DIGEST]


def hold(ctx: Context, customer_id: int, why: Why, stage: Stage) -> None:
    """Let another stage have held back what the budget does."""
    with ctx.database.writing() as tx:
        [one] = alerts.of_customer(tx, customer_id)
        last = suppressions.latest(tx, [(customer_id, one.id)])[one.id]
        suppressions.add_all(tx, [replace(last, seq=last.seq + 1, stage=stage, why=why)])
        queue.hold_back(tx, [(one.id, "silence", None)])


def test_what_something_else_holds_back_is_named_once_and_stays_held(ctx: Context) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    silent_crowd(ctx, 4)
    hold(ctx, 1, Why.WEEKEND, Stage.QUIET)
    assert tell_digests(ctx, now=MORNING) == 1
    [digest] = posts(ctx, Subject.DIGEST)
    assert [one.customer_id for one in told_by(ctx, digest)] == [2, 3]
    told = said(ctx, digest)
    assert "3 alerts were held back and come in this digest; 2 still open." in told
    assert "• 1: it is the weekend" in told
    assert on_pages(ctx, digest.id) == ["c3", "c2", "c1"]
    with ctx.database.reading() as tx:
        [one] = alerts.of_customer(tx, 1)
        assert (one.root, one.held_by) == (None, "silence")
    # The next morning there is nothing new.
    assert tell_digests(ctx, now=MORNING + DAY) == 0


def test_a_digest_says_how_its_alerts_stand_until_all_have_ended(ctx: Context) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    silent_crowd(ctx, 4)
    purchases(ctx.database, 3, [NOON + HOUR])
    sweep(ctx, as_of=MORNING)
    [digest] = posts(ctx, Subject.DIGEST)
    assert "1 more alert ended by itself before anybody had to be told." in said(ctx, digest)
    assert "⚪ 2 open" in said(ctx, digest)
    [first, second] = told_by(ctx, digest)
    act(ctx, actor=Actor("U08TOMBECKR"), value=Value(Press.CLAIM, first.id), key="1")
    assert "⚪ 1 open  ·  👀 1 claimed" in said(ctx, digest)
    act(ctx, actor=Actor("U08TOMBECKR"), value=Value(Press.RESOLVE, second.id, "lost"), key="2")
    purchases(ctx.database, 1, [MORNING])
    purchases(ctx.database, 2, [MORNING])
    sweep(ctx, as_of=MORNING + HOUR)
    told = said(ctx, digest)
    assert "All of them have ended" in told
    assert "Show all" not in told
    with ctx.database.reading() as tx:
        followed = outbox.of_root(tx, digest.id)
    assert {one.subject for one in followed} == {Subject.DIGEST, Subject.STEPS}


def test_one_customer_of_two_rules_stands_there_once(ctx: Context) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1))
    rule(ctx.database, "quiet_ones", "silent(purchase, 720h)")
    silent_crowd(ctx, 3)
    sweep(ctx, as_of=MORNING)
    [digest] = posts(ctx, Subject.DIGEST)
    assert len(told_by(ctx, digest)) == 5
    assert sorted(on_pages(ctx, digest.id)) == ["c1", "c2", "c3"]
    assert "Customer 2  ·  $2.00  ·  also " in said(ctx, digest)


def test_nothing_held_back_is_no_digest_and_a_page_of_another_message_is_none(ctx: Context) -> None:
    silent_crowd(ctx, 3)
    sweep(ctx, as_of=MORNING)
    assert posts(ctx, Subject.DIGEST) == []
    assert answer.held_rows(ctx, posts(ctx)[0].id, 0) is None


def test_suppressions_say_what_was_held_and_until_when(ctx: Context) -> None:
    say(ctx.database, CARE, ChannelSettings(budget=1, digest=DigestTime(Often.OFF)))
    silent_crowd(ctx, 2)
    with ctx.database.reading() as tx:
        [one] = queue.held(tx)
        assert suppressions.of_alert(tx, one.customer_id, one.id) == [
            Suppression(
                customer_id=1,
                alert_id=one.id,
                seq=1,
                at=NOON,
                stage=Stage.BUDGET,
                why=Why.BUDGET_SPENT,
                until=D + 2 * DAY,
                actor=None,
                by="",
            )
        ]
