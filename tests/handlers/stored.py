"""What a database holds, told without the numbers that the program makes: for comparing one with another."""

from typing import Any

from sqlalchemy import text

from storage.database import Database

Rows = list[tuple[Any, ...]]


def rows(database: Database, sql: str) -> Rows:
    with database.reading() as tx:
        return sorted((tuple(row) for row in tx.execute(text(sql))), key=repr)


def customers(database: Database) -> dict[str, int]:
    """External id → known since."""
    return {row[0]: row[1] for row in rows(database, "SELECT external_id, known_since FROM customer")}


def events(database: Database) -> Rows:
    """(customer, kind, occurred_at, amount, currency, source, external id, properties)"""
    return rows(
        database,
        "SELECT c.external_id, k.name, e.occurred_at, e.amount, e.currency, d.source, d.external_id, d.properties "
        "FROM event e JOIN customer c ON c.id = e.customer_id JOIN kind k ON k.id = e.kind "
        "LEFT JOIN event_detail d ON d.customer_id = e.customer_id AND d.kind = e.kind "
        "AND d.occurred_at = e.occurred_at AND d.key = e.key",
    )


def dirty(database: Database) -> Rows:
    """(customer, kind), where the kind of a profile is None."""
    return rows(
        database,
        "SELECT DISTINCT c.external_id, k.name FROM dirty d JOIN customer c ON c.id = d.customer_id "
        "LEFT JOIN kind k ON k.id = d.kind",
    )


def everything(database: Database) -> dict[str, Rows]:
    """All that a second import must not change."""
    return {
        "customers": rows(
            database,
            "SELECT external_id, name, email, segment, owner, country, language, created_at, known_since, "
            "search_name, search_email FROM customer",
        ),
        "attributes": rows(
            database,
            "SELECT c.external_id, a.name, a.value FROM attribute a JOIN customer c ON c.id = a.customer_id",
        ),
        "events": events(database),
        "kinds": rows(database, "SELECT name, events FROM kind"),
        "arrivals": rows(database, "SELECT source, hour, events, last_at FROM arrival"),
        "dirty": rows(database, "SELECT batch, customer_id, kind FROM dirty"),
        "quarantine": rows(
            database, "SELECT id, received_at, source, format, origin, line, reason, params FROM quarantine"
        ),
    }
