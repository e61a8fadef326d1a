"""Business days of many instants, as the calendar says them one by one."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.days import business_days, date_ordinal, midnights
from rules.instants import DAY, EARLIEST, LATEST, Calendar
from tests.rules.conditions.strategies import NOWS, ZONES, instants


@given(data=st.data(), zone=st.sampled_from(ZONES), now=NOWS)
def test_days_are_the_calendars(data: st.DataObject, zone: str, now: int) -> None:
    calendar = Calendar.of(zone)
    today = calendar.midnight(calendar.date_of(now))
    some = [today, today - 1, *data.draw(st.lists(instants(now, calendar), max_size=6))]
    days = business_days(np.array(some, dtype=np.int64), calendar)
    assert days.tolist() == [date_ordinal(calendar.date_of(instant)) for instant in some]
    assert (midnights(days, calendar) <= np.array(some)).all()
    assert (midnights(days + 1, calendar) > np.array(some)).all()


def test_a_day_that_a_zone_left_out_is_nobodys() -> None:
    apia = Calendar.of("Pacific/Apia")
    jump = apia.midnight(date(2011, 12, 31))
    days = business_days(np.array([jump - 1, jump], dtype=np.int64), apia)
    assert [date(1970, 1, 1) + timedelta(days=int(day)) for day in days] == [
        date(2011, 12, 29),
        date(2011, 12, 31),
    ]


def test_the_ends_of_time_are_no_error() -> None:
    ends = np.array([EARLIEST, EARLIEST + DAY, LATEST], dtype=np.int64)
    for zone in ZONES:
        assert len(business_days(ends, Calendar.of(zone))) == 3


def test_no_instants_have_no_days() -> None:
    assert len(business_days(np.zeros(0, dtype=np.int64), Calendar.of("UTC"))) == 0
