"""What a customer's purchases come to for the value models: the days of purchases, the first, the last, and their amounts.

Several purchases of one business day are one, their amounts added. A refund, an event with a negative amount, makes
no day of purchase; it is taken off the day it falls on, if that is one. It must not know models, nor where events
are stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np

from rules.conditions.columns import Bools, Ints
from rules.conditions.days import business_days
from rules.instants import Calendar

NO_AMOUNT: Final = -(2**62)
"""Stands for a purchase that says no amount in the account's currency."""
NO_PURCHASE: Final = NO_AMOUNT + 1
"""Stands for a refund in another currency; no amount is as large."""


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Events in order of ``places`` (of their customers) and then of ``instants``.

    ``amounts`` are minor units of the account's currency, `NO_AMOUNT` or `NO_PURCHASE`.
    """

    places: Ints
    instants: Ints
    amounts: Ints

    @classmethod
    def in_order(cls, places: Ints, instants: Ints, amounts: Ints) -> Self:
        """Put events in order."""
        same = places[1:] == places[:-1]
        if np.any((places[1:] < places[:-1]) | (same & (instants[1:] < instants[:-1]))):
            order = np.lexsort((instants, places))
            places, instants, amounts = places[order], instants[order], amounts[order]
        return cls(places, instants, amounts)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One row for each of several customers, or for each state that customers went through.

    ``days`` with a purchase, the ``first`` and the ``last`` of them (since 1970-01-01; nothing where there are none).
    Of the repeat days, all but the first: how many have a say in spend (``spent_days``), and what was spent on them
    (``spent``, in minor units). ``spends``: whether anything was ever spent in the account's currency.
    """

    days: Ints
    first: Ints
    last: Ints
    spent_days: Ints
    spent: Ints
    spends: Bools

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of several one after the other."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))

    @classmethod
    def none(cls, many: int) -> Self:
        """Give so many customers who never bought."""
        days, first, last, spent_days, spent = np.zeros((5, many), dtype=np.int64)
        return cls(days, first, last, spent_days, spent, np.zeros(many, dtype=np.bool_))

    def rows(self, chosen: Ints | Bools | slice) -> Self:
        """Give these rows alone."""
        return replace(self, **{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


def summary(purchases: Purchases, calendar: Calendar, many: int) -> Summary:
    """Sum up all of a customer's events, a row for each of ``many`` places."""
    return standing(running(purchases, calendar), purchases.places, many)


def standing(walked: Summary, places: Ints, many: int) -> Summary:
    """Give the last state of each of ``many`` places, of states that `running` gave for ``places``."""
    found = Summary.none(many)
    if len(places):
        ends = np.flatnonzero(np.append(places[1:] != places[:-1], True))
        for one in fields(found):
            getattr(found, one.name)[places[ends]] = getattr(walked, one.name)[ends]
    return found


def new_days(walked: Summary, places: Ints) -> Bools:
    """Tell which events made a day a day of purchases."""
    before = np.where(_changes(places), 0, np.append(0, walked.days[:-1])) if len(places) else walked.days
    found: Bools = walked.days > before
    return found


def running(purchases: Purchases, calendar: Calendar) -> Summary:
    """Sum up a customer's events up to each of them: a row for each event, in their order."""
    places, amounts = purchases.places, purchases.amounts
    if not len(places):
        return Summary.none(0)
    days = business_days(purchases.instants, calendar)
    bought = (amounts >= 0) | (amounts == NO_AMOUNT)
    spent = np.where(amounts > NO_PURCHASE, amounts, 0)
    # Events of one customer and day are a group; what it came to by each event, and in the end.
    starts = np.flatnonzero(_changes(places) | _changes(days))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(places))))
    ends = np.append(starts[1:], len(places)) - 1
    is_day = _within(bought.astype(np.int64), starts, group) > 0
    day_spent = _within(spent, starts, group)
    # What the customer's groups before came to.
    customers = np.flatnonzero(_changes(places[starts]))
    customer = np.repeat(np.arange(len(customers)), np.diff(np.append(customers, len(starts))))
    counts, pays = is_day[ends], is_day[ends] & (day_spent[ends] > 0)
    days_before = _before(counts.astype(np.int64), customers, customer)
    repeats = pays & (days_before > 0)
    spent_days_before = _before(repeats.astype(np.int64), customers, customer)
    spent_before = _before(np.where(repeats, day_spent[ends], 0), customers, customer)
    pays_before = _before(pays.astype(np.int64), customers, customer)
    first_before, last_before = _ends_before(days[starts], counts, days_before)
    paid_today = is_day & (day_spent > 0)
    repeat_today = paid_today & (days_before > 0)[group]
    return Summary(
        days=days_before[group] + is_day,
        first=np.where(days_before[group] > 0, first_before[group], days),
        last=np.where(is_day, days, last_before[group]),
        spent_days=spent_days_before[group] + repeat_today,
        spent=spent_before[group] + np.where(repeat_today, day_spent, 0),
        spends=(pays_before[group] > 0) | paid_today,
    )


def _changes(values: Ints) -> Bools:
    """Tell where a value is another than the one before; the first is."""
    return np.append(True, values[1:] != values[:-1])


def _within(values: Ints, starts: Ints, group: Ints) -> Ints:
    """Add up within each group, each value with those before it."""
    total = np.cumsum(values)
    found: Ints = total - (total[starts] - values[starts])[group]
    return found


def _before(values: Ints, starts: Ints, group: Ints) -> Ints:
    """Add up within each group what stands before each value."""
    return _within(values, starts, group) - values


def _ends_before(days: Ints, counts: Bools, days_before: Ints) -> tuple[Ints, Ints]:
    """Give the first and the last day that counts before each, where there is one."""
    rows = np.arange(len(days))
    last = np.maximum.accumulate(np.where(counts, rows, -1))
    first = np.maximum.accumulate(np.where(counts & (days_before == 0), rows, -1))
    # The one before itself: rows are moved by one; no matter what stands where nothing counts before.
    return days[first], days[np.append(-1, last[:-1])]
