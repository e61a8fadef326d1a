"""Delivery over a real HTTP connection to a Slack that fails in every way: each message once, whatever happens."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk import WebClient

from handlers.deliver import Deliverer
from handlers.finish import Round
from handlers.slack.sender import METADATA_EVENT, Sender
from playground.faults import Fault
from playground.people import CUSTOMER_CARE, SALES
from playground.server import Playground
from rules.alerts.retry import Delivery, DeliveryPolicy
from rules.alerts.rule import RuleBody
from storage import carriage, outbox, pace, rules
from storage.database import Database, Transaction
from storage.outbox import Call, Message, New, Subject
from tests.contexts import StillClock, context

POLICY = DeliveryPolicy(call_timeout=500)
MANAGER = "U08MAYAORTZ"


@dataclass
class Drawn:
    text: str
    blocks: list[dict[str, Any]]

    @property
    def content(self) -> str:
        return repr((self.text, self.blocks))


@pytest.fixture(scope="module")
def workspace() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as slack:
        yield slack


@pytest.fixture
def slack(workspace: Playground) -> Playground:
    workspace.reset()
    workspace.change_installation(token_error=None)
    for channel in (CUSTOMER_CARE, SALES):
        workspace.workspace.change_channel(channel, archived=False, app_is_member=True)
    return workspace


class Post:
    """One process that carries messages, and a clock to move."""

    def __init__(self, database: Database, slack: Playground) -> None:
        self.clock = StillClock(time.time_ns() // 1_000_000)
        self.ctx = context(
            database, now=self.clock, default_channel=CUSTOMER_CARE, managers=frozenset({MANAGER, "S1"})
        )
        self.slack = slack
        self.shown = "It says *this*."
        self.blocks: list[dict[str, Any]] = []
        self.deliverer = self.carrier("one")

    def carrier(self, owner: str) -> Deliverer:
        client = WebClient(
            token=self.slack.bot_token, base_url=self.slack.api_url, timeout=1, retry_handlers=[]
        )
        return Deliverer(self.ctx, Sender(client), self.render, owner=owner, policy=POLICY)

    def render(self, _tx: Transaction, _message: Message, _ctx: object) -> Drawn:
        return Drawn(self.shown, self.blocks)

    def add(
        self, channel: str = "", *, call: Call = Call.POST, root: int | None = None, rule: int | None = None
    ) -> int:
        with self.ctx.database.writing() as tx:
            return outbox.add(
                tx,
                New(
                    call=call,
                    subject=Subject.STEPS if root else Subject.ALERT,
                    channel=channel,
                    root=root,
                    rule_id=rule,
                ),
                now=self.clock.at,
            )

    def tick(self, after: int = 0) -> Round:
        self.clock.at += after
        return self.deliverer.tick()

    def message(self, number: int) -> Message:
        with self.ctx.database.reading() as tx:
            return outbox.get(tx, number)

    def standing(self) -> Counter[str]:
        """How often each key stands in the workspace."""
        return Counter(
            message.metadata["event_payload"]["key"]
            for message in self.slack.workspace.everything()
            if message.metadata and message.metadata["event_type"] == METADATA_EVENT and not message.deleted
        )


@pytest.fixture
def office(database: Database, slack: Playground) -> Iterator[Post]:
    made = Post(database, slack)
    yield made
    made.deliverer.close()


def test_a_message_is_posted_once_and_its_place_is_kept(office: Post) -> None:
    number = office.add()
    assert office.tick().sent == 1
    assert office.tick(5_000) == Round()
    message = office.message(number)
    assert (message.state, message.posted_channel) == (Delivery.SENT, CUSTOMER_CARE)
    assert office.standing() == {message.key: 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", method="chat.postMessage", when="after", times=1),
        Fault("status", method="chat.postMessage", when="after", times=1),
        Fault("truncate", method="chat.postMessage", when="after", times=1),
        Fault("slow", method="chat.postMessage", when="after", times=1, seconds=1.2),
        Fault("reset", method="chat.postMessage", when="before", times=1),
        Fault("status", method="chat.postMessage", when="before", times=1),
    ],
    ids=lambda fault: f"{fault.kind} {fault.when}",
)
def test_silence_is_looked_for_before_it_is_sent_again(office: Post, fault: Fault) -> None:
    office.slack.faults.add(fault)
    number = office.add()
    assert office.tick().unknown == 1
    assert office.tick(POLICY.settle - 1) == Round()
    office.tick(1)
    office.tick(2_000)
    message = office.message(number)
    assert message.state is Delivery.SENT
    assert office.standing() == {message.key: 1}
    assert message.reason == ("found_in_history" if fault.when == "after" else "ok")


def test_a_reply_of_unclear_fate_is_found_in_its_thread(office: Post) -> None:
    root = office.add()
    office.tick()
    number = office.add(call=Call.REPLY, root=root)
    office.slack.faults.add(Fault("reset", method="chat.postMessage", when="after", times=1))
    assert office.tick(2_000).unknown == 1
    assert office.tick(POLICY.settle).sent == 1
    assert office.standing()[office.message(number).key] == 1


def test_while_history_cannot_be_read_nothing_is_sent_again(office: Post) -> None:
    office.slack.faults.add(
        Fault("reset", method="chat.postMessage", when="after", times=1),
        Fault("ratelimited", method="conversations.history", times=1, retry_after=30),
    )
    number = office.add()
    office.tick()
    office.tick(POLICY.settle)
    assert office.message(number).reason == "unreadable:ratelimited"
    assert office.tick(29_999) == Round()
    assert office.tick(1).sent == 1
    assert office.standing() == {office.message(number).key: 1}


def test_a_429_holds_its_channel_and_no_other(office: Post) -> None:
    office.slack.faults.add(Fault("ratelimited", method="chat.postMessage", times=1, retry_after=7))
    here, there = office.add(CUSTOMER_CARE), office.add(SALES)
    office.tick()
    states = {office.message(here).state, office.message(there).state}
    assert states == {Delivery.PENDING, Delivery.SENT}
    assert office.tick(6_000).sent == 0
    assert office.tick(1_000).sent == 1


def test_a_carrier_that_died_leaves_its_message_to_the_next(office: Post) -> None:
    number = office.add()
    with office.ctx.database.writing() as tx:
        [_taken] = carriage.claim(tx, owner="dead", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    assert office.tick(POLICY.lease) == Round()
    office.tick(1)
    office.tick(POLICY.settle)
    office.tick(1_000)
    assert office.message(number).state is Delivery.SENT
    assert office.standing() == {office.message(number).key: 1}


def test_a_carrier_that_was_stopped_in_mid_call_deletes_its_double(office: Post) -> None:
    number = office.add()
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="stopped", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    office.tick(POLICY.lease + 1)
    office.tick(POLICY.settle)
    office.tick(1_000)
    assert office.message(number).state is Delivery.SENT
    other = office.carrier("stopped")
    assert other._send(taken, latest=office.clock.at).doubles_deleted == 1
    other.close()
    assert office.standing() == {office.message(number).key: 1}


def test_a_double_that_comes_to_light_late_is_deleted(office: Post) -> None:
    """The first attempt is taken by Slack only after the second was sent: nobody is left who knows of it."""
    number = office.add()
    office.slack.faults.add(Fault("status", method="chat.postMessage", when="before", times=1))
    office.tick()
    office.tick(POLICY.settle)
    office.tick(1_000)
    message = office.message(number)
    assert message.state is Delivery.SENT
    ghost = WebClient(token=office.slack.bot_token, base_url=office.slack.api_url)
    ghost.chat_postMessage(
        channel=CUSTOMER_CARE,
        text="late",
        metadata={"event_type": METADATA_EVENT, "event_payload": {"key": message.key}},
    )
    assert office.standing() == {message.key: 2}
    assert office.tick(POLICY.settle).doubles_deleted == 1
    assert office.standing() == {message.key: 1}
    assert office.tick(POLICY.lease) == Round()


def edits(office: Post, root: int) -> None:
    with office.ctx.database.writing() as tx:
        outbox.add_updates(tx, [outbox.get(tx, root)], now=office.clock.at)


def shown(office: Post, number: int) -> str:
    ts = office.message(number).ts
    return next(one.text for one in office.slack.workspace.everything() if one.ts == ts)


def test_an_edit_of_unclear_fate_is_never_believed(office: Post) -> None:
    """The edit is taken and its answer lost; meanwhile the alert is as it was: nobody may call that unchanged."""
    number = office.add()
    office.tick()
    office.shown = "Claimed."
    edits(office, number)
    office.slack.faults.add(Fault("reset", method="chat.update", when="after", times=1))
    assert office.tick(2_000).unknown == 1
    office.shown = "It says *this*."
    edits(office, number)
    for _ in range(4):
        office.tick(POLICY.settle)
    assert shown(office, number) == "It says *this*."


def test_an_edit_that_lands_late_is_put_right(office: Post) -> None:
    number = office.add()
    office.tick()
    office.shown = "Claimed."
    edits(office, number)
    office.slack.faults.add(Fault("status", method="chat.update", when="before", times=1))
    office.tick(2_000)
    office.shown = "Resolved."
    edits(office, number)
    assert office.tick(2_000) == Round(), "the later edit waits for the earlier one"
    ghost = WebClient(token=office.slack.bot_token, base_url=office.slack.api_url)
    ghost.chat_update(channel=CUSTOMER_CARE, ts=str(office.message(number).ts), text="Claimed.")
    for _ in range(4):
        office.tick(POLICY.settle)
    assert shown(office, number) == "Resolved."


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
    office.shown = "Resolved."
    edits(office, number)
    reply = office.add(call=Call.REPLY, root=number)
    for _ in range(3):
        office.tick(POLICY.blocked)
    office.slack.workspace.change_channel(CUSTOMER_CARE, archived=False)
    for _ in range(3):
        office.tick(POLICY.blocked)
    assert shown(office, number) == "Resolved."
    assert office.message(reply).state is Delivery.SENT


def test_a_reply_to_a_deleted_message_holds_up_no_other(office: Post) -> None:
    root = office.add()
    office.tick()
    reply = office.add(call=Call.REPLY, root=root)
    office.slack.faults.add(Fault("status", method="chat.postMessage", when="before", times=1))
    office.tick(2_000)
    ghost = WebClient(token=office.slack.bot_token, base_url=office.slack.api_url)
    ghost.chat_delete(channel=CUSTOMER_CARE, ts=str(office.message(root).ts))
    office.tick(POLICY.settle)
    assert office.message(reply).state is Delivery.EXPIRED


def test_a_late_copy_that_is_adopted_is_compared_with_history(office: Post) -> None:
    """One carrier is stopped, the next sends and hears nothing, and then the first comes back with its copy."""
    number = office.add()
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="stopped", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    office.tick(POLICY.lease + 1)
    office.slack.faults.add(Fault("reset", method="chat.postMessage", when="after", times=1))
    office.tick(POLICY.settle)
    office.tick(1_000)
    other = office.carrier("stopped")
    other._send(taken, latest=office.clock.at)
    other.close()
    assert office.standing()[office.message(number).key] == 2
    for _ in range(3):
        office.tick(POLICY.settle)
    assert office.standing() == {office.message(number).key: 1}


def test_a_copy_whose_sender_heard_nothing_and_had_lost_it_is_looked_for(office: Post) -> None:
    number = office.add()
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="stopped", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    office.tick(POLICY.lease + 1)
    office.tick(POLICY.settle)
    office.tick(1_000)
    for _ in range(2):
        office.tick(POLICY.settle)
    office.slack.faults.add(Fault("reset", method="chat.postMessage", when="after", times=1))
    other = office.carrier("stopped")
    other._send(taken, latest=office.clock.at)
    other.close()
    assert office.standing()[office.message(number).key] == 2
    office.tick(POLICY.settle)
    assert office.standing() == {office.message(number).key: 1}


def test_what_was_claimed_too_long_ago_is_not_sent(office: Post) -> None:
    number = office.add()
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner="one", now=office.clock.at, lease=POLICY.lease, interval=1_000)
    office.deliverer._send(taken, latest=office.clock.at - 1)
    assert office.standing() == Counter()
    assert office.tick(1_000).sent == 1
    assert office.message(number).state is Delivery.SENT


def test_managers_are_told_of_one_trouble_once(office: Post) -> None:
    rule_id = rule(office, SALES)
    office.slack.workspace.change_channel(SALES, archived=True)
    for _ in range(3):
        number = office.add(SALES, rule=rule_id)
        office.tick(1_000)
        office.tick(1_000)
        office.add(call=Call.REPLY, root=number, rule=rule_id)
        office.tick(2_000)
    assert len(notices(office)) == 1
    assert degraded(office, rule_id) == "is_archived"


def rule(office: Post, channel: str) -> int:
    with office.ctx.database.writing() as tx:
        body = RuleBody(condition="never(purchase)", channel=channel)
        return rules.add(tx, name="lapsing", body=body, author="U1", now=0, diff="").id


def notices(office: Post) -> list[Message]:
    with office.ctx.database.reading() as tx:
        found = outbox.by_numbers(tx, range(1, 100))
    return [message for message in found.values() if message.subject is Subject.NOTICE]


def degraded(office: Post, rule_id: int) -> str | None:
    with office.ctx.database.reading() as tx:
        found = rules.by_id(tx, rule_id)
    assert found is not None
    return found.degraded


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found"])
def test_a_dead_channel_falls_back_and_is_told_to_the_managers(office: Post, error: str) -> None:
    rule_id = rule(office, SALES)
    office.slack.faults.add(Fault("error", method="chat.postMessage", error=error, times=1))
    number = office.add(SALES, rule=rule_id)
    office.tick()
    assert degraded(office, rule_id) == error
    [told] = notices(office)
    assert told.channel == MANAGER
    assert told.payload == {
        "code": "delivery_trouble",
        "params": {"rule": "lapsing", "channel": SALES, "error": error},
    }
    office.tick(1_000)
    assert (office.message(number).state, office.message(number).posted_channel) == (
        Delivery.SENT,
        CUSTOMER_CARE,
    )


def test_a_channel_that_needs_an_invitation_waits_for_it(office: Post) -> None:
    rule_id = rule(office, SALES)
    office.slack.workspace.change_channel(SALES, app_is_member=False)
    number = office.add(SALES, rule=rule_id)
    office.tick()
    assert (office.message(number).state, degraded(office, rule_id)) == (Delivery.PENDING, "not_in_channel")
    office.slack.workspace.change_channel(SALES, app_is_member=True)
    office.tick(POLICY.blocked)
    assert (office.message(number).posted_channel, degraded(office, rule_id)) == (SALES, None)


@pytest.mark.parametrize("error", ["token_revoked", "missing_scope"])
def test_without_a_token_everything_waits_and_nothing_is_lost(office: Post, error: str) -> None:
    office.slack.faults.add(Fault("error", method="chat.postMessage", error=error, times=1))
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
    office.slack.faults.add(Fault("error", method="chat.postMessage", error="no_text", times=1))
    root = office.add()
    assert office.tick().dead == 1
    reply = office.add(call=Call.REPLY, root=root)
    office.tick(2_000)
    assert office.message(reply).state is Delivery.EXPIRED
    with office.ctx.database.reading() as tx:
        assert outbox.waiting(tx).oldest is None


def test_slack_down_for_an_hour_loses_nothing(office: Post) -> None:
    office.slack.faults.add(Fault("status", status=503))
    numbers = [office.add() for _ in range(5)]
    for _ in range(30):
        office.tick(120_000)
    office.slack.faults.clear()
    for _ in range(40):
        office.tick(5_000)
    assert {office.message(number).state for number in numbers} == {Delivery.SENT}
    assert set(office.standing().values()) == {1}
    assert len(office.standing()) == 5
