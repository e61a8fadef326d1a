"""Databases for tests: migrated and empty, one for each that asks.

On PostgreSQL making a database and dropping it costs far more than most tests: one that a test has given back is
emptied and handed out again, if nothing tells it from a new one.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from storage import schema
from storage.database import Database

_LARGE: Final = 16_000_000
"""Bytes of a database that is not worth emptying: what was deleted still lies in its tables."""
_SHAPE: Final = """
SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
  SELECT format('%s.%s %s %s', attrelid::regclass, attname, atttypid::regtype, attnotnull) AS line
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT format('version %s', version_num) FROM alembic_version
  UNION ALL SELECT format('set %s', setconfig) FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL SELECT format('statistics of %s', starelid::regclass)
    FROM pg_statistic JOIN pg_class ON pg_class.oid = starelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s was counted', relname)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples > 0
) AS lines
"""
"""What a new database is like beside its rows; one whose tables were ever analysed is not new to the planner."""
_TABLES: Final = (
    "SELECT string_agg(format('DELETE FROM %I', relname), '; ') FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
)


class Databases:
    """Hands out databases of one server; all of them are gone at the end."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._template = self._new(None)
        database = Database(self._url(self._template))
        schema.upgrade(database)
        database.close()
        self._shape = _shape(self._url(self._template))
        self._free: list[str] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Give the URL of a migrated, empty database that is nobody else's."""
        name = self._free.pop() if self._free else self._new(self._template)
        try:
            yield self._url(name)
        finally:
            if self._emptied(name):
                self._free.append(name)
            else:
                self._drop(name)

    def close(self) -> None:
        """Drop them all."""
        for name in [*self._free, self._template]:
            self._drop(name)

    def _emptied(self, name: str) -> bool:
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with psycopg.connect(_driver(self._url(name)), autocommit=True) as connection:
            size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            if size is None or size[0] > _LARGE:
                return False
            deletes = connection.execute(_TABLES).fetchone()
            assert deletes
            connection.execute("SET session_replication_role = replica")
            connection.execute(deletes[0].encode())
        return _shape(self._url(name)) == self._shape

    def _new(self, template: str | None) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self._execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return name

    def _drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _url(self, name: str) -> str:
        return self._server.rsplit("/", 1)[0] + f"/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(_driver(self._server), autocommit=True) as connection:
            connection.execute(statement.encode())


def _shape(url: str) -> str:
    with psycopg.connect(_driver(url)) as connection:
        found = connection.execute(_SHAPE.encode()).fetchone()
    assert found
    return str(found[0])


def _driver(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")
