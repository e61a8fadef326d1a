"""Looking after the database itself: its size, its planner's statistics, and the space that was freed in it.

It must not know what the tables mean.
"""

from typing import Final

from sqlalchemy import text

from storage.database import Database, Transaction
from storage.tables import METADATA

_SAMPLE: Final = 1_000
"""Rows of an index that SQLite looks at: enough for its planner, and quick at any size."""


def size(tx: Transaction) -> int:
    """Give the bytes that the database takes up; on SQLite without the pages that are free for new rows."""
    if tx.dialect == "sqlite":
        pages, free, page = (
            int(tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * page
    return int(tx.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def analyze(tx: Transaction) -> None:
    """Let the planner look at what the tables hold by now: after many rows came or went."""
    if tx.dialect == "sqlite":
        tx.connection.exec_driver_sql(f"PRAGMA analysis_limit={_SAMPLE}")
        tx.connection.exec_driver_sql("ANALYZE")
        return
    for table in METADATA.sorted_tables:
        tx.connection.exec_driver_sql(f'ANALYZE "{table.name}"')


def tend(tx: Transaction) -> None:
    """Let the planner look again at those tables that have grown much since it last did; PostgreSQL does so by itself."""
    if tx.dialect == "sqlite":
        tx.connection.exec_driver_sql(f"PRAGMA analysis_limit={_SAMPLE}")
        tx.connection.exec_driver_sql("PRAGMA optimize")


def vacuum(database: Database) -> tuple[int, int]:
    """Give back the space of rows that are gone; gives the bytes on disk before and after.

    On SQLite the file is written anew, and whoever else wants to write waits that long. On PostgreSQL the space is
    free for new rows, and nobody waits.
    """
    with database.outside() as connection:
        ask = _ON_DISK[database.dialect]
        before = int(connection.execute(ask).fetchone()[0])
        connection.execute("VACUUM" if database.dialect == "sqlite" else "VACUUM (ANALYZE)")
        if database.dialect == "sqlite":
            # What was written anew stands in the log beside the file until it is carried over.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, int(connection.execute(ask).fetchone()[0])


_ON_DISK: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
