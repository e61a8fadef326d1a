"""What the drivers' errors mean: which of a few troubles with a next step of its own stands behind one.

One answer for two engines: SQLite says it by a result code, PostgreSQL by an SQLSTATE. It must not know what was asked
of the database.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError

from storage.errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseIoError,
    DatabaseLostError,
    DatabaseReadOnlyError,
    DatabaseTroubleError,
)

COLLISIONS: Final = frozenset({"23505", "40001", "40P01"})
"""SQLSTATEs after which the same work may go through: unique_violation, serialization_failure, deadlock_detected."""
LASTING: Final = (DatabaseFullError, DatabaseReadOnlyError, DatabaseIoError, DatabaseDamagedError)
"""Troubles that somebody has to see to."""

# https://www.sqlite.org/rescode.html; of an extended code the low eight bits.
_SQLITE: Final[Mapping[int, type[DatabaseTroubleError]]] = {
    sqlite3.SQLITE_BUSY: DatabaseBusyError,
    sqlite3.SQLITE_LOCKED: DatabaseBusyError,
    sqlite3.SQLITE_FULL: DatabaseFullError,
    sqlite3.SQLITE_READONLY: DatabaseReadOnlyError,
    sqlite3.SQLITE_IOERR: DatabaseIoError,
    sqlite3.SQLITE_CORRUPT: DatabaseDamagedError,
    sqlite3.SQLITE_NOTADB: DatabaseDamagedError,
}
# The file in which SQLite's processes share their memory could not be made larger: the disk is full.
_NO_ROOM: Final = sqlite3.SQLITE_IOERR_SHMSIZE
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: Final[Mapping[str, type[DatabaseTroubleError]]] = {
    "53100": DatabaseFullError,  # disk_full
    "25006": DatabaseReadOnlyError,  # read_only_sql_transaction: a standby, or a server that was made so
    "58030": DatabaseIoError,  # io_error
    "XX001": DatabaseDamagedError,  # data_corrupted
    "XX002": DatabaseDamagedError,  # index_corrupted
    "25P03": DatabaseLostError,  # idle_in_transaction_session_timeout
}
_POSTGRESQL_CLASSES: Final[Mapping[str, type[DatabaseTroubleError]]] = {
    "08": DatabaseLostError,  # connection exceptions
    "57P": DatabaseLostError,  # ended, crashed, starting up, database dropped, idle for too long
    "53": DatabaseBusyError,  # other resources that ran out: connections, memory
    "55P03": DatabaseBusyError,  # lock_not_available
    "57014": DatabaseBusyError,  # query_canceled: it took too long
}


def trouble(error: DBAPIError) -> DatabaseTroubleError | None:
    """Give the trouble behind a driver's error; None where it is a fault of the statement's, or two collided."""
    found = _kind(error)
    return None if found is None else found(reason=str(error.orig).strip())


def collided(error: DBAPIError) -> bool:
    """Tell whether two that wrote at once got in each other's way, so that the same may go through now."""
    return getattr(error.orig, "sqlstate", None) in COLLISIONS


def _kind(error: DBAPIError) -> type[DatabaseTroubleError] | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return DatabaseFullError if code == _NO_ROOM else _SQLITE.get(code & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None and collided(error):
        return None
    if state is not None:
        known = _POSTGRESQL.get(state)
        if known is not None:
            return known
        for begins, one in _POSTGRESQL_CLASSES.items():
            if state.startswith(begins):
                return one
    if error.connection_invalidated or (state is None and isinstance(error, OperationalError)):
        # The server went away without a word.
        return DatabaseLostError
    return None
