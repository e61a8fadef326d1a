"""Room: the bytes that a stored event takes with its indexes, properties aside, against a bare table without any."""

import sqlite3
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


def _weighed(database: Database) -> tuple[Figure, Figure]:
    with database.reading() as tx:
        n = int(tx.execute(text("SELECT count(*) FROM event")).scalar_one())
    if database.path:
        ours, bare = _in_sqlite(str(database.path))
    else:
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        ours, bare = _in_postgresql(url)
    return Figure(ours / n, Unit.BYTES), Figure(bare / n, Unit.BYTES, "bare table")


def _in_sqlite(path: str) -> tuple[int, int]:
    """Give the bytes that are free once the table is gone, and those that a bare one takes; then undo both."""
    connection = sqlite3.connect(path, isolation_level=None)

    def pragma(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

    def used() -> int:
        return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")

    try:
        connection.execute("BEGIN")
        before = used()
        connection.execute(_BARE)
        between = used()
        connection.execute("DROP TABLE event")
        return between - used(), between - before
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def _in_postgresql(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as connection:
        ours = connection.execute("SELECT pg_total_relation_size('event')").fetchone()
        connection.execute(_BARE.encode())
        bare = connection.execute("SELECT pg_total_relation_size('bare')").fetchone()
        connection.rollback()
    assert ours is not None
    assert bare is not None
    return int(ours[0]), int(bare[0])
