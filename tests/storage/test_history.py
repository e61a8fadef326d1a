"""The past of a block: the same events, however they are read."""

import numpy as np

from rules.conditions.terms import Events
from rules.instants import DAY, Calendar
from rules.preview.grid import Stream
from storage.database import Database
from storage.history import History
from tests.rules.conditions.oracle import Happening, Person
from tests.storage.people import store

D = 20_000 * DAY
PURCHASE = Events("purchase")


def history(database: Database, *, after: int, kind: Events = PURCHASE) -> Stream:
    """The events of customers 3 and 5 up to D, after ``after``; 4 is not asked for, and 9 lies outside."""
    crowd = [
        Person(created_at=D - 99 * DAY, events=tuple(events))
        for events in (
            [
                _event(-3, 7),
                _event(-1, None),
                _event(-1, 5, "EUR"),
                _event(1, 9),
                _event(-2, 1, kind="visit"),
            ],
            [_event(-2, 4)],
            [_event(-4, -6), _event(-5, 10**12), _event(0, 0)],
            [_event(-2, 8)],
        )
    ]
    with database.writing() as tx:
        store(tx, crowd, [3, 4, 5, 9])
    with database.reading() as tx:
        past = History(
            tx,
            first=D - 10 * DAY,
            last=D,
            reach={kind: after},
            calendar=Calendar.of("UTC"),
            currency="USD",
            ids=np.array([3, 5]),
            known_since=np.array([D - 99 * DAY] * 2),
        )
        return past.happened(kind)


def _event(day: int, amount: int | None, currency: str = "USD", kind: str = "purchase") -> Happening:
    return Happening(kind, D + day * DAY, amount, None if amount is None else currency)


def test_events_come_by_customer_and_then_in_time(database: Database) -> None:
    found = history(database, after=D - 99 * DAY)
    seen = zip(
        found.places.tolist(), ((found.instants - D) // DAY).tolist(), found.counted.tolist(), strict=True
    )
    assert [(place, day) for place, day, _ in seen] == [(0, -3), (0, -1), (0, -1), (1, -5), (1, -4), (1, 0)]
    # Neither no amount nor one in another currency counts; an amount of 0 does.
    assert found.counted.tolist() == [True, False, False, True, True, True]
    assert found.amounts.tolist() == [7, 0, 0, 10**12, -6, 0]


def test_of_events_beyond_the_bounds_none_comes(database: Database) -> None:
    found = history(database, after=D - 3 * DAY)
    assert found.instants.tolist() == [D - DAY, D - DAY, D]
    assert found.places.tolist() == [0, 0, 1]
    assert found.counted.tolist() == [False, False, True]


def test_a_kind_that_nobody_has_seen(database: Database) -> None:
    assert len(history(database, after=0, kind=Events("refund")).places) == 0
