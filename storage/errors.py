"""What can go wrong with the place where Warmline remembers things."""

from typing import ClassVar

from rules.errors import WarmlineError


class DatabaseUrlError(WarmlineError):
    """``DATABASE_URL`` names no database that Warmline can use: ``url`` without its password."""

    code: ClassVar[str] = "bad_database_url"


class DatabaseUnreachableError(WarmlineError):
    """The database does not answer: ``url`` without its password, ``reason`` as the driver said it."""

    code: ClassVar[str] = "database_unreachable"


class DatabaseTroubleError(WarmlineError):
    """Something stands in the database's way, which is no fault of what was asked of it. ``reason``: the driver's."""


class DatabaseBusyError(DatabaseTroubleError):
    """The database had no time for this; nothing was changed, and the same may be tried again."""

    code: ClassVar[str] = "database_busy"


class DatabaseLostError(DatabaseTroubleError):
    """The connection to the database broke; what was under way is undone, or was committed in its last instant."""

    code: ClassVar[str] = "database_lost"


class DatabaseFullError(DatabaseTroubleError):
    """There is no room left where the database lies; nothing was changed, and reading still works."""

    code: ClassVar[str] = "database_full"


class DatabaseReadOnlyError(DatabaseTroubleError):
    """The database may be read, but not written."""

    code: ClassVar[str] = "database_read_only"


class DatabaseIoError(DatabaseTroubleError):
    """The disk on which the database lies failed."""

    code: ClassVar[str] = "database_io"


class DatabaseDamagedError(DatabaseTroubleError):
    """The database's files are not what they were."""

    code: ClassVar[str] = "database_damaged"


class SecondWriterError(WarmlineError):
    """Another process writes this SQLite file: its ``pid`` and the file's ``path``."""

    code: ClassVar[str] = "second_writer"


class SchemaError(WarmlineError):
    """The database was made by another version of Warmline: ``found`` and ``wanted`` revisions."""

    code: ClassVar[str] = "schema_differs"


class SweepRunningError(WarmlineError):
    """Another process sweeps this database right now."""

    code: ClassVar[str] = "sweep_running"


class JudgingRunningError(WarmlineError):
    """The days of this database's history are being judged right now."""

    code: ClassVar[str] = "judging_running"
