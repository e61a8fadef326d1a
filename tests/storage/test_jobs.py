"""What is done once: by one of several processes, in one transaction, whatever dies meanwhile."""

import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from rules.instants import DAY, HOUR, MINUTE
from storage import jobs
from storage.database import Database
from tests.conftest import DatabaseUrls

NOW = 1_000 * DAY


def claimed(database: Database, slot: str = "2026-11-27", job: str = "digest:C1") -> bool:
    with database.writing() as tx:
        return jobs.once(tx, job=job, slot=slot, now=NOW)


def turn(database: Database, now: int) -> bool:
    with database.writing() as tx:
        return jobs.turn(tx, "sweep", now=now, every=MINUTE)


def test_a_slot_is_claimed_once(database: Database) -> None:
    assert claimed(database)
    assert not claimed(database)
    assert claimed(database, slot="2026-11-28")
    assert claimed(database, job="digest:C2")


def test_a_claim_that_came_to_nothing_leaves_the_slot_free(database: Database) -> None:
    def cut_off() -> None:
        with database.writing() as tx:
            assert jobs.once(tx, job="digest:C1", slot="2026-11-27", now=NOW)
            raise RuntimeError("killed in the midst of it")

    with pytest.raises(RuntimeError, match="killed"):
        cut_off()
    assert claimed(database)


@pytest.mark.parametrize("first_commits", [True, False])
def test_of_two_processes_one_has_the_slot(new_database_url: DatabaseUrls, first_commits: bool) -> None:
    url = new_database_url("postgresql")
    first, second, found = Database(url), Database(url), list[bool]()
    waiting = threading.Thread(target=lambda: found.append(claimed(second)))
    with first._writing_engine().connect() as connection:
        begun = connection.begin()
        connection.execute(jobs._ONCE, {"job": "digest:C1", "slot": "2026-11-27", "now": NOW})
        waiting.start()
        # It is seen to wait for the first, so that it asked before the first was through.
        while not _blocked(first):
            pass
        begun.commit() if first_commits else begun.rollback()
    waiting.join(30)
    assert found == [not first_commits]
    first.close()
    second.close()


def _blocked(database: Database) -> bool:
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.reading() as tx:
        return bool(tx.execute(asked).scalar_one())


def test_what_was_done_long_ago_is_forgotten(database: Database) -> None:
    assert claimed(database)
    with database.writing() as tx:
        jobs.prune(tx, before=NOW)
    assert not claimed(database)
    with database.writing() as tx:
        jobs.prune(tx, before=NOW + 1)
    assert claimed(database)


def test_a_turn_comes_once_in_its_time_and_a_clock_set_back_holds_nobody_up(database: Database) -> None:
    assert turn(database, NOW)
    assert not turn(database, NOW + MINUTE // 2)
    # Its own next tick may be a little early.
    assert turn(database, NOW + MINUTE - 5)
    assert turn(database, NOW - HOUR)
    assert not turn(database, NOW - HOUR + MINUTE // 2)
    assert turn(database, NOW + DAY)


@settings(max_examples=25)
@given(st.lists(st.integers(0, MINUTE - 1), min_size=2, max_size=4))
def test_of_several_processes_that_tick_every_minute_about_one_sweeps(
    shared_sqlite: Database, phases: list[int]
) -> None:
    with shared_sqlite.writing() as tx:
        tx.execute(text("DELETE FROM job"))
    ticks = sorted(phase + n * MINUTE for phase in phases for n in range(10))
    taken = [at for at in ticks if turn(shared_sqlite, NOW + at)]
    gaps = [after - before for before, after in itertools.pairwise(taken)]
    assert all(MINUTE - MINUTE // 10 <= gap <= MINUTE for gap in gaps)
    assert max(ticks) - taken[-1] < MINUTE


@pytest.fixture(scope="module")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("jobs") / "jobs.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
