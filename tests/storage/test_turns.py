"""Who has lost the right to sweep, or to judge, cannot write any more."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import text

from storage import turns
from storage.database import Database
from storage.errors import JudgingRunningError, SweepRunningError
from tests.conftest import DatabaseUrls

Right = Callable[[Database], AbstractContextManager[Database]]
RIGHTS = [(turns.sweeping, SweepRunningError), (turns.judging, JudgingRunningError)]


@pytest.fixture
def two(new_database_url: DatabaseUrls) -> Iterator[tuple[Database, Database]]:
    url = new_database_url("postgresql")
    both = Database(url), Database(url)
    yield both
    for one in both:
        one.close()


def cut_off_the_holder(database: Database) -> None:
    """End the session that holds an advisory lock, as an administrator does."""
    asked = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND database = "
    )
    own = text(asked.text + "(SELECT oid FROM pg_database WHERE datname = current_database())")
    with database.reading() as tx:
        assert tx.execute(own).scalar_one() == 1


@pytest.mark.parametrize(("right", "refusal"), RIGHTS)
def test_one_at_a_time(two: tuple[Database, Database], right: Right, refusal: type[Exception]) -> None:
    first, second = two
    with right(first), pytest.raises(refusal), right(second):
        pass
    with right(second):
        pass


@pytest.mark.parametrize(("right", "refusal"), RIGHTS)
def test_who_was_cut_off_and_overtaken_writes_nothing(
    two: tuple[Database, Database], right: Right, refusal: type[Exception]
) -> None:
    first, second = two

    def write(held: Database) -> None:
        with held.writing() as tx:
            tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0)"))

    with right(first) as lost:
        cut_off_the_holder(second)
        with right(second) as held:
            with pytest.raises(refusal):
                write(lost)
            write(held)
        # Nor after the other is through: what was read before is out of date.
        with pytest.raises(refusal):
            write(lost)


def test_a_turn_begins_after_what_the_one_before_was_writing(two: tuple[Database, Database]) -> None:
    first, second = two
    seen: list[int] = []

    def overtake() -> None:
        with turns.sweeping(second), second.reading() as tx:
            seen.append(tx.execute(text("SELECT count(*) FROM kind")).scalar_one())

    other = threading.Thread(target=overtake)
    with turns.sweeping(first) as held:
        with held.writing() as tx:
            tx.execute(text("INSERT INTO kind (id, name, events) VALUES (1, 'a', 0)"))
            cut_off_the_holder(second)
            other.start()
            while not _somebody_waits(first):
                pass
        other.join(30)
    assert seen == [1]


def _somebody_waits(database: Database) -> bool:
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.reading() as tx:
        return bool(tx.execute(asked).scalar_one())
