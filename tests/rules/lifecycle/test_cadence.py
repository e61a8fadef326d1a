"""Does a customer's own rhythm rank who returns better than plain silence? On CDNOW: no. docs/value.md says what this shows.

Of the customers with four days of purchases or more, each at several dates: how likely one who returned within 90 days
is ranked before one who did not (the area under the curve; one half is chance).
"""

import statistics
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from rules.lifecycle import buying
from rules.lifecycle.buying import Model
from rules.lifecycle.fit import Unit, histories
from tests.rules.lifecycle import cdnow

AHEAD = timedelta(days=90)
DATES = (date(1997, 7, 1), date(1997, 9, 30), date(1997, 12, 31), date(1998, 3, 31))


def ranked(sooner: Sequence[float], returned: Sequence[bool]) -> float:
    """Give how often who returned has the higher number than who did not; of equal ones, half."""
    of, numbers = np.array(returned), np.array(sooner)
    pairs = numbers[of][:, None] - numbers[~of][None, :]
    return float(np.mean((pairs > 0) + (pairs == 0) / 2))


@pytest.mark.parametrize("today", DATES)
def test_plain_silence_ranks_return_better_than_overdue_and_the_model_at_least_as_well(today: date) -> None:
    of = histories(cdnow.summary(today), cdnow.ordinal(today), Unit.WEEK)
    model = buying.fit(Model.MBG_NBD, of)
    assert model is not None
    rows = []
    for spent in cdnow.days().values():
        days = sorted(day for day in spent if day <= today)
        if len(days) < 4:
            continue
        gap = statistics.median([(later - day).days for day, later in pairwise(days)][-12:])
        since, x = (today - days[-1]).days, len(days) - 1
        age, last = (np.array([(day - days[0]).days / 7]) for day in (today, days[-1]))
        expected = (
            model.p_alive(np.array([x]), last, age) * model.expected_alive(x, age, np.array([90 / 7]))[0]
        )
        returned = any(today < day <= today + AHEAD for day in spent)
        rows.append((-since / gap, -since, float(expected[0]), returned))
    overdue, silence, expected_purchases, came = zip(*rows, strict=True)
    assert len(came) > 200
    by_overdue, by_silence, by_model = (ranked(one, came) for one in (overdue, silence, expected_purchases))
    assert 0.6 < by_overdue < by_silence < by_model
