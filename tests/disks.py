"""A full disk for tests, on both databases, that needs no rights on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from storage.database import Database

_MOST_PAGES = 1 << 30
_REFUSE = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"


@contextmanager
def full_disk(database: Database) -> Iterator[None]:
    """Leave no room for anything new as long as the block lasts.

    SQLite finds no further page, and says so itself; what fits into pages that are there goes through, as it does on a
    real disk with a few bytes left. On PostgreSQL every insert and update fails as one does that needs another block.
    """
    if database.dialect == "sqlite":
        with database.outside() as driver:
            (pages,) = driver.execute("PRAGMA page_count").fetchone()
            driver.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            with database.outside() as driver:
                driver.execute(f"PRAGMA max_page_count = {_MOST_PAGES}")
        return
    with database.writing() as tx:
        tables = tx.execute(text(_TABLES)).scalars().all()
        tx.connection.exec_driver_sql(_REFUSE)
        for table in tables:
            tx.connection.exec_driver_sql(
                f'CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON "{table}" FOR EACH ROW EXECUTE FUNCTION no_room()'
            )
    try:
        yield
    finally:
        with database.writing() as tx:
            tx.connection.exec_driver_sql("DROP FUNCTION no_room() CASCADE")
