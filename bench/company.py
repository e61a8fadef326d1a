"""A seeded company for measuring: customers who buy at rates of their own, written straight into the tables."""

import random
from collections.abc import Iterator

from sqlalchemy import text

from rules.instants import DAY
from storage.database import Database
from storage.incoming import EventIn

END = 20_000 * DAY
_YEARS = 2
_BATCH = 20_000


def events(customers: int, per_customer: int, *, seed: int) -> Iterator[EventIn]:
    """Give purchases in the order of customers; about a third of the customers have stopped buying."""
    chance = random.Random(seed)
    for customer in range(1, customers + 1):
        stopped = END - (chance.random() < 1 / 3) * chance.randrange(_YEARS * 365 * DAY)
        for number in range(per_customer):
            at = stopped - int(chance.expovariate(1 / (_YEARS * 180 * DAY)))
            yield EventIn(
                source="bench",
                customer=f"c{customer}",
                kind="purchase",
                occurred_at=at,
                amount=chance.randrange(100, 20_000),
                currency="USD",
                ordinal=number + 1,
            )


def furnish(database: Database, customers: int, per_customer: int, *, seed: int) -> None:
    """Store a company without going through intake: it is not intake that is measured on it."""
    with database.writing() as tx:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'purchase', 0)"))
        for first in range(1, customers + 1, _BATCH):
            tx.execute(
                text(
                    "INSERT INTO customer (id, external_id, name, known_since, search_name, search_email) "
                    "VALUES (:id, :external, :external, :known, :external, '')"
                ),
                [
                    {"id": number, "external": f"c{number}", "known": END - _YEARS * 730 * DAY}
                    for number in range(first, min(first + _BATCH, customers + 1))
                ],
            )
        batch: list[dict[str, int | None]] = []
        for event in events(customers, per_customer, seed=seed):
            row = {
                "at": event.occurred_at,
                "key": event.key,
                "amount": event.amount,
                "who": int(event.customer[1:]),
            }
            batch.append(row)
            if len(batch) == _BATCH:
                tx.execute(_EVENT, batch)
                batch = []
        if batch:
            tx.execute(_EVENT, batch)
        if database.dialect == "postgresql":
            tx.execute(text("ANALYZE"))


_EVENT = text(
    "INSERT INTO event (customer_id, kind, occurred_at, key, amount, currency) "
    "VALUES (:who, 1, :at, :key, :amount, 'USD') ON CONFLICT DO NOTHING"
)
