"""What each message of the outbox says, as things stand when it is sent."""

from dataclasses import replace

import pytest

from handlers import rulebook, shown
from handlers.managers import tell_everyone
from handlers.rulebook import Request
from handlers.sweep import sweep
from handlers.tell import goes_on, render
from rules.access import Actor
from rules.alerts.retry import Delivery
from rules.instants import DAY
from storage import carriage, outbox
from storage.outbox import Call, Message, New, Subject
from templates.codec import Press
from templates.limits import LayoutError
from tests.handlers.slack.world import NOW, TOM, World, everything, world
from tests.histories import customer, purchases, rule

__all__ = ["world"]


def said(world: World, message: Message) -> str:
    with world.ctx.database.reading() as tx:
        return everything(render(tx, message, world.ctx))


def test_an_alert_is_said_as_it_stands_with_the_numbers_of_its_opening(world: World) -> None:
    [post] = world.messages()
    assert "Lapsing: Ann Bell (Last purchase: 34 days ago). ⚪ *Open.*" in said(world, post)
    assert "Spent so far\n*$20.00*" in said(world, post)
    world.press(Press.CLAIM, 1)
    world.clock.at = NOW + 5 * DAY
    purchases(world.ctx.database, 1, [NOW + 4 * DAY])
    again = said(world, post)
    assert f"*Claimed* by <@{TOM}>" in again
    assert "(Last purchase: 34 days ago)" in again
    assert "Spent so far\n*$20.00*" in again
    sweep(world.ctx)
    assert "✅ *Recovered* by itself" in said(world, post)


def test_the_same_state_is_the_same_content(world: World) -> None:
    [post] = world.messages()
    with world.ctx.database.reading() as tx:
        first = render(tx, post, world.ctx)
        world.clock.at = NOW + 3 * DAY
        assert render(tx, post, world.ctx).content == first.content


def test_a_digest_its_edit_and_its_replies(world: World) -> None:
    for number in range(10, 24):
        customer(world.ctx.database, number, known_since=NOW - 400 * DAY, name=f"N{number}")
        purchases(world.ctx.database, number, [NOW - 90 * DAY], cents=number * 100)
    rule(world.ctx.database, "long_silent", "silent(purchase, 60d)")
    sweep(world.ctx)
    digest = next(one for one in world.messages() if one.subject is Subject.GROUP)
    first = said(world, digest)
    assert "14 customers already match *Long silent*; 14 still open." in first
    assert "1. ⚪ N23  ·  $23.00" in first
    assert "*The 10 most valuable still open*" in first
    purchases(world.ctx.database, 23, [NOW])
    purchases(world.ctx.database, 22, [NOW])
    world.clock.at = NOW + 1000
    sweep(world.ctx)
    about = {one.call: one for one in world.messages() if one.root == digest.id}
    steps, edit = about[Call.REPLY], about[Call.UPDATE]
    assert "2 customers recovered: the condition no longer holds.\nN22 and N23" in said(world, steps)
    now = said(world, edit)
    assert "⚪ 12 open  ·  ✅ 2 recovered" in now
    assert "1. ⚪ N21  ·  $21.00" in now


def test_a_notice_says_what_stands_in_the_way_and_what_to_do(world: World) -> None:
    def notice(error: str, channel: str) -> str:
        with world.ctx.database.writing() as tx:
            [number] = outbox.add_all(
                tx,
                [
                    New(
                        call=Call.POST,
                        subject=Subject.NOTICE,
                        channel="UMANAGER",
                        payload={
                            "code": "delivery_trouble",
                            "params": {"rule": "lapsing", "channel": channel, "error": error},
                        },
                    )
                ],
                now=0,
            )
        with world.ctx.database.reading() as tx:
            return everything(render(tx, outbox.get(tx, number), world.ctx))

    told = notice("not_in_channel", "C0123ABC")
    assert "Messages of the rule *lapsing* do not reach <#C0123ABC>." in told
    assert "`/invite @Warmline`" in told
    assert "choose another here, or name another with `/rules edit" in notice("is_archived", "#care")
    assert "whoever manages the channel" in notice("restricted_action", "#care")
    assert "No channel is named" in notice("no_channel", "")
    assert "an administrator must install it again" in notice("token_revoked", "")
    assert "the default channel" in notice("channel_not_found", "")
    assert "I do not know" in notice("<!channel>", "<!channel>")
    assert "<!channel>" not in notice("<!channel>", "<!channel>")


def test_what_is_posted_anew_says_so_in_every_later_edit_too(world: World) -> None:
    [post] = world.messages()
    with world.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="one", now=NOW, lease=9_000, interval=1_000)
        carriage.finish(tx, taken, state=Delivery.SENT, ts="1.0", posted_channel="C1")
        assert goes_on(tx, post)
    assert "takes the place" not in said(world, post)
    with world.ctx.database.writing() as tx:
        sent = outbox.get(tx, post.id)
        assert carriage.root_gone(tx, sent, state=Delivery.PENDING, reason="deleted", now=NOW)
        outbox.add_updates(tx, [sent], now=NOW)
    anew, edit = world.messages()
    assert "This takes the place of a message that was deleted." in said(world, anew)
    with world.ctx.database.reading() as tx:
        assert render(tx, anew, world.ctx).content == render(tx, edit, world.ctx).content


def test_a_message_whose_alerts_have_all_ended_is_not_missed(world: World) -> None:
    [post] = world.messages()
    rulebook.remove(world.ctx, Request(Actor("UMANAGER", manager=True)), "lapsing")
    with world.ctx.database.reading() as tx:
        assert not goes_on(tx, post)


def test_a_notice_of_a_stuck_message_says_what_to_do(world: World) -> None:
    params = {"rule": "lapsing", "channel": "C0123ABC", "error": "missing_scope"}
    with world.ctx.database.writing() as tx:
        tell_everyone(tx, world.ctx, ["UMANAGER"], "delivery_stuck", params, about=1)
    told = said(world, world.messages()[-1])
    assert "`/rules edit lapsing --unreadable repeat`" in told
    assert "Slack says `missing_scope`" in told


def test_a_message_that_is_lost_for_good_is_not_said_to_follow(world: World) -> None:
    params = {"rule": "lapsing", "channel": "", "error": "a_new_one", "lost": True}
    with world.ctx.database.writing() as tx:
        tell_everyone(tx, world.ctx, ["UMANAGER", "S1", "cli:ann"], "delivery_trouble", params)
    [_, one] = world.messages()
    assert "cannot be delivered in the default channel" in said(world, one)
    assert "follow by themselves" not in said(world, one)


def test_where_the_layout_would_be_refused_the_words_go_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object) -> None:
        raise LayoutError(["51 blocks"], "the words")

    monkeypatch.setattr("handlers.tell.alert_message", too_much)
    [post] = world.messages()
    with world.ctx.database.reading() as tx:
        message = render(tx, post, world.ctx)
    assert (message.text, message.blocks) == ("the words", [])


def test_a_customer_who_is_gone_is_still_told_of(world: World) -> None:
    assert shown.person(None, 7, world.ctx).external_id == "#7"
    ctx = replace(world.ctx, customer_url="https://crm.example/{id}?a|b")
    assert shown.customer_url("a/b <c>", ctx) == "https://crm.example/a%2Fb%20%3Cc%3E?a%7Cb"
    assert shown.customer_url("\ud800", ctx) == "https://crm.example/%3F?a%7Cb"
    assert shown.customer_url("x" * 2_000, ctx) is None
    assert shown.customer_url("x", replace(ctx, customer_url="")) is None
