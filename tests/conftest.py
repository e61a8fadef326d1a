"""What every test may ask for: databases of both kinds, made of a migrated template."""

import itertools
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from storage import schema, tables
from storage.database import Database
from tests import postgres
from tests.browser import browser
from tests.databases import Databases

__all__ = ["browser"]

ENGINES = ("sqlite", "postgresql")
_numbers = itertools.count()
_ran_on: set[str] = set()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put logging back after a test that ran what a process does first."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server of this run; a test that needs it fails, loudly, where there is none."""
    with postgres.server() as url:
        _ran_on.add(f"PostgreSQL {postgres.version(url)}")
        yield url


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Iterator[Databases]:
    databases = Databases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    _ran_on.add(f"SQLite {sqlite3.sqlite_version}")
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.writing() as tx:
        tx.connection.exec_driver_sql("SELECT 1")
    database.close()
    return path


DatabaseUrls = Callable[[str], str]


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """Make migrated, empty databases: ``new_database_url("sqlite")`` gives a URL."""
    with ExitStack() as lent:

        def make(engine: str) -> str:
            if engine == "sqlite":
                path = tmp_path / f"warmline{next(_numbers)}.db"
                shutil.copy(request.getfixturevalue("sqlite_template"), path)
                return f"sqlite:///{path}"
            databases: Databases = request.getfixturevalue("postgres_databases")
            return lent.enter_context(databases.lent())

        yield make


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, new_database_url: DatabaseUrls) -> str:
    """The URL of a migrated, empty database: the test runs once on SQLite and once on PostgreSQL."""
    return new_database_url(str(request.param))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database: the test runs once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.close()


def clear(database: Database) -> None:
    """Empty every table, for property tests that use one database for many examples."""
    with database.writing() as tx:
        for table in tables.METADATA.sorted_tables:
            tx.execute(text(f'DELETE FROM "{table.name}"'))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tests ran on."""
    if _ran_on:
        terminalreporter.write_line("databases: " + ", ".join(sorted(_ran_on)))
