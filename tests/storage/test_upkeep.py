"""The planner's statistics, and the database's size."""

from sqlalchemy import text

from storage import upkeep
from storage.database import Database
from tests.histories import customer, purchases
from tests.storage.plans import listening, scans


def statistics(database: Database) -> int:
    """How many rows the planner believes that the events are, by what it was told."""
    with database.reading() as tx:
        if tx.dialect == "postgresql":
            return int(
                tx.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'event'")).scalar_one()
            )
        there = tx.execute(
            text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        ).scalar_one()
        if not there:
            return -1
        found = tx.execute(
            text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'event' AND idx = 'event_by_time'")
        )
        return int(found.scalar_one().split()[0])


def test_the_planner_learns_how_much_there_is(database: Database) -> None:
    customer(database, 1, known_since=0)
    purchases(database, 1, range(500))
    assert statistics(database) <= 0
    with database.writing() as tx:
        upkeep.analyze(tx)
    assert statistics(database) == 500
    with database.writing() as tx:
        upkeep.tend(tx)
    assert statistics(database) == 500


def test_the_size_grows_with_what_is_stored(database: Database) -> None:
    customer(database, 1, known_since=0)
    with database.reading() as tx:
        before = upkeep.size(tx)
    purchases(database, 1, range(5_000))
    with database.reading() as tx:
        assert upkeep.size(tx) > before + 100_000


def test_whole_readings_are_found(database: Database) -> None:
    """The judge of tests/storage/test_plans.py sees what it is there to see."""
    customer(database, 1, known_since=0)
    purchases(database, 1, range(500))
    with listening() as asked, database.reading() as tx:
        tx.execute(text("SELECT count(*) FROM event AS e WHERE e.amount = :amount"), {"amount": 5})
        tx.execute(
            text("SELECT kind FROM event WHERE customer_id = 1 AND kind = 1 AND occurred_at > 7")
        ).all()
    assert [(scan.table, scan.index) for scan in scans(database, asked)] == [("event", None)]
