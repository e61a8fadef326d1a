"""The outbox: what is to be said stands there in the order in which it was asked for."""

from sqlalchemy import text

from storage import outbox
from storage.database import Database
from storage.outbox import Call, New, Priority, Subject
from tests.storage.test_carriage import post


def test_what_was_asked_for_after_a_message_comes_in_its_order(database: Database) -> None:
    first, second, third = (post(database) for _ in range(3))
    with database.reading() as tx:
        assert [one.id for one in outbox.after(tx, first)] == [second, third]
        assert outbox.after(tx, third) == []


def test_where_nobody_waits_all_goes_in_the_order_in_which_it_was_asked_for(database: Database) -> None:
    with database.writing() as tx:
        for subject, urgent in ((Subject.DIGEST, False), (Subject.ALERT, False), (Subject.ALERT, True)):
            outbox.add(tx, New(call=Call.POST, subject=subject, channel="#c", urgent=urgent), now=1)
        outbox.in_order(tx)
    with database.reading() as tx:
        assert set(tx.execute(text("SELECT priority FROM outbox")).scalars()) == {Priority.ALERT}
