"""What can go wrong with the place where Warmline remembers things."""

from typing import ClassVar

from rules.errors import WarmlineError


class DatabaseUrlError(WarmlineError):
    """``DATABASE_URL`` names no database that Warmline can use: ``url`` without its password."""

    code: ClassVar[str] = "bad_database_url"


class DatabaseUnreachableError(WarmlineError):
    """The database does not answer: ``url`` without its password, ``reason`` as the driver said it."""

    code: ClassVar[str] = "database_unreachable"


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
