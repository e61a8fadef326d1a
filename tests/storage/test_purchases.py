"""Purchases as they are read: by customers and by stretches alike, on both databases."""

from collections.abc import Callable

import numpy as np
import pytest

from rules.conditions.columns import Ints
from rules.instants import DAY
from rules.lifecycle.purchases import NO_AMOUNT, NO_PURCHASE, Purchases
from storage import purchases
from storage.database import Database
from tests.rules.conditions.oracle import Happening, Person
from tests.storage.people import store

D = 20_000 * DAY
CROWD = [
    Person(
        events=(
            Happening("purchase", D, 500, "USD"),
            Happening("purchase", D - DAY, 300, "EUR"),
            Happening("purchase", D - 2 * DAY, -300, "EUR"),
            Happening("purchase", D - 3 * DAY),
            Happening("purchase", D - 4 * DAY, -200, "USD"),
            Happening("purchase", D + 1, 999, "USD"),
            Happening("visit", D - DAY, 111, "USD"),
        )
    ),
    Person(created_at=D - 9 * DAY),
    Person(events=(Happening("purchase", D - DAY, 0, "USD"),)),
]
FIRST = [
    (0, D - 4 * DAY, -200),
    (0, D - 3 * DAY, NO_AMOUNT),
    (0, D - 2 * DAY, NO_PURCHASE),
    (0, D - DAY, NO_AMOUNT),
    (0, D, 500),
]


@pytest.mark.parametrize("read", [purchases.of_customers, purchases.of_stretch])
def test_purchases_come_in_order_with_what_their_amounts_say(
    database: Database, read: Callable[..., Purchases]
) -> None:
    def rows(ids: Ints, kind: str = "purchase") -> list[tuple[int, ...]]:
        found = read(tx, ids, kind=kind, currency="USD", until=D)
        columns = (found.places, found.instants, found.amounts)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    with database.writing() as tx:
        store(tx, CROWD, [3, 5, 8])
        assert rows(np.array([3, 5, 8])) == [*FIRST, (2, D - DAY, 0)]
        assert rows(np.array([3, 8])) == [*FIRST, (1, D - DAY, 0)]
        assert rows(np.array([5])) == []
        assert rows(np.zeros(0, dtype=np.int64)) == []
        assert rows(np.array([3]), "unheard_of") == []
        assert rows(np.array([3]), "visit") == [(0, D - DAY, 111)]
