"""Room: the bytes that a stored event takes with its indexes, properties aside, against a bare table without any."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import psycopg
from sqlalchemy import text

from bench import events, intake
from bench.company.load import people
from bench.company.people import profiles
from bench.company.shape import Shape
from bench.measure import Figure, Goal, Measure, Unit
from bench.workbench import Place, Workbench
from storage.database import Database, Dialect

GOALS: Final[dict[Dialect, float]] = {"sqlite": 65, "postgresql": 150}
_BARE: Final = "CREATE TABLE bare AS SELECT customer_id, kind, occurred_at, key, amount, currency FROM event"


def room(bench: Workbench) -> list[Measure]:
    """Weigh the events of the company, and those of one that came in by intake alone, in the order of time."""
    goal = Goal(GOALS[bench.dialect], of_value=True)
    with bench.brief(_taken_in(bench)) as grown:
        one_by_one = _weighed(grown.database)
    loaded = _weighed(bench.main.database)
    return [
        Measure("room", f"a stored event, {how}", ours, other, goal=goal)
        for how, (ours, other) in (("as loaded", loaded), ("as taken in", one_by_one))
    ]


def _taken_in(bench: Workbench) -> Place:
    """Let half the events of the intake's measure come in by themselves: pages are then as full as they get in life."""
    shape = Shape(max(50, bench.sizes.customers // 20), 0, seed=bench.sizes.seed)
    place = bench.empty(shape)
    advance = bench.say("intake to be weighed", shape.customers + bench.sizes.intake)
    people(place.database, profiles(shape), advance, now=shape.begin)
    given = intake.live(place, bench.sizes.intake, seed=bench.sizes.seed)
    events.take_in_all(place.database, given, now=place.clock.at)
    advance(len(given))
    return place


def weight(database: Database, tables: Sequence[str]) -> float:
    """Give the bytes that tables with their indexes take, for each stored event."""
    return sum(_bytes(database, [f"DROP TABLE {table}"], table) for table in tables) / _stored(database)


def _weighed(database: Database) -> tuple[Figure, Figure]:
    ours = weight(database, ["event"])
    bare = _bytes(database, [_BARE, "DROP TABLE bare"], "bare") / _stored(database)
    return Figure(ours, Unit.BYTES), Figure(bare, Unit.BYTES, "bare table")


def _stored(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(text("SELECT count(*) FROM event")).scalar_one())


def _bytes(database: Database, statements: Sequence[str], table: str) -> int:
    """Give the bytes of a ``table``, by statements the last of which drops it; all is undone."""
    if database.path:
        return _in_sqlite(str(database.path), statements)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return _in_postgresql(url, statements[:-1], table)


def _in_sqlite(path: str, statements: Sequence[str]) -> int:
    """Give the bytes that the last statement frees."""
    connection = sqlite3.connect(path, isolation_level=None)

    def pragma(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

    def used() -> int:
        return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")

    try:
        connection.execute("BEGIN")
        for statement in statements[:-1]:
            connection.execute(statement)
        before = used()
        connection.execute(statements[-1])
        return before - used()
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def _in_postgresql(url: str, statements: Sequence[str], table: str) -> int:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        found = connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
        connection.rollback()
    assert found is not None
    return int(found[0])
