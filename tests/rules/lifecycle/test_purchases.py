"""What purchases come to, event by event, against sums made by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle.purchases import NO_AMOUNT, NO_PURCHASE, Purchases, Summary, new_days, running, summary

UTC = Calendar.of("UTC")
BERLIN = Calendar.of("Europe/Berlin")
D = 20_000 * DAY
Row = tuple[int, int, int]


def purchases(*rows: Row) -> Purchases:
    places, instants, amounts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Purchases.in_order(places, instants, amounts)


def by_hand(rows: list[Row], place: int) -> tuple[int, ...]:
    """Days, first, last, days with a say in spend, spent, whether anything was; nothing where nobody bought."""
    days: dict[int, list[int]] = {}
    for whose, at, amount in rows:
        if whose == place:
            days.setdefault(at // DAY, []).append(amount)
    bought = sorted(day for day, some in days.items() if any(one >= 0 or one == NO_AMOUNT for one in some))
    sums = [sum(one for one in days[day] if one > NO_PURCHASE) for day in bought]
    spent = [one for one in sums[1:] if one > 0]
    if not bought:
        return (0,)
    return len(bought), bought[0], bought[-1], len(spent), sum(spent), int(any(one > 0 for one in sums))


def told(of: Summary, row: int) -> tuple[int, ...]:
    if of.days[row] == 0:
        return (0,)
    columns = (of.days, of.first, of.last, of.spent_days, of.spent, of.spends)
    return tuple(int(column[row]) for column in columns)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 9 * 4).map(lambda quarter: D + quarter * DAY // 4),
        st.sampled_from([0, 500, 700, -500, -1_200, NO_AMOUNT, NO_PURCHASE]),
    ),
    min_size=1,
    max_size=30,
)


@given(rows=ROWS)
@settings(max_examples=200, deadline=None)
def test_sums_are_those_made_by_hand_at_every_event(rows: list[Row]) -> None:
    of = purchases(*rows)
    whole, walked = summary(of, UTC, 5), running(of, UTC)
    assert [told(whole, place) for place in range(5)] == [by_hand(rows, place) for place in range(5)]
    ordered = list(zip(of.places.tolist(), of.instants.tolist(), of.amounts.tolist(), strict=True))
    for row, (place, _, _) in enumerate(ordered):
        assert told(walked, row) == by_hand(ordered[: row + 1], place)
    new = new_days(walked, of.places)
    for place in range(4):
        days = walked.last[new & (of.places == place)].tolist()
        assert len(days) == len(set(days)) == whole.days[place]


def test_a_day_is_the_business_s() -> None:
    # An hour before and an hour after midnight in Berlin; one day in UTC.
    midnight = BERLIN.parse("2024-06-02")
    of = purchases((0, midnight - HOUR, 500), (0, midnight + HOUR, 700))
    assert told(summary(of, BERLIN, 1), 0)[0] == 2
    assert told(summary(of, UTC, 1), 0)[0] == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # one day's orders are one, their amounts added
        ([(0, D, 500), (0, D + DAY, 300), (0, D + DAY + 1, 400)], (2, 20_000, 20_001, 1, 700, 1)),
        # a refund alone makes no day of purchase
        ([(0, D, 500), (0, D + DAY, -500)], (1, 20_000, 20_000, 0, 0, 1)),
        # on a day of purchase it is taken off
        ([(0, D, 500), (0, D + DAY, 900), (0, D + DAY + 1, -200)], (2, 20_000, 20_001, 1, 700, 1)),
        # what was given back whole was a purchase, and has no say in spend
        ([(0, D, 500), (0, D + DAY, 900), (0, D + DAY + 1, -900)], (2, 20_000, 20_001, 0, 0, 1)),
        # a purchase for nothing is one, and has no say in spend
        ([(0, D, 0), (0, D + DAY, 0)], (2, 20_000, 20_001, 0, 0, 0)),
        # so is one in another currency; a refund in it is none
        (
            [(0, D, NO_AMOUNT), (0, D + DAY, 800), (0, D + 2 * DAY, NO_PURCHASE)],
            (2, 20_000, 20_001, 1, 800, 1),
        ),
        ([(0, D, NO_PURCHASE)], (0,)),
    ],
)
def test_refunds_zeros_and_other_currencies(rows: list[Row], expected: tuple[int, ...]) -> None:
    assert told(summary(purchases(*rows), UTC, 1), 0) == expected
    assert by_hand(rows, 0) == expected


def test_nothing_is_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    none = Purchases(nothing, nothing, nothing)
    assert [told(summary(none, UTC, 2), place) for place in (0, 1)] == [(0,), (0,)]
    assert len(running(none, UTC)) == 0
    assert len(new_days(running(none, UTC), nothing)) == 0
