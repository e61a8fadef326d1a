"""What stands in the way of a rule's messages is told once, to whoever can mend it."""

from dataclasses import replace

import pytest

from handlers import shown
from playground.people import CUSTOMER_CARE, SALES
from rules.alerts.retry import Delivery
from rules.instants import DAY
from storage.outbox import Subject
from templates.notices import notice
from tests.handlers.post_office import MANAGER, OWNER, POLICY, Post
from tests.handlers.slack.world import everything


def test_one_trouble_is_told_once(office: Post) -> None:
    rule = office.rule(SALES)
    office.slack.workspace.change_channel(SALES, archived=True)
    for _ in range(3):
        number = office.add(SALES, rule=rule)
        office.tick(1_000)
        office.tick(1_000)
        office.reply(number, rule=rule)
        office.tick(2_000)
    assert len(office.notices()) == 1
    assert office.degraded(rule) == "is_archived"


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel"])
def test_the_owner_of_a_rule_is_told_within_one_tick_that_its_channel_takes_no_messages(
    office: Post, error: str
) -> None:
    rule = office.rule(SALES)
    office.fault("error", error=error, channel=SALES, times=None)
    number = office.add(SALES, rule=rule)
    office.tick()
    [told] = office.notices()
    assert (told.channel, told.state) == (OWNER, Delivery.SENT)
    assert told.payload == {
        "code": "delivery_trouble",
        "params": {"rule": "lapsing", "channel": SALES, "error": error},
        "about": rule,
        "choose": rule,
    }
    assert office.degraded(rule) == error
    there = None if error == "not_in_channel" else CUSTOMER_CARE
    assert office.message(number).posted_channel == there


@pytest.mark.parametrize("author", ["cli:ann", "demo", ""])
def test_managers_are_told_where_a_rule_was_written_by_nobody_in_slack(office: Post, author: str) -> None:
    rule = office.rule(SALES, author=author)
    office.slack.workspace.change_channel(SALES, archived=True)
    office.add(SALES, rule=rule)
    office.tick()
    assert [one.channel for one in office.notices()] == [MANAGER]


@pytest.mark.parametrize("subject", [Subject.DIGEST, Subject.CUSTOMER, Subject.THREAD, Subject.ALERT])
def test_of_a_channel_that_is_no_rules_own_managers_are_told_once_a_day(
    office: Post, subject: Subject
) -> None:
    """What a digest tells, or a route leads there, is of no one rule's channel: no rule is degraded by it."""
    rule = office.rule(CUSTOMER_CARE) if subject is Subject.ALERT else None
    office.slack.workspace.change_channel(SALES, archived=True)
    for _ in range(3):
        number = office.add(SALES, rule=rule, subject=subject)
        office.tick(1_000)
        office.tick(1_000)
        assert office.message(number).posted_channel == CUSTOMER_CARE
    [told] = office.notices()
    assert (told.channel, told.payload["code"]) == (MANAGER, "channel_trouble")
    assert rule is None or office.degraded(rule) is None
    said = everything(notice("channel_trouble", dict(told.payload["params"]), shown.voice(office.ctx)))
    assert "does not take what I have to tell there" in said
    office.add(SALES, rule=rule, subject=subject)
    office.tick(DAY)
    assert len(office.notices()) == 2


def test_where_there_is_nobody_to_tell_the_default_channel_is_told(office: Post) -> None:
    """Managers may be given as a user group alone, and a group has no direct messages."""
    rule = office.rule(SALES, author="cli:ann")
    office.slack.workspace.change_channel(SALES, archived=True)
    office.ctx = replace(office.ctx, managers=frozenset({"S08MANAGERS"}))
    carrier = office.carrier("two")
    office.add(SALES, rule=rule)
    carrier.tick()
    carrier.close()
    assert [one.channel for one in office.notices()] == [CUSTOMER_CARE]


def test_managers_are_told_where_the_owner_has_left(office: Post) -> None:
    rule = office.rule(SALES, author="U0LEFTLONG")
    office.slack.workspace.change_channel(SALES, archived=True)
    office.add(SALES, rule=rule)
    office.tick()
    office.tick(1_000)
    owner, manager = office.notices()
    assert (owner.channel, owner.state) == ("U0LEFTLONG", Delivery.EXPIRED)
    assert (manager.channel, manager.state) == (MANAGER, Delivery.SENT)
    assert manager.payload == owner.payload


@pytest.mark.parametrize("error", ["token_revoked", "invalid_blocks"])
def test_what_the_owner_cannot_mend_is_told_to_the_managers(office: Post, error: str) -> None:
    rule = office.rule(SALES)
    office.fault("error", error=error)
    office.add(SALES, rule=rule)
    office.tick()
    assert [one.channel for one in office.notices()] == [MANAGER]
    assert "choose" not in office.notices()[0].payload


@pytest.mark.parametrize("call", ["post", "reply", "edit"])
def test_an_error_that_nobody_knows_is_the_end_of_a_message_and_is_told(office: Post, call: str) -> None:
    rule = office.rule(SALES)
    root = office.add(SALES, rule=rule)
    if call != "post":
        office.tick()
    if call == "reply":
        office.reply(root, rule=rule)
    if call == "edit":
        office.edit(root, "Claimed.")
    office.fault("error", "chat.update" if call == "edit" else "chat.postMessage", error="a_new_one")
    assert office.tick(2_000).dead == 1
    [told] = office.notices()
    assert told.channel == OWNER
    params = told.payload["params"]
    assert isinstance(params, dict)
    assert params["lost"] is True
    assert office.degraded(rule) == "a_new_one"


def test_a_channel_that_needs_an_invitation_waits_for_it(office: Post) -> None:
    rule = office.rule(SALES)
    office.slack.workspace.change_channel(SALES, app_is_member=False)
    number = office.add(SALES, rule=rule)
    office.tick()
    assert (office.message(number).state, office.degraded(rule)) == (Delivery.PENDING, "not_in_channel")
    office.slack.workspace.change_channel(SALES, app_is_member=True)
    office.tick(POLICY.blocked)
    assert (office.message(number).posted_channel, office.degraded(rule)) == (SALES, None)
    office.slack.workspace.change_channel(SALES, app_is_member=False)
    office.add(SALES, rule=rule)
    office.tick(1_000)
    assert len(office.notices()) == 2, "a new trouble is told anew"
