"""Events that come while something is measured: what people do just now, as intake is given it."""

from itertools import count
from typing import Final

import numpy as np
from numpy.random import Generator

from bench.company.history import CURRENCIES, DETAILS, KINDS, LOGIN, PURCHASE, TICKET
from bench.company.people import external_id
from bench.company.shape import Ints
from handlers.ingest import BATCH, take_in
from rules.instants import MINUTE
from storage.database import Database
from storage.incoming import EventIn

SOURCE: Final = "app"
_KINDS: Final = (LOGIN, PURCHASE, TICKET)
_SHARES: Final = (0.55, 0.4, 0.05)
_numbers = count()


def of_customers(chance: Generator, customers: Ints, *, until: int, within: int = MINUTE) -> list[EventIn]:
    """Give one event of each of ``customers`` (numbers, which may come several times), in the order of time.

    They happened in the last ``within`` milliseconds up to ``until``.
    """
    n = len(customers)
    kinds = chance.choice(_KINDS, n, p=_SHARES).tolist()
    amounts = (chance.gamma(2, 3_000, n) + 100).astype(np.int64).tolist()
    details = chance.integers(1, len(DETAILS), size=n).tolist()
    moments = np.sort(until - chance.integers(0, within, size=n)).tolist()
    return [
        EventIn(
            source=SOURCE,
            customer=external_id(customer),
            kind=KINDS[kind],
            occurred_at=at,
            amount=amount if kind == PURCHASE else None,
            currency=CURRENCIES[1] if kind == PURCHASE else None,
            properties=DETAILS[detail] if kind == TICKET else None,
            # Two of one customer at one instant are two.
            ordinal=1 + next(_numbers),
        )
        for customer, kind, amount, detail, at in zip(
            customers.tolist(), kinds, amounts, details, moments, strict=True
        )
    ]


def take_in_all(database: Database, given: list[EventIn], *, now: int) -> None:
    """Take events in as intake does: in batches of 1,000, each in a transaction of its own."""
    for first in range(0, len(given), BATCH):
        with database.writing() as tx:
            take_in(tx, given[first : first + BATCH], now=now, by_http=False)
