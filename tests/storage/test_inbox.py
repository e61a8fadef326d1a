import contextlib

from storage import inbox
from storage.database import Database


def test_a_delivery_is_new_once_and_again_after_it_was_forgotten(database: Database) -> None:
    with database.writing() as tx:
        assert inbox.first_time(tx, "command:1", now=10)
        assert not inbox.first_time(tx, "command:1", now=11)
        assert inbox.first_time(tx, "command:2", now=20)
    with database.writing() as tx:
        assert not inbox.first_time(tx, "command:1", now=30)
        inbox.prune(tx, before=20)
        assert inbox.first_time(tx, "command:1", now=30)
        assert not inbox.first_time(tx, "command:2", now=30)


def test_what_is_undone_is_not_remembered(database: Database) -> None:
    class UndoneError(Exception):
        pass

    with contextlib.suppress(UndoneError), database.writing() as tx:
        assert inbox.first_time(tx, "command:1", now=10)
        raise UndoneError
    with database.writing() as tx:
        assert inbox.first_time(tx, "command:1", now=10)
