"""The database: connections, transactions and who may write.

One code for two engines. SQLite has one writing connection in one process (held by a lock beside the file) and any
number of reading ones; PostgreSQL takes several processes. It must not know any table.
"""

import contextlib
import copy
import fcntl
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final, Literal

from sqlalchemy import Connection, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import URL, CursorResult, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from rules.errors import WarmlineError
from storage.errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseLostError,
    DatabaseReadOnlyError,
    DatabaseTroubleError,
    DatabaseUnreachableError,
    DatabaseUrlError,
    JudgingRunningError,
    SecondWriterError,
    SweepRunningError,
)
from storage.trouble import LASTING, trouble

Dialect = Literal["sqlite", "postgresql"]

_SWEEP_LOCK: Final = 0x5741524D  # "WARM": the advisory lock that one sweep holds on PostgreSQL
_JUDGING_LOCK: Final = 0x57415248  # "WARH": the one that a run of judging days holds
_BUSY_TIMEOUT_MS: Final = 5_000
_PATIENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 60,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""Seconds, and a count. A server that has vanished, as when a machine loses its power, is noticed within two minutes."""
_IDLE_IN_TRANSACTION_MS: Final = 60_000
"""A process that was stopped in the midst of a writing transaction holds up the others no longer than this."""


class Fate(StrEnum):
    """What became of a transaction whose connection broke while it was being committed."""

    COMMITTED = "committed"
    UNDONE = "undone"
    UNCLEAR = "unclear"
    """The server cannot be asked, or has forgotten."""


class Transaction:
    """One transaction, handed to the query functions of this package; handlers only pass it on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def session(self) -> Session:
        """Rows as objects, for work that is not hot; most transactions never make one."""
        return Session(bind=self.connection, join_transaction_mode="control_fully", expire_on_commit=False)

    @property
    def dialect(self) -> Dialect:
        """Which engine this is."""
        return "sqlite" if self.connection.dialect.name == "sqlite" else "postgresql"

    def execute(
        self, statement: Executable, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a Core statement; the session and it see each other's work."""
        session: Session | None = self.__dict__.get("session")
        if session is None:
            return self.connection.execute(statement, params)
        session.flush()
        result = self.connection.execute(statement, params)
        if not statement.is_select:
            session.expire_all()
        return result

    def flush(self) -> None:
        """Write what the session holds back."""
        if "session" in self.__dict__:
            self.session.flush()

    def mark(self) -> int | None:
        """Give the number by which the server knows what became of this; None where it has written nothing.

        To be asked for last: whatever fails before it was certainly undone. SQLite needs none.
        """
        if self.dialect == "sqlite":
            return None
        self.flush()
        number = self.connection.execute(text("SELECT pg_current_xact_id_if_assigned()::text")).scalar_one()
        return None if number is None else int(number)

    def forget(self) -> None:
        """Let go of the session's rows."""
        if "session" in self.__dict__:
            self.session.expunge_all()


Check = Callable[[Transaction], None]
"""Looks at the beginning of a transaction whether it may go on, and raises where it may not."""


class Database:
    """A database that is open: hands out transactions, and holds the writer's lock where one is needed."""

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        self.path = _sqlite_path(self.url)
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._lock_file: IO[str] | None = None
        self._mutex = threading.RLock()
        self._sweep_mutex = threading.Lock()
        self._judging_mutex = threading.Lock()
        self._trouble: deque[tuple[DatabaseTroubleError, float]] = deque(maxlen=1)
        self._check: Check | None = None

    @property
    def dialect(self) -> Dialect:
        """Which engine this is."""
        return "sqlite" if self.path else "postgresql"

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give one transaction that may write; it is committed on leaving, undone by an exception.

        Raises `SecondWriterError` where another process writes the same SQLite file.
        """
        self.acquire_writer()
        with self._transaction(self._writing_engine()) as transaction:
            if self._check is not None:
                self._check(transaction)
            yield transaction

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give one snapshot: whatever others commit meanwhile, it does not change. It refuses to write."""
        with self._transaction(self._reading_engine(), writes=False) as transaction:
            yield transaction

    def fate(self, mark: int) -> Fate:
        """Ask the server what became of the transaction of that `Transaction.mark`, whose connection broke."""
        for pause in (0.05, 0.2, 0.5, None):
            try:
                with self.reading() as transaction:
                    asked = text("SELECT pg_xact_status(CAST(:mark AS text)::xid8)")
                    said = transaction.execute(asked, {"mark": str(mark)}).scalar_one()
            except (DatabaseTroubleError, DatabaseUnreachableError):
                said = None
            if said in ("committed", "aborted"):
                return Fate.COMMITTED if said == "committed" else Fate.UNDONE
            if pause is not None:
                time.sleep(pause)
        return Fate.UNCLEAR

    def trouble(self, *, within: float) -> DatabaseTroubleError | None:
        """Give the last trouble that somebody has to see to, if a transaction met it in the last ``within`` seconds."""
        return next((found for found, at in self._trouble if time.monotonic() - at < within), None)

    def under(self, check: Check) -> "Database":
        """Give this very database, each of whose writing transactions begins with ``check``; it is not to be closed."""
        self._writing_engine(), self._reading_engine()
        checked = copy.copy(self)
        checked._check = check  # noqa: SLF001  (its own kind)
        return checked

    @contextlib.contextmanager
    def sweeping(self) -> Iterator[None]:
        """Hold the one right to sweep this database; raises `SweepRunningError` where somebody else holds it."""
        with self._alone(self._sweep_mutex, _SWEEP_LOCK, SweepRunningError):
            yield

    @contextlib.contextmanager
    def judging(self) -> Iterator[None]:
        """Hold the one right to judge days; raises `JudgingRunningError` where somebody else holds it."""
        with self._alone(self._judging_mutex, _JUDGING_LOCK, JudgingRunningError):
            yield

    @contextlib.contextmanager
    def _alone(self, mutex: threading.Lock, lock: int, refusal: type[WarmlineError]) -> Iterator[None]:
        if not mutex.acquire(blocking=False):
            raise refusal
        try:
            if self.path:
                self.acquire_writer()
                yield
                return
            # The lock belongs to a session: a connection of its own, that ends with the process that dies.
            with self._told(), self._connected(self._writing_engine()) as connection:
                taken = connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": lock}).scalar()
                connection.commit()
                if not taken:
                    raise refusal
                try:
                    yield
                finally:
                    # A session that was cut off has let go of it already.
                    with contextlib.suppress(DBAPIError):
                        connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": lock})
                        connection.commit()
        finally:
            mutex.release()

    @contextlib.contextmanager
    def outside(self) -> Iterator[Any]:
        """Give the driver's connection outside of any transaction, for what no transaction can do, such as VACUUM.

        Raises `SecondWriterError` where another process writes the same SQLite file.
        """
        self.acquire_writer()
        with self._writing_engine().connect() as connection:
            driver = connection.connection.driver_connection
            if self.path is None:
                driver.autocommit = True  # type: ignore[union-attr]
            try:
                yield driver
            finally:
                if self.path is None:
                    driver.autocommit = False  # type: ignore[union-attr]

    def acquire_writer(self) -> None:
        """Become the one process that writes this SQLite file; on PostgreSQL nothing is needed."""
        with self._mutex:
            if self.path is None or self._lock_file is not None:
                return
            lock_path = lock_path_of(self.path)
            lock_path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            file = os.fdopen(descriptor, "r+")
            if not _locked(file):
                file.close()
                holder = writer_of(self.path)
                raise SecondWriterError(pid=holder.get("pid", "?"), path=str(self.path))
            self._lock_file = file
            self.announce({})

    def announce(self, facts: Mapping[str, Any]) -> None:
        """Write into the lock file who holds it, so that other commands can hand their work over."""
        with self._mutex:
            if self._lock_file is None:
                return
            self._lock_file.seek(0)
            self._lock_file.truncate()
            json.dump({"pid": os.getpid(), **facts}, self._lock_file)
            self._lock_file.flush()

    def close(self) -> None:
        """Let go of every connection and of the writer's lock."""
        with self._mutex:
            for engine in (self._writer, self._reader):
                if engine is not None:
                    engine.dispose()
            self._writer = self._reader = None
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    @contextlib.contextmanager
    def _transaction(self, engine: Engine, *, writes: bool = True) -> Iterator[Transaction]:
        with self._told(writes=writes), self._connected(engine) as connection, connection.begin():
            transaction = Transaction(connection)
            try:
                yield transaction
                transaction.flush()
            finally:
                transaction.forget()

    def _connected(self, engine: Engine) -> Connection:
        try:
            return engine.connect()
        except PoolTimeoutError as error:
            raise DatabaseBusyError(reason="no connection free") from error
        except DBAPIError as error:
            found = trouble(error)
            if found is not None and not isinstance(found, DatabaseLostError | DatabaseDamagedError):
                self._note(found)
                raise found from error
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseUnreachableError(url=shown, reason=str(error.orig).strip()) from error

    @contextlib.contextmanager
    def _told(self, *, writes: bool = True) -> Iterator[None]:
        """Tell a driver's error as the trouble that it is, wherever in a transaction it came up."""
        try:
            yield
        except DBAPIError as error:
            found = trouble(error)
            if found is None or (not writes and isinstance(found, DatabaseReadOnlyError)):
                # What may only read was asked to write: a fault of ours.
                raise
            self._note(found)
            raise found from error

    def _note(self, found: DatabaseTroubleError) -> None:
        if isinstance(found, LASTING):
            self._trouble.append((found, time.monotonic()))

    def _writing_engine(self) -> Engine:
        with self._mutex:
            if self._writer is None:
                self._writer = self._make_engine(writes=True)
            return self._writer

    def _reading_engine(self) -> Engine:
        with self._mutex:
            if self._reader is None:
                self._reader = self._make_engine(writes=False)
            return self._reader

    def _make_engine(self, *, writes: bool) -> Engine:
        if self.path is None:
            # Said, not left to the server: intake's gates need to see what was committed while they waited.
            options: dict[str, Any] = {"isolation_level": "READ COMMITTED" if writes else "REPEATABLE READ"}
            if not writes:
                options["execution_options"] = {"postgresql_readonly": True}
            engine = create_engine(
                self.url,
                hide_parameters=True,
                pool_size=8,
                max_overflow=8,
                pool_pre_ping=True,
                connect_args={name: value for name, value in _PATIENCE.items() if name not in self.url.query},
                **options,
            )
            _configure_postgresql(engine, writes=writes)
            return engine
        engine = create_engine(
            self.url,
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=1 if writes else 8,
            max_overflow=0 if writes else 8,
            pool_timeout=60,
            connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
        )
        _configure_sqlite(engine, writes=writes)
        return engine


def _locked(file: IO[str]) -> bool:
    # Whoever asks for the writer's name holds the lock for an instant: so it is tried more than once.
    for wait in (0.02, 0.05, 0.1, None):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if wait is not None:
            time.sleep(wait)
    return False


def lock_path_of(path: Path) -> Path:
    """Give the file whose lock stands for the right to write the SQLite database at ``path``."""
    return path.with_name(path.name + ".lock")


def writer_of(path: Path) -> dict[str, Any]:
    """Give what the process that writes the SQLite file at ``path`` said of itself; nothing where none does."""
    try:
        with lock_path_of(path).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said = json.load(file)
                return said if isinstance(said, dict) else {}
    except (OSError, ValueError):
        pass
    return {}


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(url=url.rsplit("@", maxsplit=1)[-1][:80]) from error
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise DatabaseUrlError(url=shown)
    return parsed


def _sqlite_path(url: URL) -> Path | None:
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def _configure_postgresql(engine: Engine, *, writes: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            # The server, too, must notice that a machine has vanished: it may hold the right to sweep.
            cursor.execute("SET tcp_keepalives_idle = 60")
            cursor.execute("SET tcp_keepalives_interval = 10")
            cursor.execute("SET tcp_keepalives_count = 3")
            if writes:
                cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_IN_TRANSACTION_MS}")
        connection.commit()


def _configure_sqlite(engine: Engine, *, writes: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: the "begin" event below says which kind it is.
        connection.isolation_level = None
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
            # In pages. A batch of events touches as many as SQLite's own 1,000: each commit would copy them all back.
            cursor.execute("PRAGMA wal_autocheckpoint=4000")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-65536")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
