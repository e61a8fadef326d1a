"""Work that collided is done again from the beginning; a database without time says so."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import retry
from storage.database import Database, Transaction
from storage.retry import DatabaseBusyError
from tests.conftest import DatabaseUrls


def test_the_work_is_committed_once(database: Database) -> None:
    def work(tx: Transaction) -> str:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0)"))
        return "done"

    assert retry.writing(database, work) == "done"
    with database.reading() as tx:
        assert tx.execute(text("SELECT name FROM kind")).scalars().all() == ["a"]


def test_a_deadlock_is_tried_again(new_database_url: DatabaseUrls) -> None:
    database = Database(new_database_url("postgresql"))
    with database.writing() as tx:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0), (2, 'b', 0)"))
    both = threading.Barrier(2, timeout=20)
    tries: list[int] = []

    def work(tx: Transaction, first: int, second: int) -> None:
        tries.append(first)
        tx.execute(text("UPDATE kind SET events = events + 1 WHERE id = :id"), {"id": first})
        if len(tries) <= 2:
            both.wait()
        tx.execute(text("UPDATE kind SET events = events + 1 WHERE id = :id"), {"id": second})

    other = threading.Thread(target=lambda: retry.writing(database, lambda tx: work(tx, 2, 1)))
    other.start()
    retry.writing(database, lambda tx: work(tx, 1, 2))
    other.join(30)
    with database.reading() as tx:
        assert tx.execute(text("SELECT events FROM kind")).scalars().all() == [2, 2]
    assert len(tries) == 3
    database.close()


def test_a_collision_that_does_not_end_is_told(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0), (2, 'a', 0)"))

    with pytest.raises(IntegrityError):
        retry.writing(database, work)


def test_a_locked_database_is_busy(new_database_url: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database._BUSY_TIMEOUT_MS", 50)
    url = new_database_url("sqlite")
    database, stranger = Database(url), Database(url)
    # Somebody who does not ask for the writer's right, such as a tool on the command line.
    with (
        stranger._writing_engine().connect() as connection,
        connection.begin(),
        pytest.raises(DatabaseBusyError),
    ):
        retry.writing(database, lambda tx: tx.execute(text("DELETE FROM kind")))
    database.close()
    stranger.close()


def test_a_lost_connection_is_busy(new_database_url: DatabaseUrls) -> None:
    database = Database(new_database_url("postgresql"))

    def work(tx: Transaction) -> None:
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseBusyError):
        retry.writing(database, work)
    database.close()
