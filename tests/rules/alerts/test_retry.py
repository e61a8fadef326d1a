"""What becomes of a message after each kind of end of an attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.retry import (
    BAD_PAYLOAD,
    CLOSED_CHANNEL,
    DEAD_CHANNEL,
    DEAD_TOKEN,
    PASSING,
    ROOT_GONE,
    Deletion,
    Delivery,
    DeliveryPolicy,
    Outcome,
    Refusal,
    Remedy,
    Silence,
    Trouble,
    after_deletion,
    after_refusal,
    after_silence,
    backoff,
    trouble_of,
)

POLICY = DeliveryPolicy()
NOW = 1_000_000


@pytest.mark.parametrize(
    ("error", "state", "remedy", "wait"),
    [
        ("ratelimited", Delivery.PENDING, Remedy.HOLD_CHANNEL, 7_000),
        ("channel_not_found", Delivery.PENDING, Remedy.REROUTE, 0),
        ("is_archived", Delivery.PENDING, Remedy.REROUTE, 0),
        ("not_in_channel", Delivery.PENDING, Remedy.HOLD_CHANNEL, POLICY.blocked),
        ("token_revoked", Delivery.PENDING, Remedy.HOLD_ALL, POLICY.blocked),
        ("missing_scope", Delivery.PENDING, Remedy.HOLD_ALL, POLICY.blocked),
        ("invalid_blocks", Delivery.PENDING, Remedy.PLAIN_TEXT, 0),
        ("unreachable", Delivery.PENDING, Remedy.NOTHING, POLICY.backoff),
        ("no_text", Delivery.DEAD, Remedy.NOTHING, None),
    ],
)
def test_each_refusal_has_its_own_outcome(
    error: str, state: Delivery, remedy: Remedy, wait: int | None
) -> None:
    found = after_refusal(
        Refusal(error, retry_after=7_000), attempts=1, plain=False, rerouted=False, now=NOW, policy=POLICY
    )
    assert found == Outcome(state, error, retry_at=None if wait is None else NOW + wait, remedy=remedy)


def test_a_dead_channel_without_another_is_waited_for() -> None:
    found = after_refusal(
        Refusal("is_archived"), attempts=1, plain=False, rerouted=True, now=NOW, policy=POLICY
    )
    assert found == Outcome(
        Delivery.PENDING, "is_archived", retry_at=NOW + POLICY.blocked, remedy=Remedy.HOLD_CHANNEL
    )


def test_a_layout_refused_twice_is_the_end() -> None:
    found = after_refusal(
        Refusal("invalid_blocks"), attempts=2, plain=True, rerouted=False, now=NOW, policy=POLICY
    )
    assert found == Outcome(Delivery.DEAD, "invalid_blocks")


def test_a_429_without_a_time_waits_half_a_minute() -> None:
    found = after_refusal(
        Refusal("ratelimited"), attempts=1, plain=False, rerouted=False, now=NOW, policy=POLICY
    )
    assert found.retry_at == NOW + 30_000


@given(st.sampled_from(["TimeoutError", "ConnectionResetError", "status_500"]))
def test_silence_is_never_sent_again_before_it_was_looked_for(what: str) -> None:
    found = after_silence(Silence(what), now=NOW, policy=POLICY)
    assert found == Outcome(Delivery.UNKNOWN, what, retry_at=NOW + POLICY.settle)


@given(st.integers(1, 10_000))
def test_backoff_grows_and_is_bounded(attempts: int) -> None:
    assert POLICY.backoff <= backoff(attempts, POLICY) <= backoff(attempts + 1, POLICY) <= POLICY.max_backoff


def test_a_lease_outlasts_the_call_under_it() -> None:
    assert POLICY.lease > POLICY.call_timeout


@pytest.mark.parametrize("replaced", range(4))
def test_a_deleted_message_is_posted_anew_while_its_alert_goes_on_and_a_few_times_only(replaced: int) -> None:
    assert after_deletion(goes_on=False, replaced=replaced, policy=POLICY) is Deletion.ENDED
    wanted = Deletion.REPLACED if replaced < POLICY.replacements else Deletion.AGAIN
    assert after_deletion(goes_on=True, replaced=replaced, policy=POLICY) is wanted


def test_no_error_is_of_two_kinds() -> None:
    kinds = [DEAD_CHANNEL, CLOSED_CHANNEL, DEAD_TOKEN, BAD_PAYLOAD, PASSING, ROOT_GONE]
    assert len(frozenset().union(*kinds)) == sum(len(kind) for kind in kinds)
    assert {trouble_of(error) for kind in kinds for error in kind} == set(Trouble)
