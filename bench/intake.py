"""Intake, against the least that storing can cost: bare inserts into a table without any index, or a bare COPY."""

from collections.abc import Sequence
from typing import Any, Final

from numpy.random import default_rng
from sqlalchemy import text

from bench import events
from bench.measure import Figure, Goal, Measure, Shown, Unit, seconds
from bench.workbench import Place, Workbench
from handlers.ingest import BATCH
from rules.instants import HOUR
from storage.database import Database, Dialect
from storage.incoming import EventIn

GOALS: Final[dict[Dialect, float]] = {"sqlite": 0.10, "postgresql": 0.20}
_TABLE: Final = "CREATE TABLE bare (customer_id int, kind int, occurred_at bigint, key bigint, amount bigint, currency text)"
_WITHIN: Final = HOUR


def intake(bench: Workbench) -> list[Measure]:
    """Take events in, in batches of 1,000, on top of all that are stored; then write the same ones barely."""
    place = bench.main
    given = live(place, bench.sizes.intake, seed=bench.sizes.seed)
    advance = bench.say("intake", 2)
    ours = seconds(lambda: events.take_in_all(place.database, given, now=place.clock.at))
    advance(1)
    rows = [
        (number, 1, one.occurred_at, one.key, one.amount, one.currency) for number, one in enumerate(given)
    ]
    bare = _bare_seconds(place.database, rows)
    advance(1)
    name = "bare inserts" if bench.dialect == "sqlite" else "bare COPY"
    return [
        Measure(
            "intake",
            f"intake, batches of {BATCH:,}",
            Figure(len(given) / ours, Unit.EACH_SECOND),
            Figure(len(given) / bare, Unit.EACH_SECOND, name),
            Shown.PERCENT,
            Goal(GOALS[bench.dialect], at_least=True),
        )
    ]


def live(place: Place, n: int, *, seed: int) -> list[EventIn]:
    """Give events of customers at random in the last hour, in the order of time, as they come in."""
    chance = default_rng([seed, 13])
    customers = chance.integers(place.shape.customers, size=n)
    return events.of_customers(chance, customers, until=place.clock.at, within=_WITHIN)


def _bare_seconds(database: Database, rows: Sequence[tuple[Any, ...]]) -> float:
    with database.writing() as tx:
        tx.execute(text(_TABLE))
    taken = seconds(lambda: write_barely(database, rows))
    with database.writing() as tx:
        tx.execute(text("DROP TABLE bare"))
    return taken


def write_barely(database: Database, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows into the table ``bare``: on SQLite in batches in one transaction, on PostgreSQL by COPY."""
    with database.writing() as tx:
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        if database.dialect == "sqlite":
            for first in range(0, len(rows), BATCH):
                driver.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?)", rows[first : first + BATCH])
        else:
            with driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
