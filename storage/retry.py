"""A unit of work in one transaction, begun again where two processes got in each other's way.

It must not know what the work is; the work must be one that may be repeated whole.
"""

import time
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rules.errors import WarmlineError
from storage.database import Database, Transaction

Result = TypeVar("Result")

_TRIES: Final = 8
_PAUSE: Final = 0.02
_COLLISIONS: Final = frozenset({"23505", "40001", "40P01"})
"""SQLSTATEs: unique_violation, serialization_failure, deadlock_detected."""


class DatabaseBusyError(WarmlineError):
    """The database had no time for this, or was lost on the way; the same may be tried again. ``reason``: the driver's."""

    code: ClassVar[str] = "database_busy"


def writing(database: Database, work: Callable[[Transaction], Result]) -> Result:
    """Do ``work`` in one transaction, again from the beginning where another process collided with it.

    Raises `DatabaseBusyError` where nothing came of it; the work is then undone.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            with database.writing() as transaction:
                return work(transaction)
        except DBAPIError as error:
            if _collided(error) and attempt < _TRIES:
                time.sleep(_PAUSE * attempt)
            elif isinstance(error, OperationalError) or error.connection_invalidated:
                raise DatabaseBusyError(reason=str(error.orig).strip()) from error
            else:
                raise
        except PoolTimeoutError as error:
            raise DatabaseBusyError(reason="no connection free") from error
    raise AssertionError("the last attempt returns or raises")


def _collided(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _COLLISIONS
