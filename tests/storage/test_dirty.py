"""The log of those whom a sweep must look at again."""

from storage import dirty
from storage.database import Database
from tests.handlers import stored


def test_marks_of_one_transaction_are_one_batch(database: Database) -> None:
    with database.writing() as tx:
        dirty.mark(tx, [(1, 2, 9), (1, 2, 7), (3, dirty.PROFILE, None)], now=5)
        dirty.mark(tx, [], now=6)
    with database.writing() as tx:
        dirty.mark(tx, [(1, 2, 8)], now=7)
    with database.reading() as tx:
        first, second = dirty.batches(tx)
    assert stored.rows(database, "SELECT customer_id, kind FROM dirty") == [(1, 2), (1, 2), (3, 0)]
    assert {len(first), len(second)} == {16}


def test_a_sweep_forgets_what_it_read_and_no_more(database: Database) -> None:
    with database.writing() as tx:
        dirty.mark(tx, [(1, 2, 8), (4, 2, 8)], now=5)
    with database.reading() as tx:
        read = dirty.batches(tx)
    with database.writing() as tx:
        dirty.mark(tx, [(1, 2, 8)], now=5)
        dirty.forget(tx, read)
        dirty.forget(tx, [])
    assert stored.rows(database, "SELECT customer_id, kind FROM dirty") == [(1, 2)]


def test_the_log_is_appended_to(database: Database) -> None:
    instants = [3, 1_000, 1_750_000_000_000]
    for now in instants:
        with database.writing() as tx:
            dirty.mark(tx, [(now % 7, 1, now)], now=now)
    ordered = stored.rows(database, "SELECT batch, customer_id FROM dirty")
    assert [customer for _, customer in sorted(ordered, key=lambda row: bytes(row[0]))] == [
        now % 7 for now in instants
    ]
