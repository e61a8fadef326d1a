"""A unit of work in one transaction, begun again where two processes got in each other's way or the server was lost.

It must not know what the work is; the work must be one that may be repeated whole.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from storage.database import Database, Fate, Transaction
from storage.errors import DatabaseBusyError, DatabaseLostError
from storage.trouble import collided

__all__ = ["DatabaseBusyError", "writing"]

Result = TypeVar("Result")

_TRIES: Final = 8
_TRIES_LOST: Final = 3
"""A connection that broke is made anew at once; a server that is gone for longer is told."""
_PAUSE: Final = 0.02


def writing(database: Database, work: Callable[[Transaction], Result]) -> Result:
    """Do ``work`` in one transaction, again from the beginning where another process collided with it.

    Where the connection broke it is done again on a fresh one, unless the server says that it was committed: what was
    lost was the word of it. Raises a `DatabaseTroubleError` where nothing came of it; the work is then undone, or of
    a `DatabaseLostError` nobody can say.
    """
    lost = 0
    for attempt in range(1, _TRIES + 1):
        done: tuple[Result, int | None] | None = None
        try:
            with database.writing() as transaction:
                done = work(transaction), None
                done = done[0], transaction.mark()
        except DatabaseLostError:
            lost += 1
            fate = Fate.UNDONE if done is None or done[1] is None else database.fate(done[1])
            if done is not None and fate is Fate.COMMITTED:
                return done[0]
            if fate is Fate.UNCLEAR or lost >= _TRIES_LOST:
                raise
        except DBAPIError as error:
            if not collided(error) or attempt == _TRIES:
                raise
        else:
            return done[0]
        time.sleep(_PAUSE * attempt)
    raise AssertionError("the last attempt returns or raises")
