"""Business days of many instants at once."""

from datetime import date
from typing import Final

import numpy as np

from rules.conditions.columns import Ints
from rules.instants import DAY, Calendar

_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST: Final = date.min.toordinal() - _EPOCH + 3
_LAST: Final = date.max.toordinal() - _EPOCH - 3


def business_days(instants: Ints, calendar: Calendar) -> Ints:
    """Give the business date of each instant, as days since 1970-01-01.

    The business date of an instant is the last date whose first instant is not after it; the first and last three
    days that a date can say are as far as it goes.
    """
    whole, places = np.unique(instants // DAY, return_inverse=True)
    within = np.clip(whole, _FIRST, _LAST)
    today, tomorrow = (midnights(within + ahead, calendar)[places] for ahead in (0, 1))
    found: Ints = within[places] - 1 + (instants >= today) + (instants >= tomorrow)
    return found


def midnights(days: Ints, calendar: Calendar) -> Ints:
    """Give the first instant of each business date, given as days since 1970-01-01."""
    unique, places = np.unique(days, return_inverse=True)
    firsts = [calendar.midnight(date.fromordinal(int(day) + _EPOCH)) for day in unique]
    return np.array(firsts, dtype=np.int64)[places]


def date_ordinal(day: date) -> int:
    """Give ``day`` as days since 1970-01-01."""
    return day.toordinal() - _EPOCH
