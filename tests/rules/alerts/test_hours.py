"""When a channel is quiet, and when no more: against a clock on the wall that is looked at minute by minute."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.alerts import holidays
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from rules.alerts.hours import Quiet, Rest, digest_slot, next_awake, quiet_at, wall
from rules.instants import DAY, HOUR, MINUTE, Calendar, to_datetime

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
]
BERLIN = Calendar.of("Europe/Berlin")
NIGHT = QuietHours(20 * 60, 8 * 60)

hours = st.builds(
    lambda begins, length: QuietHours(begins, (begins + length) % 1440),
    st.integers(0, 1439),
    st.integers(1, 1380),
)
said = st.builds(
    ChannelSettings,
    quiet=st.none() | hours,
    weekend=st.sets(st.integers(0, 6), max_size=3).map(lambda days: tuple(sorted(days))),
    holidays=st.sampled_from(["", "DE-BY", "US", "CN"]),
)


@st.composite
def moments(draw: st.DrawFn) -> tuple[Calendar, int]:
    """Instants about the nights in which clocks are put forward or back, and any others; whole minutes."""
    calendar = Calendar.of(draw(st.sampled_from(ZONES)))
    days = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-04", "2026-10-25", "2026-11-01"]
    days += ["2026-02-28", "2026-12-24", "2026-12-31", "2027-02-06", "2026-05-13"]
    day = calendar.midnight(date.fromisoformat(draw(st.sampled_from(days))))
    return calendar, day + draw(st.integers(-300, 2_000)) * MINUTE


def is_quiet(says: ChannelSettings, zone: ZoneInfo, at: int) -> bool:
    """The slow way: what the clock on the wall shows."""
    shown = to_datetime(at).astimezone(zone)
    if shown.weekday() in says.weekend or (says.holidays and holidays.holiday(says.holidays, shown.date())):
        return True
    if says.quiet is None:
        return False
    minute = shown.hour * 60 + shown.minute
    begins, ends = says.quiet.begins, says.quiet.ends
    return begins <= minute < ends if begins < ends else minute >= begins or minute < ends


@given(says=said, when=moments())
@settings(max_examples=80, deadline=None)
def test_it_is_over_at_the_first_minute_at_which_the_clock_shows_no_quiet_hour(
    says: ChannelSettings, when: tuple[Calendar, int]
) -> None:
    calendar, now = when
    assert (quiet_at(says, calendar, now) is not None) == is_quiet(says, calendar.zone, now)
    over = next_awake(says, calendar, now)
    minute, looks = now, 0
    # Clocks are put forward and back at whole minutes; nobody looks at a month of them.
    while is_quiet(says, calendar.zone, minute) and looks < 20_000:
        minute, looks = minute + MINUTE, looks + 1
    if looks < 20_000:
        assert over == minute
    assert not is_quiet(says, calendar.zone, over)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ("2026-11-25T19:59:59", "2026-11-25T19:59:59"),
        ("2026-11-25T20:00", "2026-11-26T08:00"),
        ("2026-11-27T20:00", "2026-11-30T08:00"),
        # Christmas Day is a Friday; the second day of Christmas is a Saturday.
        ("2026-12-24T21:00", "2026-12-28T08:00"),
        ("2026-12-31T23:30", "2027-01-04T08:00"),
        # The night in which the clock goes from 2:00 to 3:00.
        ("2026-03-28T12:00", "2026-03-30T08:00"),
    ],
)
def test_nights_weekends_and_holidays_follow_one_another(now: str, over: str) -> None:
    says = ChannelSettings(quiet=NIGHT, weekend=(5, 6), holidays="DE-BY")
    assert next_awake(says, BERLIN, BERLIN.parse(now)) == BERLIN.parse(over)


def test_what_keeps_it_quiet_is_named() -> None:
    says = ChannelSettings(quiet=NIGHT, weekend=(5, 6), holidays="DE-BY")
    assert quiet_at(says, BERLIN, BERLIN.parse("2026-12-25T12:00")) == Quiet(Rest.HOLIDAY, "Christmas Day")
    assert quiet_at(says, BERLIN, BERLIN.parse("2026-11-28T12:00")) == Quiet(Rest.WEEKEND)
    assert quiet_at(says, BERLIN, BERLIN.parse("2026-11-26T22:00")) == Quiet(Rest.QUIET_HOURS, "20:00-08:00")
    assert quiet_at(says, BERLIN, BERLIN.parse("2026-11-26T12:00")) is None


def test_quiet_hours_that_end_where_the_clock_skips_end_at_the_skip() -> None:
    says = ChannelSettings(quiet=QuietHours(22 * 60, 2 * 60 + 30))
    skip = BERLIN.parse("2026-03-29T03:00")
    assert next_awake(says, BERLIN, skip - HOUR) == skip
    # In autumn the clock shows 2:00 to 2:30 twice, and both are quiet.
    first = BERLIN.parse("2026-10-25T00:00") + 150 * MINUTE
    assert next_awake(says, BERLIN, first - MINUTE) == first
    assert next_awake(says, BERLIN, first + 30 * MINUTE) == first + HOUR


def test_a_time_that_the_clock_skips_is_the_next_and_of_two_the_first() -> None:
    assert wall(BERLIN, date(2026, 3, 29), 150) == BERLIN.parse("2026-03-29T03:00")
    assert wall(BERLIN, date(2026, 10, 25), 150) == BERLIN.midnight(date(2026, 10, 25)) + 150 * MINUTE


@given(
    says=said,
    when=moments(),
    often=st.sampled_from([Often.DAILY, Often.WEEKLY]),
    at=st.integers(0, 1439),
    weekday=st.integers(0, 6),
)
@settings(max_examples=80, deadline=None)
def test_a_digest_is_due_at_its_hour_and_never_while_the_channel_is_quiet(
    says: ChannelSettings, when: tuple[Calendar, int], often: Often, at: int, weekday: int
) -> None:
    calendar, now = when
    made = ChannelSettings(
        quiet=says.quiet,
        weekend=says.weekend,
        holidays=says.holidays,
        digest=DigestTime(often, at, weekday),
    )
    slot = digest_slot(made, calendar, now)
    assert slot is not None
    assert slot.before < slot.at <= now
    assert not is_quiet(made, calendar.zone, slot.at)
    # Between two of them, and at them, the answer is the same.
    assert digest_slot(made, calendar, slot.at) == slot
    earlier = digest_slot(made, calendar, slot.at - 1)
    assert earlier is not None
    assert earlier.at == slot.before
    if says.quiet is None:
        shown = to_datetime(slot.at).astimezone(calendar.zone)
        skipped = wall(calendar, shown.date(), at) == slot.at
        assert skipped or shown.hour * 60 + shown.minute == at


@pytest.mark.parametrize(
    ("digest", "now", "due"),
    [
        (DigestTime(), "2026-11-25T09:00", "2026-11-25T09:00"),
        (DigestTime(), "2026-11-25T08:59", "2026-11-24T09:00"),
        # On a day off it waits for the next day that is none, and that day's own is the same one.
        (DigestTime(), "2026-11-29T23:00", "2026-11-27T09:00"),
        (DigestTime(), "2026-11-30T09:00", "2026-11-30T09:00"),
        (DigestTime(Often.WEEKLY, 9 * 60, 4), "2026-12-27T12:00", "2026-12-18T09:00"),
        (DigestTime(Often.WEEKLY, 9 * 60, 4), "2026-12-28T09:00", "2026-12-28T09:00"),
        # An hour that is quiet: at the end of the quiet hours.
        (DigestTime(at=6 * 60), "2026-11-25T08:00", "2026-11-25T08:00"),
        (DigestTime(at=21 * 60), "2026-11-26T08:00", "2026-11-26T08:00"),
    ],
)
def test_when_a_digest_was_due_last(digest: DigestTime, now: str, due: str) -> None:
    says = ChannelSettings(quiet=NIGHT, weekend=(5, 6), holidays="DE-BY", digest=digest)
    slot = digest_slot(says, BERLIN, BERLIN.parse(now))
    assert slot is not None
    assert slot.at == BERLIN.parse(due)


def test_without_digests_none_is_ever_due() -> None:
    says = ChannelSettings(digest=DigestTime(Often.OFF))
    assert digest_slot(says, BERLIN, 20_000 * DAY) is None


def test_a_day_of_the_month_that_is_the_last() -> None:
    says = ChannelSettings(quiet=NIGHT)
    for day in (date(2026, 2, 28), date(2028, 2, 29), date(2026, 4, 30), date(2026, 12, 31)):
        evening = BERLIN.midnight(day) + 22 * HOUR
        morning = to_datetime(next_awake(says, BERLIN, evening)).astimezone(BERLIN.zone)
        assert (morning.date(), morning.hour) == (day + timedelta(days=1), 8)
