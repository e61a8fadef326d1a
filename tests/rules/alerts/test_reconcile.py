"""What is done about a message of unclear fate: every wait is bounded, and nothing is repeated that is to be held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.reconcile import (
    after_look,
    after_unread,
    next_unread_verification,
    next_verification,
    pause,
)
from rules.alerts.retry import LONGEST_WAIT, Delivery, DeliveryPolicy, Outcome, Remedy
from rules.alerts.rule import Unreadable
from rules.instants import DAY, MINUTE

POLICY = DeliveryPolicy()
NOW = 1_750_000_000_000


def test_the_looks_before_a_resend_add_up_to_the_lag_that_is_promised() -> None:
    waited, looks, at = POLICY.settle, 0, NOW + POLICY.settle
    while (outcome := after_look(looks=looks + 1, now=at, policy=POLICY)).state is Delivery.UNKNOWN:
        assert outcome.retry_at is not None
        waited, looks, at = waited + outcome.retry_at - at, looks + 1, outcome.retry_at
    assert outcome == Outcome(Delivery.PENDING, "not_in_history", retry_at=at)
    assert waited == POLICY.settle * (2**POLICY.looks - 1)


def test_second_copies_are_looked_for_longer_than_that_and_not_for_ever() -> None:
    looks, at = 0, NOW + POLICY.settle
    while (again := next_verification(looks=looks + 1, now=at, policy=POLICY)) is not None:
        looks, at = looks + 1, again
    assert at - NOW == POLICY.settle * (2**POLICY.verifying - 1)
    assert at - NOW > POLICY.settle * (2**POLICY.looks - 1)


@given(st.integers(0, 10_000))
def test_pauses_grow_and_are_bounded(looks: int) -> None:
    assert POLICY.settle <= pause(looks, POLICY) <= pause(looks + 1, POLICY) <= LONGEST_WAIT


unread = st.fixed_dictionaries(
    {
        "passing": st.booleans(),
        "retry_after": st.none() | st.integers(0, 10 * LONGEST_WAIT),
        "since": st.integers(NOW - 2 * DAY, NOW),
        "stuck": st.booleans(),
    }
)


@given(unread)
def test_repeat_sends_again_once_history_was_unreadable_for_so_long_and_not_before(
    given_: dict[str, object],
) -> None:
    found = after_unread(
        "missing_scope",
        unreadable=Unreadable.REPEAT,
        now=NOW,
        policy=POLICY,
        **given_,  # type: ignore[arg-type]
    )
    over = int(str(given_["since"])) + POLICY.unread
    assert (found.state is Delivery.PENDING) == (over <= NOW)
    assert found.remedy is Remedy.NOTHING
    assert found.retry_at is not None
    # It is not waited beyond the instant at which it may be sent again.
    assert NOW <= found.retry_at <= max(NOW, over)


@given(unread)
def test_hold_never_sends_again_and_says_so_at_most_once(given_: dict[str, object]) -> None:
    found = after_unread(
        "missing_scope",
        unreadable=Unreadable.HOLD,
        now=NOW,
        policy=POLICY,
        **given_,  # type: ignore[arg-type]
    )
    assert found.state is Delivery.UNKNOWN
    assert found.retry_at is not None
    assert NOW <= found.retry_at <= NOW + LONGEST_WAIT
    late = int(str(given_["since"])) + POLICY.unread <= NOW
    told = not given_["stuck"] and (late or not given_["passing"])
    assert (found.remedy is Remedy.TELL_STUCK) == told


@pytest.mark.parametrize(("age", "again"), [(0, True), (DAY - 1, True), (DAY, False)])
def test_a_history_that_cannot_be_read_is_given_up_after_a_day(age: int, again: bool) -> None:
    found = next_unread_verification(sent_at=NOW - age, now=NOW, policy=POLICY)
    assert found == (NOW + POLICY.blocked if again else None)


def test_what_is_known_to_pass_is_asked_for_sooner_than_what_is_closed() -> None:
    def wait(passing: bool) -> int:
        found = after_unread(
            "e",
            passing=passing,
            retry_after=None,
            since=NOW,
            stuck=False,
            unreadable=Unreadable.HOLD,
            now=NOW,
            policy=POLICY,
        )
        assert found.retry_at is not None
        return found.retry_at - NOW

    assert wait(True) == POLICY.settle < wait(False) == POLICY.blocked < 10 * MINUTE
