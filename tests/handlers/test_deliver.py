"""Delivery over a real HTTP connection to a Slack that fails in every way: each message once, whatever happens."""

from collections import Counter
from contextlib import closing

import pytest

from handlers.finish import Round
from playground.people import CUSTOMER_CARE, GENERAL, SALES
from playground.server import Playground
from rules.alerts.retry import (
    BAD_PAYLOAD,
    CLOSED_CHANNEL,
    DEAD_CHANNEL,
    DEAD_TOKEN,
    NO_CHANNEL,
    PASSING,
    ROOT_GONE,
    UNREACHABLE,
    UNRENDERED,
    Delivery,
)
from storage import carriage, outbox, pace
from storage.database import Database
from storage.outbox import Call, Message, New, Subject
from tests.conftest import DatabaseUrls
from tests.handlers.post_office import MANAGER, POLICY, POST, Post


def test_a_message_is_posted_once_and_its_place_is_kept(office: Post) -> None:
    number = office.add()
    assert office.tick().sent == 1
    assert office.tick(5_000) == Round()
    message = office.message(number)
    assert (message.state, message.posted_channel) == (Delivery.SENT, CUSTOMER_CARE)
    assert office.standing() == {message.key: 1}


def test_a_429_holds_its_channel_and_no_other(office: Post) -> None:
    office.fault("ratelimited", retry_after=7)
    here, there = office.add(CUSTOMER_CARE), office.add(SALES)
    office.tick()
    states = {office.message(here).state, office.message(there).state}
    assert states == {Delivery.PENDING, Delivery.SENT}
    assert office.tick(6_000).sent == 0
    assert office.tick(1_000).sent == 1


def test_an_edit_of_unclear_fate_is_never_believed(office: Post) -> None:
    """The edit is taken and its answer lost; meanwhile the alert is as it was: nobody may call that unchanged."""
    number = office.add()
    office.tick()
    office.edit(number, "Claimed.")
    office.fault("reset", "chat.update", when="after")
    assert office.tick(2_000).unknown == 1
    office.edit(number, "It says *this*.")
    for _ in range(4):
        office.tick(POLICY.settle)
    assert office.shows(number) == "It says *this*."


def test_an_edit_that_lands_late_is_put_right(office: Post) -> None:
    number = office.add()
    office.tick()
    office.edit(number, "Claimed.")
    office.fault("status", "chat.update", when="before")
    office.tick(2_000)
    office.edit(number, "Resolved.")
    assert office.tick(2_000) == Round(), "the later edit waits for the earlier one"
    office.ghost.chat_update(channel=CUSTOMER_CARE, ts=str(office.message(number).ts), text="Claimed.")
    for _ in range(4):
        office.tick(POLICY.settle)
    assert office.shows(number) == "Resolved."


def test_a_dead_channel_without_another_recovers_by_itself(office: Post) -> None:
    number = office.add()
    office.slack.workspace.change_channel(CUSTOMER_CARE, archived=True)
    office.tick()
    for _ in range(3):
        office.tick(POLICY.blocked)
    assert office.message(number).state is Delivery.PENDING
    office.slack.workspace.change_channel(CUSTOMER_CARE, archived=False)
    office.tick(POLICY.blocked)
    assert office.message(number).state is Delivery.SENT


def test_the_end_of_an_alert_is_told_once_its_channel_is_back(office: Post) -> None:
    number = office.add()
    office.tick()
    office.slack.workspace.change_channel(CUSTOMER_CARE, archived=True)
    office.edit(number, "Resolved.")
    reply = office.add(call=Call.REPLY, root=number)
    for _ in range(3):
        office.tick(POLICY.blocked)
    office.slack.workspace.change_channel(CUSTOMER_CARE, archived=False)
    for _ in range(3):
        office.tick(POLICY.blocked)
    assert office.shows(number) == "Resolved."
    assert office.message(reply).state is Delivery.SENT


def test_what_was_claimed_too_long_ago_is_not_sent(office: Post) -> None:
    number = office.add()
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="one", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    office.deliverer._send(taken, latest=office.clock.at - 1)
    assert office.standing() == Counter()
    assert office.tick(1_000).sent == 1
    assert office.message(number).state is Delivery.SENT


@pytest.mark.parametrize("error", ["token_revoked", "missing_scope"])
def test_without_a_token_everything_waits_and_nothing_is_lost(office: Post, error: str) -> None:
    office.fault("error", error=error)
    first, second = office.add(), office.add(SALES)
    office.deliverer._send(claim_one(office), latest=office.clock.at)
    assert office.tick(1_000) == Round()
    with office.ctx.database.reading() as tx:
        assert pace.held(tx, now=office.clock.at)[pace.EVERYWHERE] == error
    office.tick(POLICY.blocked)
    assert [office.message(one).state for one in (first, second)] == [Delivery.SENT, Delivery.SENT]


def claim_one(office: Post) -> Message:
    """Take the first message alone, as if the second came a moment later."""
    with office.ctx.database.writing() as tx:
        first, *others = carriage.claim(
            tx, owner="one", now=office.clock.at, lease=POLICY.lease, interval=1_000
        )
        for other in others:
            assert carriage.finish(tx, other, state=Delivery.PENDING)
    return first


def test_a_layout_that_slack_refuses_is_sent_as_words(office: Post) -> None:
    office.blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]
    number = office.add()
    assert office.tick().again == 1
    assert office.tick(1_000).sent == 1
    assert office.message(number).plain
    [message] = [one for one in office.slack.workspace.everything() if one.metadata]
    assert (message.text, message.blocks) == ("It says *this*.", ())


def test_an_edit_that_changes_nothing_is_not_made(office: Post) -> None:
    number = office.add()
    office.tick()
    for shown, calls in (("It says *this*.", 0), ("Now that.", 1)):
        office.shown = shown
        with office.ctx.database.writing() as tx:
            outbox.add_updates(tx, [outbox.get(tx, number)], now=office.clock.at)
        office.tick(2_000)
        assert len(office.slack.api.calls("chat.update")) == calls


def test_a_message_that_cannot_be_made_is_not_lost(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    number = office.add()
    monkeypatch.setattr(office.deliverer, "_render", lambda *_: 1 / 0)
    assert office.tick().again == 1
    monkeypatch.setattr(office.deliverer, "_render", office.render)
    assert office.tick(POLICY.backoff).sent == 1
    assert office.message(number).state is Delivery.SENT


def test_what_hangs_on_a_dead_message_is_let_go(office: Post) -> None:
    office.fault("error", error="no_text")
    root = office.add()
    assert office.tick().dead == 1
    reply = office.add(call=Call.REPLY, root=root)
    office.tick(2_000)
    assert office.message(reply).state is Delivery.EXPIRED
    with office.ctx.database.reading() as tx:
        assert outbox.waiting(tx).oldest is None


ANSWERS = {
    "dead channel": DEAD_CHANNEL,
    "closed channel": CLOSED_CHANNEL - {NO_CHANNEL},
    "dead token": DEAD_TOKEN,
    "bad payload": BAD_PAYLOAD,
    "passing": PASSING - {UNREACHABLE, UNRENDERED},
    "unclear": {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "NOT A CODE", ""},
    "limit": {"ratelimited", "rate_limited"},
    "unknown": {"a_new_one", "no_text", "invalid_arguments", "method_deprecated"} | ROOT_GONE,
}
"""Whatever Slack may say to a call, by what is done about it; all of it comes over the wire."""


def held(office: Post) -> dict[str, str]:
    with office.ctx.database.reading() as tx:
        return pace.held(tx, now=office.clock.at)


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_refusal_of_a_message_has_its_outcome(office: Post, kind: str) -> None:
    rule = office.rule(SALES, author=MANAGER)
    for error in sorted(ANSWERS[kind]):
        number = office.add(SALES, rule=rule)
        office.fault("error", error=error, channel=SALES)
        office.tick(POLICY.blocked)
        message, holds = office.message(number), held(office)
        pending = message.state is Delivery.PENDING
        match kind:
            case "dead channel":
                assert (message.posted_channel, message.rerouted) == (CUSTOMER_CARE, True), error
            case "closed channel":
                assert (pending, holds) == (True, {SALES: error}), error
            case "dead token":
                assert (pending, holds) == (True, {pace.EVERYWHERE: error}), error
            case "bad payload":
                assert (pending, message.plain, holds) == (True, True, {}), error
            case "passing":
                assert (pending, holds) == (True, {}), error
                assert message.next_at > office.clock.at
            case "limit":
                assert (pending, holds) == (True, {SALES: "ratelimited"}), error
            case "unclear":
                assert (message.state, holds) == (Delivery.UNKNOWN, {}), error
            case _:
                assert message.state is Delivery.DEAD, error
                assert office.degraded(rule) == error
        office.tick(POLICY.blocked)
        office.tick(POLICY.blocked)
        assert (office.message(number).state is Delivery.SENT) == (kind != "unknown"), error
    assert set(office.standing().values()) == {1}


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_refusal_of_an_edit_or_a_reply_is_the_last_word_but_of_what_nobody_knows(
    office: Post, kind: str
) -> None:
    root = office.add(SALES)
    office.tick()
    # The decision knows no difference between errors of a kind; that each is of its kind shows above.
    for error in sorted(ANSWERS[kind] - ROOT_GONE)[:2]:
        reply = office.reply(root)
        office.edit(root, f"After {error}.")
        office.fault("error", error=error, channel=SALES)
        office.fault("error", "chat.update", error=error, channel=SALES)
        for _ in range(4):
            office.tick(POLICY.blocked)
        if kind == "unknown":
            assert office.message(reply).state is Delivery.DEAD, error
        else:
            assert office.message(reply).state is Delivery.SENT, error
            assert office.shows(root) == f"After {error}."


@pytest.mark.parametrize(("retry_after", "wait"), [(7, 7_000), (None, 30_000), (0, 1_000)])
def test_a_429_with_and_without_a_time_is_waited_for(
    office: Post, retry_after: int | None, wait: int
) -> None:
    office.fault("ratelimited", retry_after=retry_after)
    office.add()
    office.tick()
    assert office.tick(wait - 1).sent == 0
    assert office.tick(1).sent == 1


def test_alerts_overtake_digests_and_people_overtake_alerts(office: Post) -> None:
    digests = [office.add(subject=Subject.DIGEST) for _ in range(2)]
    alerts = [office.add() for _ in range(2)]
    with office.ctx.database.writing() as tx:
        asked = outbox.add(
            tx,
            New(call=Call.REPLY, subject=Subject.STEPS, channel="", root=digests[1], urgent=True),
            now=office.clock.at,
        )
    for _ in range(6):
        office.tick(1_000)
    wanted = [digests[1], asked, *alerts, digests[0]]
    assert sorted(wanted, key=lambda number: str(office.message(number).ts)) == wanted, (
        "what must go before the answer that a person waits for is pulled along"
    )


def test_the_order_within_an_alert_outlasts_retries_unclear_ends_and_another_channel(office: Post) -> None:
    rule = office.rule(SALES)
    office.slack.workspace.change_channel(SALES, archived=True)
    root = office.add(SALES, rule=rule)
    replies = [office.reply(root, rule=rule) for _ in range(4)]
    office.fault("ratelimited", channel=CUSTOMER_CARE, retry_after=3)
    office.fault("reset", when="before", channel=CUSTOMER_CARE)
    office.fault("reset", when="after", channel=CUSTOMER_CARE)
    office.fault("error", channel=CUSTOMER_CARE, error="accesslimited", probability=0.5, times=3)
    for _ in range(20):
        office.tick(20_000)
    wanted = [root, *replies]
    assert {office.message(number).state for number in wanted} == {Delivery.SENT}
    assert sorted(wanted, key=lambda number: str(office.message(number).ts)) == wanted
    assert set(office.standing().values()) == {1}


def test_edits_are_one_through_restarts(office: Post) -> None:
    """Each life of a process asks for an edit, takes it, and dies; in the end the last state is shown, by one call."""
    root = office.add()
    office.tick()
    for life in range(3):
        office.edit(root, f"State {life}.")
        with office.ctx.database.writing() as tx:
            carriage.claim(tx, owner=f"life {life}", now=office.clock.at, lease=POLICY.lease, interval=1_000)
        office.edit(root, f"State {life} and a half.")
        office.clock.at += POLICY.lease + 1
        with office.ctx.database.writing() as tx:
            carriage.expire_leases(tx, now=office.clock.at, lease=POLICY.lease, settle=POLICY.settle)
    for _ in range(6):
        office.tick(POLICY.settle)
    assert office.shows(root) == "State 2 and a half."
    assert len(office.slack.api.calls("chat.update")) == 1


def test_a_burst_of_1000_drains_at_one_a_second_and_holds_up_no_other_channel(
    new_database_url: DatabaseUrls, slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database(new_database_url("sqlite"))) as database:
        office = Post(database, slack)
        # Slack keeps to its own pace: whoever is faster gets a 429.
        monkeypatch.setattr(slack.pace, "interval_s", 1.0)
        monkeypatch.setattr(slack.pace, "burst", 1)
        new = New(call=Call.POST, subject=Subject.ALERT, channel=SALES)
        with database.writing() as tx:
            outbox.add_all(tx, [new] * 1_000, now=office.clock.at)
        began = office.clock.at
        elsewhere = []
        for second in range(1_000):
            if second % 250 == 10:
                elsewhere.append((office.clock.at, office.add(GENERAL)))
            office.tick(1_000 if second else 0)
        assert office.clock.at - began == 999_000
        with database.reading() as tx:
            assert outbox.waiting(tx).counts == {}
        assert set(office.standing().values()) == {1}
        assert len(office.standing()) == 1_000 + len(elsewhere)
        assert {call.outcome for call in slack.api.calls(POST)} == {"ok"}
        assert all((office.message(number).sent_at or 0) - at == 1_000 for at, number in elsewhere)
        office.deliverer.close()


def test_slack_down_for_an_hour_loses_nothing(office: Post) -> None:
    office.fault("status", "*", status=503, times=None)
    numbers = [office.add() for _ in range(5)]
    for _ in range(30):
        office.tick(120_000)
    office.slack.faults.clear()
    for _ in range(40):
        office.tick(5_000)
    assert {office.message(number).state for number in numbers} == {Delivery.SENT}
    assert set(office.standing().values()) == {1}
    assert len(office.standing()) == 5
