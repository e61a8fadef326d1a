"""A channel's slots: one at a time, and nobody waits for a process that stands still while it takes one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rules.instants import HOUR
from storage import carriage, outbox, pace
from storage.database import Database
from storage.outbox import Call, New, Subject
from tests.conftest import DatabaseUrls


def take(database: Database, now: int, channel: str = "C1") -> bool:
    with database.writing() as tx:
        return pace.take(tx, channel=channel, lane="post", now=now, interval=1_000)


def test_one_slot_at_a_time(database: Database) -> None:
    assert take(database, 0)
    assert not take(database, 999)
    assert take(database, 0, "C2")
    assert take(database, 1_000)


def test_a_hold_written_by_a_clock_that_was_set_back_since_holds_nothing(database: Database) -> None:
    with database.writing() as tx:
        pace.hold(tx, channel="C1", until=10 * HOUR, reason="not_in_channel")
    assert not take(database, 10 * HOUR - 1)
    assert take(database, 0)


@pytest.mark.parametrize("slot_is_new", [True, False])
def test_a_process_that_stands_still_in_the_midst_of_claiming_holds_up_no_other_channel(
    new_database_url: DatabaseUrls, slot_is_new: bool
) -> None:
    url = new_database_url("postgresql")
    still, other = Database(url), Database(url)
    for channel in ("C1", "C2"):
        with other.writing() as tx:
            outbox.add(tx, New(call=Call.POST, subject=Subject.ALERT, channel=channel), now=0)
    if not slot_is_new:
        assert take(other, -5_000)

    def claim() -> list[str]:
        with other.writing() as tx:
            taken = carriage.claim(tx, owner="two", now=0, lease=60_000, interval=1_000)
        return [message.channel for message in taken]

    with ThreadPoolExecutor(1) as pool:
        with still.writing() as tx:
            assert pace.take(tx, channel="C1", lane="post", now=0, interval=1_000)
            claiming = pool.submit(claim)
            if not slot_is_new:
                # It is through while the other still stands there.
                assert claiming.result(20) == ["C2"]
        assert claiming.result(20) == ["C2"]
    still.close()
    other.close()
