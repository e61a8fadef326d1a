"""Small histories for tests, written straight into the tables: who, when, how much."""

from collections.abc import Iterable

from sqlalchemy import text

from rules.alerts.rule import RuleBody
from storage import dirty, rules
from storage.database import Database
from storage.rules import Rule

PURCHASE = 1


def customer(database: Database, number: int, *, known_since: int, name: str | None = None) -> None:
    with database.writing() as tx:
        tx.execute(
            text(
                "INSERT INTO customer (id, external_id, name, created_at, known_since, search_name, search_email) "
                "VALUES (:id, :external, :name, :known, :known, '', '')"
            ),
            {
                "id": number,
                "external": f"c{number}",
                "name": name or f"Customer {number}",
                "known": known_since,
            },
        )
        tx.execute(
            text("INSERT INTO kind (id, name, events) VALUES (1, 'purchase', 0) ON CONFLICT DO NOTHING"),
        )
        dirty.mark(tx, [(number, dirty.PROFILE, None)], now=0)


def purchases(database: Database, number: int, moments: Iterable[int], *, cents: int = 1_000) -> None:
    listed = list(moments)
    with database.writing() as tx:
        for moment in listed:
            tx.execute(
                text(
                    "INSERT INTO event (customer_id, kind, occurred_at, key, amount, currency) "
                    "VALUES (:customer, 1, :at, :at, :cents, 'USD')"
                ),
                {"customer": number, "at": moment, "cents": cents},
            )
        dirty.mark(tx, [(number, PURCHASE, moment) for moment in listed], now=0)


def rule(database: Database, name: str, condition: str, **says: object) -> Rule:
    with database.writing() as tx:
        body = RuleBody(condition=condition, **says)  # type: ignore[arg-type]
        return rules.add(tx, name=name, body=body, author="U1", now=0, diff="")
