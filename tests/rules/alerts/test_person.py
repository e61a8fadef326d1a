"""What a person may do to an alert."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.person import (
    BY_PERSON,
    LONGEST_SNOOZE,
    AlertEndedError,
    BadSnoozeError,
    ClaimedAlreadyError,
    ClaimedByOtherError,
    NotClaimedError,
    NotSnoozedError,
    Now,
    PersonDecision,
    Snooze,
    claim,
    resolve,
    snooze,
    snooze_until,
    unclaim,
    wake,
)
from rules.alerts.states import Reason, Resolution, Verb
from rules.instants import DAY, HOUR, Calendar

NOW = 1_760_000_000_000
BERLIN = Calendar.of("Europe/Berlin")


def test_claim_and_give_back() -> None:
    assert claim(Now(), "U1") == PersonDecision(Verb.CLAIM)
    assert unclaim(Now(claimed_by="U1")) == PersonDecision(Verb.UNCLAIM)
    with pytest.raises(ClaimedAlreadyError):
        claim(Now(claimed_by="U1"), "U1")
    with pytest.raises(ClaimedByOtherError) as other:
        claim(Now(claimed_by="U2"), "U1")
    assert other.value.params == {"by": "U2"}
    with pytest.raises(NotClaimedError):
        unclaim(Now())


def test_snooze_and_wake() -> None:
    assert snooze(Now(), NOW + HOUR, NOW) == PersonDecision(Verb.SNOOZE, until=NOW + HOUR)
    assert snooze(Now(snoozed_until=NOW + DAY), NOW + LONGEST_SNOOZE, NOW).until == NOW + LONGEST_SNOOZE
    assert wake(Now(snoozed_until=NOW + DAY)) == PersonDecision(Verb.WAKE)
    for until in (NOW, NOW - 1, NOW + LONGEST_SNOOZE + 1):
        with pytest.raises(BadSnoozeError):
            snooze(Now(), until, NOW)
    with pytest.raises(NotSnoozedError):
        wake(Now())


@pytest.mark.parametrize("resolution", Resolution)
def test_only_some_ends_are_for_a_person_to_say(resolution: Resolution) -> None:
    if resolution in BY_PERSON:
        assert resolve(Now(), resolution) == PersonDecision(
            Verb.RESOLVE, Reason.BY_PERSON, resolution=resolution
        )
    else:
        with pytest.raises(ValueError, match="not for a person"):
            resolve(Now(), resolution)


@pytest.mark.parametrize(
    "do",
    [
        lambda alert: claim(alert, "U1"),
        unclaim,
        lambda alert: snooze(alert, NOW + HOUR, NOW),
        wake,
        lambda alert: resolve(alert, Resolution.LOST),
    ],
)
def test_nothing_is_done_to_an_alert_that_ended(do: Callable[[Now], PersonDecision]) -> None:
    ended = Now(claimed_by="U1", snoozed_until=NOW, resolution=Resolution.RECOVERED, resolved_by="U2")
    with pytest.raises(AlertEndedError) as refused:
        do(ended)
    assert refused.value.params == {"resolution": "recovered", "by": "U2"}


def test_tomorrow_morning_is_nine_by_the_business_clock_also_when_clocks_change() -> None:
    # The night before 2026-03-29 in Berlin has an hour less, that before 2026-10-25 an hour more.
    for evening, morning in (
        ("2026-03-28T20:00", "2026-03-29T09:00"),
        ("2026-10-24T20:00", "2026-10-25T09:00"),
        ("2026-12-31T00:30", "2027-01-01T09:00"),
    ):
        now = BERLIN.parse(evening)
        assert snooze_until(Snooze.MORNING, now, BERLIN) == BERLIN.parse(morning)


@given(st.integers(0, 4_000_000_000_000), st.sampled_from([Snooze.HOUR, Snooze.MORNING, Snooze.WEEK]))
def test_every_snooze_can_be_taken(now: int, length: Snooze) -> None:
    until = snooze_until(length, now, BERLIN)
    assert snooze(Now(), until, now).until == until


def test_to_wake_is_no_length() -> None:
    for length in (Snooze.WAKE, Snooze.DATE):
        with pytest.raises(ValueError, match="says no instant"):
            snooze_until(length, NOW, BERLIN)
