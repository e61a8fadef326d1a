"""Messages of unclear fate: each stands there once, whatever becomes of the calls, of history and of carriers."""

import pytest

from handlers.finish import Round
from handlers.slack.sender import METADATA_EVENT
from playground.faults import Fault
from playground.people import CUSTOMER_CARE, SALES
from rules.alerts.reconcile import pause
from rules.alerts.retry import Delivery
from rules.alerts.rule import Unreadable
from rules.instants import MINUTE
from storage import carriage, rules
from storage.outbox import Message, Subject
from tests.handlers.post_office import HISTORY, MANAGER, OWNER, POLICY, POST, Post


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", POST, "after", times=1),
        Fault("status", POST, "after", times=1),
        Fault("truncate", POST, "after", times=1),
        Fault("slow", POST, "after", times=1, seconds=0.9),
        Fault("drip", POST, "after", times=1, seconds=9),
        Fault("error", POST, "after", times=1, error="fatal_error"),
        Fault("reset", POST, "before", times=1),
        Fault("status", POST, "before", times=1),
    ],
    ids=lambda fault: f"{fault.kind} {fault.when}",
)
def test_silence_is_looked_for_before_it_is_sent_again(office: Post, fault: Fault) -> None:
    office.slack.faults.add(fault)
    number = office.add()
    carrier = office.carrier("one", deadline_s=0.7 if fault.kind in ("slow", "drip") else 8)
    assert carrier.tick().unknown == 1
    carrier.close()
    assert office.tick(POLICY.settle - 1) == Round()
    office.tick(1)
    assert office.message(number).state is (Delivery.SENT if fault.when == "after" else Delivery.UNKNOWN)
    assert office.tick(2 * POLICY.settle - 1).sent == 0
    office.tick(1)
    message = office.message(number)
    assert message.state is Delivery.SENT
    assert office.standing() == {message.key: 1}
    assert message.reason == ("found_in_history" if fault.when == "after" else "ok")


def lost(office: Post, **more: object) -> int:
    """A message that Slack took, without a word."""
    office.fault("reset", when="after")
    number = office.add(CUSTOMER_CARE, **more)  # type: ignore[arg-type]
    assert office.tick().unknown == 1
    return number


def test_history_that_lags_by_less_than_the_looks_take_makes_no_double(office: Post) -> None:
    lag = POLICY.settle * (2**POLICY.looks - 1) / 1_000
    office.fault("lag", HISTORY, seconds=lag, times=None)
    number = lost(office)
    office.look()
    assert office.message(number).reason == "found_in_history"
    assert len(office.slack.api.calls(POST)) == 1


def test_history_that_lags_longer_makes_a_double_that_is_deleted(office: Post) -> None:
    office.fault("lag", HISTORY, seconds=200, times=None)
    number = lost(office)
    office.look()
    key = office.message(number).key
    assert office.standing() == {key: 2}
    assert office.verify().doubles_deleted == 1
    assert office.standing() == {key: 1}
    assert office.shows(number) == "It says *this*."


def test_a_reply_of_unclear_fate_is_found_in_its_thread_though_that_lags(office: Post) -> None:
    root = office.add()
    office.tick()
    office.fault("lag", "conversations.replies", seconds=15, times=None)
    number = office.reply(root)
    office.fault("reset", when="after")
    assert office.tick(2_000).unknown == 1
    assert office.look().sent == 1
    assert office.standing()[office.message(number).key] == 1


def test_a_rate_limit_of_history_is_waited_for(office: Post) -> None:
    number = lost(office)
    office.fault("ratelimited", HISTORY, retry_after=30)
    office.tick(POLICY.settle)
    assert office.message(number).reason == "unreadable:ratelimited"
    assert office.tick(29_999) == Round()
    assert office.tick(1).sent == 1
    assert office.standing() == {office.message(number).key: 1}


UNREADABLE = [
    Fault("error", HISTORY, error="missing_scope"),
    Fault("status", HISTORY, status=503),
    Fault("ratelimited", HISTORY, retry_after=20),
]


@pytest.mark.parametrize("fault", UNREADABLE, ids=lambda fault: f"{fault.kind} {fault.error}")
def test_repeat_sends_again_after_a_while(office: Post, fault: Fault) -> None:
    rule = office.rule(CUSTOMER_CARE, unreadable=Unreadable.REPEAT)
    number = lost(office, rule=rule)
    office.slack.faults.add(fault)
    office.tick(POLICY.settle)
    began = office.clock.at
    while office.clock.at < began + POLICY.unread - POLICY.blocked:
        office.tick(POLICY.blocked)
    office.tick(POLICY.blocked - MINUTE)
    assert len(office.slack.api.calls(POST)) == 1, "not before it was tried for so long"
    office.tick(MINUTE)
    office.tick(MINUTE)
    key = office.message(number).key
    assert office.message(number).state is Delivery.SENT
    assert office.standing() == {key: 2}, "the risk that the rule takes"
    office.slack.faults.clear()
    for _ in range(3):
        office.tick(POLICY.blocked)
    assert office.standing() == {key: 1}, "once history can be read, the double is gone"


@pytest.mark.parametrize("fault", UNREADABLE, ids=lambda fault: f"{fault.kind} {fault.error}")
def test_hold_waits_and_says_so_once(office: Post, fault: Fault) -> None:
    rule = office.rule(CUSTOMER_CARE, unreadable=Unreadable.HOLD)
    number = lost(office, rule=rule)
    office.slack.faults.add(fault)
    for _ in range(7):
        office.tick(POLICY.blocked)
    assert office.message(number).state is Delivery.UNKNOWN
    told = office.notices()
    assert sorted(one.channel for one in told) == sorted([OWNER, MANAGER])
    assert {one.payload["code"] for one in told} == {"delivery_stuck"}
    assert len([call for call in office.slack.api.calls(POST) if call.accepted]) == 1 + len(told)
    office.slack.faults.clear()
    office.tick(POLICY.blocked)
    assert office.message(number).reason == "found_in_history"


def test_one_that_is_held_goes_on_once_its_rule_lets_it_be_repeated(office: Post) -> None:
    rule = office.rule(CUSTOMER_CARE, unreadable=Unreadable.HOLD)
    number = lost(office, rule=rule)
    office.fault("error", HISTORY, error="missing_scope", times=None)
    for _ in range(4):
        office.tick(POLICY.blocked)
    with office.ctx.database.writing() as tx:
        found = rules.by_id(tx, rule)
        assert found is not None
        body = rules.history(tx, rule)[0].body
        said = {"author": OWNER, "now": 1, "diff": ""}
        rules.edit(tx, found, body=type(body)(body.condition, body.channel), **said)  # type: ignore[arg-type]
    office.tick(POLICY.blocked)
    office.tick(1_000)
    assert office.message(number).state is Delivery.SENT


def test_unreadable_history_holds_up_nothing_else_in_the_channel(office: Post) -> None:
    lost(office)
    office.fault("error", HISTORY, error="missing_scope", times=None)
    office.tick(POLICY.settle)
    other = office.add(CUSTOMER_CARE)
    assert office.tick(1_000).sent == 1
    assert office.message(other).state is Delivery.SENT


def test_a_notice_of_unclear_fate_is_sent_again_but_not_again_and_again(office: Post) -> None:
    """Direct messages cannot be read back with the scopes that the app has."""
    number = office.add(OWNER, subject=Subject.NOTICE)
    office.fault("reset", when="after", times=5)
    for _ in range(8):
        office.tick(POLICY.settle)
    assert office.message(number).state is Delivery.EXPIRED
    assert len(office.slack.api.calls(POST)) == 3


def claim(office: Post, owner: str) -> Message:
    with office.ctx.database.writing() as tx:
        [taken] = carriage.claim(tx, owner=owner, now=office.clock.at, lease=POLICY.lease, interval=1_000)
    return taken


def test_a_carrier_that_died_leaves_its_message_to_the_next(office: Post) -> None:
    number = office.add()
    claim(office, "dead")
    assert office.tick(POLICY.lease) == Round()
    office.tick(1)
    office.look()
    assert office.message(number).state is Delivery.SENT
    assert office.standing() == {office.message(number).key: 1}


def come_back(office: Post, taken: Message) -> Round:
    """Let a carrier that had been stopped in mid-call send what it took."""
    other = office.carrier("stopped")
    done = other._send(taken, latest=office.clock.at)
    other.close()
    return done


def test_a_carrier_that_was_stopped_in_mid_call_deletes_its_double(office: Post) -> None:
    number = office.add()
    taken = claim(office, "stopped")
    office.tick(POLICY.lease + 1)
    office.look()
    assert office.message(number).state is Delivery.SENT
    assert come_back(office, taken).doubles_deleted == 1
    assert office.standing() == {office.message(number).key: 1}


@pytest.mark.parametrize("after", [0, POLICY.verifying - 1])
def test_a_double_that_comes_to_light_late_is_deleted(office: Post, after: int) -> None:
    """The first attempt is taken by Slack only after the second was sent: nobody is left who knows of it."""
    number = office.add()
    office.fault("status", when="before")
    office.tick()
    office.look()
    message = office.message(number)
    assert message.state is Delivery.SENT
    for look in range(after):
        office.tick(pause(look, POLICY))
    office.ghost.chat_postMessage(
        channel=CUSTOMER_CARE,
        text="late",
        metadata={"event_type": METADATA_EVENT, "event_payload": {"key": message.key}},
    )
    assert office.standing() == {message.key: 2}
    assert office.tick(pause(after, POLICY)).doubles_deleted == 1
    assert office.standing() == {message.key: 1}
    assert office.verify() == Round()
    with office.ctx.database.writing() as tx:
        assert carriage.to_verify(tx, now=office.clock.at * 2, again_at=0, limit=9) == []


def test_what_was_refused_and_sent_again_need_not_be_verified(office: Post) -> None:
    office.fault("ratelimited", retry_after=1)
    office.add()
    office.tick()
    assert office.tick(1_000).sent == 1
    office.verify()
    assert office.slack.api.calls(HISTORY) == ()


def test_a_late_copy_that_is_adopted_is_compared_with_history(office: Post) -> None:
    """One carrier is stopped, the next sends and hears nothing, and then the first comes back with its copy."""
    number = office.add()
    taken = claim(office, "stopped")
    office.tick(POLICY.lease + 1)
    office.fault("reset", when="after")
    office.look()
    come_back(office, taken)
    assert office.standing()[office.message(number).key] == 2
    office.look()
    office.verify()
    assert office.standing() == {office.message(number).key: 1}


def test_a_copy_whose_sender_heard_nothing_and_had_lost_it_is_looked_for(office: Post) -> None:
    number = office.add(SALES)
    taken = claim(office, "stopped")
    office.tick(POLICY.lease + 1)
    office.look()
    office.verify()
    office.fault("reset", when="after")
    come_back(office, taken)
    assert office.standing()[office.message(number).key] == 2
    office.tick(POLICY.settle)
    assert office.standing() == {office.message(number).key: 1}
