"""Setting the database up and moving it on: Alembic behind two calls.

It must not know what the tables mean; the migrations stand in ``storage/migrations/versions``.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from storage.database import Database, Transaction
from storage.errors import SchemaError


def prepare(database: Database) -> None:
    """Set an empty database up; leave one that is up to date alone.

    Raises `SchemaError` for a database of another version: ``bot.py db upgrade`` moves it on, by somebody's will.
    """
    with database.reading() as transaction:
        found = _revision(transaction)
        empty = found is None and not inspect(transaction.connection).get_table_names()
    wanted = _scripts(_config()).get_current_head()
    if empty:
        upgrade(database)
    elif found != wanted:
        raise SchemaError(found=found or "none", wanted=wanted)


def upgrade(database: Database, revision: str = "head") -> None:
    """Move the database on to ``revision``, keeping its data."""
    with database.writing() as transaction:
        config = _config()
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, revision)


def revisions(database: Database) -> tuple[str | None, str | None]:
    """Give the revision the database is at and the one this code wants."""
    with database.reading() as transaction:
        return _revision(transaction), _scripts(_config()).get_current_head()


def _revision(transaction: Transaction) -> str | None:
    return MigrationContext.configure(transaction.connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _scripts(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)
