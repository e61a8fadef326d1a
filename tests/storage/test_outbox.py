"""The outbox: what is to be said stands there in the order in which it was asked for."""

from storage import outbox
from storage.database import Database
from tests.storage.test_carriage import post


def test_what_was_asked_for_after_a_message_comes_in_its_order(database: Database) -> None:
    first, second, third = (post(database) for _ in range(3))
    with database.reading() as tx:
        assert [one.id for one in outbox.after(tx, first)] == [second, third]
        assert outbox.after(tx, third) == []
