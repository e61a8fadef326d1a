"""Messages that somebody deleted are posted anew, or left in peace; rules that moved take their messages along."""

import pytest

from handlers import rulebook
from handlers.rulebook import Request
from playground.people import CUSTOMER_CARE, SALES
from rules.access import Actor
from rules.alerts.retry import Delivery
from rules.alerts.typed import Options
from storage.outbox import Call, Subject
from tests.handlers.post_office import MANAGER, OWNER, POLICY, POST, Post


def told(office: Post) -> int:
    number = office.add()
    assert office.tick().sent == 1
    return number


def settle(office: Post) -> None:
    for _ in range(6):
        office.tick(2_000)


def in_thread(office: Post, channel: str = "", *, rule: int | None = None) -> tuple[int, int]:
    """A day's thread in a channel, and an alert that is to be told in it."""
    head = office.add(channel, subject=Subject.THREAD)
    assert office.tick().sent == 1
    return head, office.add(channel, call=Call.REPLY, root=head, rule=rule, subject=Subject.ALERT)


def test_an_alert_outlives_the_thread_that_it_was_to_be_told_in(office: Post) -> None:
    head, alert = in_thread(office)
    office.delete(head)
    # Nothing but the alert itself stands in that thread's way of ending.
    office.going = False
    settle(office)
    assert office.message(head).state is Delivery.EXPIRED
    found = office.message(alert)
    assert (found.state, found.call, found.root) == (Delivery.SENT, Call.POST, None)
    assert office.standing()[found.key] == 1
    reply = office.reply(alert)
    settle(office)
    assert office.message(reply).state is Delivery.SENT


def test_an_answer_to_an_alert_of_a_thread_is_looked_for_in_that_thread(office: Post) -> None:
    head, alert = in_thread(office)
    settle(office)
    office.fault("reset", when="after")
    reply = office.reply(alert)
    office.tick(2_000)
    office.look()
    found = office.message(reply)
    assert (found.state, found.reason, found.attempts) == (Delivery.SENT, "found_in_history", 1)
    threads = {one.ts: one.thread_ts for one in office.slack.workspace.everything()}
    assert {threads[str(office.message(one).ts)] for one in (alert, reply)} == {office.message(head).ts}


def test_an_alert_of_a_thread_whose_channel_is_dead_goes_elsewhere_and_its_owner_is_told(
    office: Post,
) -> None:
    rule = office.rule(SALES)
    _, alert = in_thread(office, SALES, rule=rule)
    office.slack.workspace.change_channel(SALES, archived=True)
    settle(office)
    found = office.message(alert)
    assert (found.state, found.posted_channel, found.root) == (Delivery.SENT, CUSTOMER_CARE, None)
    assert [one.channel for one in office.notices()] == [OWNER]


@pytest.mark.parametrize("by", ["edit", "reply", "both"])
def test_a_deleted_message_is_posted_anew_and_its_thread_goes_on_there(office: Post, by: str) -> None:
    root = told(office)
    first = office.message(root)
    office.delete(root)
    if by != "reply":
        office.edit(root, "Claimed.")
    replies = [office.reply(root) for _ in range(2)] if by != "edit" else []
    settle(office)
    again = office.message(root)
    assert again.state is Delivery.SENT
    assert (again.key, again.gone) == (first.key, (first.ts,))
    assert again.ts != first.ts
    assert office.standing()[first.key] == 1
    assert office.shows(root) == office.shown
    threads = [one.thread_ts for one in office.slack.workspace.everything() if one.thread_ts]
    assert threads == [again.ts] * len(replies)
    assert {office.message(one).state for one in replies} <= {Delivery.SENT}


def test_a_reply_that_slack_puts_beside_its_thread_is_taken_back(office: Post) -> None:
    root = told(office)
    office.fault("stray")
    reply = office.reply(root)
    settle(office)
    key = office.message(reply).key
    assert office.standing()[key] == 1
    [standing] = [
        one
        for one in office.slack.workspace.messages(CUSTOMER_CARE)
        if one.metadata and one.metadata["event_payload"]["key"] == key
    ]
    assert standing.thread_ts == office.message(root).ts


def test_a_message_whose_alert_has_ended_is_left_deleted(office: Post) -> None:
    root = told(office)
    office.delete(root)
    office.going = False
    office.edit(root, "Recovered.")
    edit, reply = root + 1, office.reply(root)
    settle(office)
    assert office.standing() == {}
    assert office.message(root).reason == "deleted_after_the_end"
    assert {office.message(one).state for one in (edit, reply)} == {Delivery.EXPIRED}


def test_who_deletes_again_and_again_means_it(office: Post) -> None:
    root = told(office)
    for n in range(POLICY.replacements + 1):
        assert office.standing()[office.message(root).key] == 1
        office.delete(root)
        office.edit(root, f"Version {n}.")
        settle(office)
    assert office.standing() == {}
    assert office.message(root).reason == "deleted_again"
    assert len(office.message(root).gone) == POLICY.replacements
    office.edit(root, "One more.")
    settle(office)
    assert office.standing() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_answer_to_the_message_posted_anew_is_lost(office: Post, when: str) -> None:
    root = told(office)
    office.delete(root)
    office.edit(root, "Claimed.")
    office.fault("reset", when=when)
    office.tick(2_000)
    assert office.message(root).state is Delivery.UNKNOWN
    office.look()
    settle(office)
    office.look()
    office.verify()
    assert office.message(root).state is Delivery.SENT
    assert office.standing() == {office.message(root).key: 1}
    assert office.shows(root) == "Claimed."


def test_a_copy_of_what_was_deleted_that_lagging_history_shows_is_not_taken_for_the_new_one(
    office: Post,
) -> None:
    root = told(office)
    office.delete(root)
    deleted = office.message(root).ts
    office.edit(root, "Claimed.")
    office.fault("reset", when="before")
    office.tick(2_000)
    assert office.message(root).state is Delivery.UNKNOWN
    # As a history that lags behind the deletion shows it.
    [gone] = [one for one in office.slack.workspace.everything() if one.ts == deleted]
    office.slack.workspace.replace(gone, deleted=False)
    office.look()
    settle(office)
    assert office.message(root).ts != deleted
    assert office.shows(root) == "Claimed."


BOSS = Actor(MANAGER, manager=True)


def move(office: Post, channel: str) -> None:
    rulebook.edit(office.ctx, Request(BOSS), name="lapsing", options=Options(channel=channel))


def test_what_waits_for_a_closed_channel_goes_to_the_new_one_at_once(office: Post) -> None:
    rule = office.rule(SALES)
    office.slack.workspace.change_channel(SALES, app_is_member=False)
    numbers = [office.add(SALES, rule=rule) for _ in range(3)]
    routed = office.add(CUSTOMER_CARE, rule=rule)
    office.tick()
    assert office.degraded(rule) == "not_in_channel"
    office.slack.workspace.change_channel("C08GENERALX", app_is_member=True)
    move(office, "C08GENERALX")
    assert office.degraded(rule) is None
    for _ in range(3):
        office.tick(1_000)
    assert {office.message(number).posted_channel for number in numbers} == {"C08GENERALX"}
    assert office.message(routed).posted_channel == CUSTOMER_CARE, "it was not for the rule's channel"


@pytest.mark.parametrize("error", ["is_archived", "not_in_channel"])
def test_what_was_on_its_way_meanwhile_finds_the_new_channel(office: Post, error: str) -> None:
    rule = office.rule(SALES)
    office.fault("reset", when="before")
    number = office.add(SALES, rule=rule)
    assert office.tick().unknown == 1
    move(office, CUSTOMER_CARE)
    office.fault("error", error=error, channel=SALES, times=None)
    office.look()
    office.tick(1_000)
    message = office.message(number)
    assert (message.state, message.posted_channel) == (Delivery.SENT, CUSTOMER_CARE)
    assert (office.degraded(rule), office.notices()) == (None, [])
    assert [call.args.get("channel") for call in office.slack.api.calls(POST) if call.accepted] == [
        CUSTOMER_CARE
    ]
