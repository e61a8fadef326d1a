"""How well a model foretells: it is fitted to what was known at some day, and held against what came after it."""

from typing import Final

import numpy as np

from rules.conditions.columns import Ints
from rules.lifecycle import buying
from rules.lifecycle.fit import WEEK, Calibration, Terms, gate, histories
from rules.lifecycle.purchases import Summary

MOST_WEEKS: Final = 26
"""So many weeks are held out at most."""


def calibrated(of: Summary, since: int, actual: Ints, terms: Terms) -> Calibration | None:
    """Fit the model to what stood at the day ``since``, and hold it against what came: repeat days, week by week.

    None where less than a model needs stood then.
    """
    if gate(of, since):
        return None
    found = histories(of, since, terms.unit)
    model = buying.fit(terms.model, found)
    if model is None:
        return None
    ahead = np.arange(1, len(actual) + 1, dtype=np.float64) * (WEEK / terms.unit.days)
    alive = model.p_alive(found.x, found.t_x, found.T) * found.weights
    total = np.zeros(len(actual))
    for x in np.unique(found.x):
        same = found.x == x
        watched, place = np.unique(found.T[same], return_inverse=True)
        each = model.expected_alive(int(x), watched, ahead)
        total += np.bincount(place, weights=alive[same], minlength=len(watched)) @ each
    return Calibration(
        since=since,
        customers=len(of),
        expected=tuple(round(float(one), 3) for one in total),
        actual=tuple(np.cumsum(actual).tolist()),
    )


def holdout_weeks(span: int) -> int:
    """Give how many of ``span`` weeks are held out: a third, and no more than `MOST_WEEKS`."""
    return min(span // 3, MOST_WEEKS)
