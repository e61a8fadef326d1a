"""CDNOW's sample as the value models see it, read without any of Warmline's code."""

from collections import defaultdict
from datetime import date
from functools import cache

import numpy as np

from rules.lifecycle.purchases import Summary
from tests.cdnow import path

UNTIL = date(1997, 9, 30)


@cache
def days() -> dict[str, dict[date, int]]:
    """Give what each customer of the sample spent on each day of purchases, in cents."""
    found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for line in path("CDNOW_sample.txt").read_text().splitlines():
        cells = line.split()
        if len(cells) == 5 and cells[0].isdigit():
            found[cells[0]][date.fromisoformat(cells[2])] += round(float(cells[4]) * 100)
    return found


def ordinal(day: date) -> int:
    return (day - date(1970, 1, 1)).days


@cache
def summary(until: date = UNTIL) -> Summary:
    """Sum the sample up to a day, that day in."""
    rows = []
    for spent in days().values():
        seen = sorted(day for day in spent if day <= until)
        if seen:
            repeat = [spent[day] for day in seen[1:] if spent[day] > 0]
            rows.append(
                (
                    len(seen),
                    ordinal(seen[0]),
                    ordinal(seen[-1]),
                    len(repeat),
                    sum(repeat),
                    any(spent[day] > 0 for day in seen),
                )
            )
    days_, first, last, spent_days, spent, spends = np.array(rows, dtype=np.int64).T
    return Summary(days_, first, last, spent_days, spent, spends > 0)
