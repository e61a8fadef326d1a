"""What the drivers' errors mean, shown with real ones: each is told as what it is, and nothing is changed."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage.database import Database
from storage.errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseIoError,
    DatabaseLostError,
    DatabaseReadOnlyError,
    DatabaseTroubleError,
)
from storage.trouble import trouble
from tests.conftest import DatabaseUrls
from tests.disks import full_disk

_LONG = "x" * 100_000


def write(database: Database, name: str = _LONG) -> None:
    with database.writing() as tx:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, :name, 0)"), {"name": name})


def stored(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(text("SELECT count(*) FROM kind")).scalar_one())


def test_a_full_disk_is_told_and_remembered_until_there_is_room(database: Database) -> None:
    with full_disk(database):
        with pytest.raises(DatabaseFullError):
            write(database)
        assert stored(database) == 0
        assert isinstance(database.trouble(within=60), DatabaseFullError)
    write(database)
    assert stored(database) == 1
    assert database.trouble(within=0) is None


def test_a_file_that_may_only_be_read(new_database_url: DatabaseUrls) -> None:
    database = Database(new_database_url("sqlite"))
    assert database.path is not None
    with database.outside() as driver:
        # What SQLite finds where the file or its folder belongs to somebody else; root may write all the same.
        driver.execute("PRAGMA query_only = ON")
    with pytest.raises(DatabaseReadOnlyError):
        write(database)
    assert isinstance(database.trouble(within=60), DatabaseReadOnlyError)
    database.close()


def test_a_server_that_may_only_be_read(new_database_url: DatabaseUrls) -> None:
    # As a standby is, and one that an administrator keeps from being written.
    url = new_database_url("postgresql")
    database = Database(f"{url}?options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(DatabaseReadOnlyError):
        write(database, "a")
    database.close()


def test_a_damaged_file(new_database_url: DatabaseUrls) -> None:
    database = Database(new_database_url("sqlite"))
    assert database.path is not None
    write(database, "a")
    with database.reading() as tx:
        page = tx.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'kind'")).scalar_one()
        size = tx.execute(text("PRAGMA page_size")).scalar_one()
    database.close()
    raw = bytearray(database.path.read_bytes())
    raw[(page - 1) * size : page * size] = b"\x5a" * size
    database.path.write_bytes(raw)
    with pytest.raises(DatabaseDamagedError), database.reading() as tx:
        tx.execute(text("SELECT events FROM kind")).all()
    database.close()


def test_what_a_statement_did_wrong_is_no_trouble_of_the_database(database: Database) -> None:
    write(database, "a")
    with pytest.raises(IntegrityError):
        write(database, "a")
    with pytest.raises(DBAPIError) as wrong, database.writing() as tx:
        tx.execute(text("SELECT no_such_column FROM kind"))
    assert trouble(wrong.value) is None
    assert database.trouble(within=60) is None


class Said(sqlite3.OperationalError):
    def __init__(self, code: int) -> None:
        super().__init__("said by SQLite")
        self.sqlite_errorcode = code


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, DatabaseBusyError),
        (sqlite3.SQLITE_LOCKED, DatabaseBusyError),
        (sqlite3.SQLITE_READONLY_DBMOVED, DatabaseReadOnlyError),
        (sqlite3.SQLITE_IOERR_FSYNC, DatabaseIoError),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DatabaseFullError),
        (sqlite3.SQLITE_NOTADB, DatabaseDamagedError),
        (sqlite3.SQLITE_ERROR, None),
    ],
)
def test_sqlites_codes(code: int, expected: type[DatabaseTroubleError] | None) -> None:
    found = trouble(OperationalError("UPDATE kind", {}, Said(code)))
    assert (None if found is None else type(found)) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("57P01", DatabaseLostError),
        ("57P03", DatabaseLostError),
        ("08006", DatabaseLostError),
        ("25P03", DatabaseLostError),
        (None, DatabaseLostError),
        ("53300", DatabaseBusyError),
        ("55P03", DatabaseBusyError),
        ("58030", DatabaseIoError),
        ("XX001", DatabaseDamagedError),
        ("40P01", None),
        ("40001", None),
        ("42P01", None),
    ],
)
def test_postgresqls_states(state: str | None, expected: type[DatabaseTroubleError] | None) -> None:
    said = psycopg.OperationalError("said by PostgreSQL")
    said.sqlstate = state
    found = trouble(OperationalError("UPDATE kind", {}, said))
    assert (None if found is None else type(found)) is expected
