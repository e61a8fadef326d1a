"""Work that collided is done again from the beginning; a database without time says so."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from storage import retry
from storage.database import Database, Fate, Transaction
from storage.errors import DatabaseBusyError, DatabaseLostError
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


def add_kind(tx: Transaction) -> int:
    tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0)"))
    return 1


def kinds(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(text("SELECT count(*) FROM kind")).scalar_one())


@pytest.fixture
def server(new_database_url: DatabaseUrls) -> Iterator[Database]:
    database = Database(new_database_url("postgresql"))
    yield database
    database.close()


def test_work_whose_backend_was_killed_is_done_again_on_a_fresh_connection(server: Database) -> None:
    backends: list[int] = []

    def work(tx: Transaction) -> int:
        backends.append(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())
        add_kind(tx)
        if len(backends) == 1:
            tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return len(backends)

    assert retry.writing(server, work) == 2
    assert len(set(backends)) == 2
    assert kinds(server) == 1


def test_a_server_that_goes_on_killing_is_told(server: Database) -> None:
    tries: list[int] = []

    def work(tx: Transaction) -> None:
        tries.append(1)
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseLostError):
        retry.writing(server, work)
    assert len(tries) == 3


@pytest.mark.parametrize("committed", [True, False])
def test_what_was_lost_in_the_commit_itself_is_done_once(server: Database, committed: bool) -> None:
    tries: list[int] = []

    # Only the first commit: it went through, or did not, and then the server was gone.
    def on_commit(connection: Connection) -> None:
        if len(tries) != 1 or not tries[0]:
            return
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.commit() if committed else driver.rollback()
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    def work(tx: Transaction) -> str:
        tries.append(1)
        add_kind(tx)
        return f"try {len(tries)}"

    event.listen(server._writing_engine(), "commit", on_commit)
    assert retry.writing(server, work) == ("try 1" if committed else "try 2")
    assert kinds(server) == 1


def test_where_the_server_cannot_be_asked_nobody_says_what_became_of_it(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "fate", lambda _mark: Fate.UNCLEAR)

    def on_commit(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    event.listen(server._writing_engine(), "commit", on_commit)
    with pytest.raises(DatabaseLostError):
        retry.writing(server, add_kind)


def test_a_pooled_connection_that_died_meanwhile_is_not_used(server: Database) -> None:
    with server.writing() as tx:
        backend = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with server.reading() as tx:
        assert tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend}).scalar_one()
    with server.writing() as tx:
        add_kind(tx)
    assert kinds(server) == 1
