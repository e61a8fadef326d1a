"""The database: one writer of a SQLite file, snapshots that do not change, and what cannot be opened."""

import contextlib
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from storage.counters import take
from storage.database import Database, lock_path_of, writer_of
from storage.errors import DatabaseUnreachableError, DatabaseUrlError, SecondWriterError


def count(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(text("SELECT count(*) FROM counter")).scalar_one())


def test_a_transaction_is_kept_whole_or_undone(database: Database) -> None:
    with database.writing() as tx:
        take(tx, "one")
    with contextlib.suppress(ZeroDivisionError), database.writing() as tx:
        take(tx, "two")
        _ = 1 / 0
    assert count(database) == 1


def test_a_snapshot_does_not_change(database: Database) -> None:
    with database.reading() as snapshot:
        before = snapshot.execute(text("SELECT count(*) FROM counter")).scalar_one()
        with database.writing() as tx:
            take(tx, "one")
        assert snapshot.execute(text("SELECT count(*) FROM counter")).scalar_one() == before == 0
    assert count(database) == 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(SQLAlchemyError), database.reading() as tx:
        take(tx, "one")
    assert count(database) == 0


def test_numbers_are_given_once(database: Database) -> None:
    taken: list[int] = []

    def some() -> None:
        for _ in range(20):
            with database.writing() as tx:
                taken.extend(take(tx, "alert", 3))

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 241))


def _try_to_write(url: str, said: "multiprocessing.Queue[str]") -> None:
    database = Database(url)
    try:
        database.acquire_writer()
    except SecondWriterError as error:
        said.put(str(error.params["pid"]))
    else:
        said.put("could")
    database.close()


def in_another_process(url: str) -> str:
    spawn = multiprocessing.get_context("spawn")
    said = spawn.Queue()
    process = spawn.Process(target=_try_to_write, args=(url, said))
    process.start()
    answer = str(said.get(timeout=60))
    process.join()
    said.close()
    return answer


def test_a_second_writing_process_is_refused_on_sqlite(new_database_url: object, tmp_path: Path) -> None:
    url = new_database_url("sqlite")  # type: ignore[operator]
    first = Database(url)
    first.acquire_writer()
    assert first.path is not None
    pid = str(multiprocessing.current_process().pid)
    assert in_another_process(url) == pid
    assert str(writer_of(first.path)["pid"]) == pid
    assert lock_path_of(first.path).stat().st_mode & 0o077 == 0
    first.close()
    assert writer_of(first.path) == {}
    assert in_another_process(url) == "could"


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'held.db'}"
    code = f"from storage.database import Database; d = Database({url!r}); d.acquire_writer(); print('held', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    database = Database(url)
    with pytest.raises(SecondWriterError):
        database.acquire_writer()
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    database.acquire_writer()
    database.close()


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://root:secret@localhost/x", "oracle://x"]
)
def test_a_url_of_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, this is a letter and by no means a database. " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnreachableError) as refused, database.reading():
        pass
    assert "not a database" in str(refused.value.params["reason"])
    database.close()


def test_a_server_that_does_not_answer() -> None:
    database = Database("postgresql://someone:secret@127.0.0.1:1/nowhere")
    with pytest.raises(DatabaseUnreachableError) as refused, database.reading():
        pass
    assert "secret" not in str(refused.value)
    database.close()
