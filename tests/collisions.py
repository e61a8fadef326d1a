"""Two who lock the same things in opposite order, on PostgreSQL: who must give way is known beforehand."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from storage.database import Database, Transaction

_WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


def behind(
    database: Database, held: str, work: Callable[[], Any], then: Callable[[Transaction], object]
) -> list[BaseException]:
    """Let ``work`` wait for the rows that the statement ``held`` locks, do ``then`` meanwhile, and let go.

    Gives what ``work`` raised. In a deadlock it is the work that PostgreSQL ends.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  given to the test
            raised.append(error)

    thread = threading.Thread(target=run)
    with database.writing() as tx:
        tx.execute(text("SET LOCAL deadlock_timeout = '1min'"))
        tx.execute(text(held))
        thread.start()
        until = time.monotonic() + 20
        while not tx.execute(_WAITING).scalar_one():
            assert time.monotonic() < until, "the work waits for nothing"
            time.sleep(0.01)
        then(tx)
    thread.join(30)
    assert not thread.is_alive()
    return raised
