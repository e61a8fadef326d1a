"""Arrivals are counted by source and hour."""

from sqlalchemy import text

from rules.instants import HOUR
from storage import arrivals
from storage.database import Database


def test_arrivals_add_up_within_their_hour(database: Database) -> None:
    with database.writing() as tx:
        arrivals.note(tx, {"shop": 3, "crm": 1}, now=5 * HOUR + 7)
        arrivals.note(tx, {"shop": 2}, now=5 * HOUR + 3)
        arrivals.note(tx, {"shop": 1}, now=6 * HOUR)
        arrivals.note(tx, {}, now=7 * HOUR)
        rows = tx.execute(
            text("SELECT source, hour, events, last_at FROM arrival ORDER BY source, hour")
        ).all()
    assert [tuple(row) for row in rows] == [
        ("crm", 5 * HOUR, 1, 5 * HOUR + 7),
        ("shop", 5 * HOUR, 5, 5 * HOUR + 7),
        ("shop", 6 * HOUR, 1, 6 * HOUR),
    ]
