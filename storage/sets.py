"""Sets of values handed to one statement: a JSON text on SQLite, an array on PostgreSQL.

One bound parameter, however many values there are, so no limit on parameters is ever met. It must not know tables.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

from sqlalchemy import Text, TextClause, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine, UserDefinedType

from storage.database import Dialect, Transaction

Type = Literal["int", "text"]
Columns = Sequence[tuple[str, Type]]


class _Array(UserDefinedType[Sequence[Any]]):
    """An array, written as the text that PostgreSQL reads: a third of the cost of its values one by one."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, kind: Type) -> None:
        self.kind = kind

    def get_col_spec(self, **_: object) -> str:
        return "BIGINT[]" if self.kind == "int" else "TEXT[]"

    def bind_processor(self, dialect: object) -> Callable[[Any], str]:  # noqa: ARG002
        return _numbers if self.kind == "int" else _texts


def _numbers(values: Sequence[int | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"


def _texts(values: Sequence[str | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


_ARRAYS: Final[dict[Type, TypeEngine[Any]]] = {"int": _Array("int"), "text": _Array("text")}


def any_of(dialect: Dialect, values: Iterable[Any], kind: Type, *, name: str = "chosen") -> TextClause:
    """Give a query of ``values``, for ``column.in_(…)``; two of one statement need names of their own."""
    if dialect == "sqlite":
        statement = f"SELECT value FROM json_each(:{name})"  # noqa: S608  (a name of ours, never a value)
        return _bound(statement, ((name, None),)).bindparams(**{name: json.dumps(list(values))})
    return _bound(f"SELECT unnest(:{name})", ((name, kind),)).bindparams(**{name: list(values)})


def table(dialect: Dialect, columns: Columns) -> str:
    """Give SQL for a table ``given`` of rows with these columns; bind it with `given`."""
    names = [name for name, _ in columns]
    if dialect == "sqlite":
        parts = ", ".join(f"value ->> {index} AS {name}" for index, name in enumerate(names))
        return f"(SELECT {parts} FROM json_each(:given)) AS given"  # noqa: S608  (names of ours, never a value)
    arrays = ", ".join(f":given_{name}" for name in names)
    return f"unnest({arrays}) AS given ({', '.join(names)})"


def given(dialect: Dialect, sql: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> TextClause:
    """Bind ``rows``, each in the order of ``columns``, to the table ``given`` of ``sql``."""
    if dialect == "sqlite":
        return _bound(sql, (("given", None),)).bindparams(given=json.dumps(rows))
    by_column = zip(*rows, strict=True) if rows else [() for _ in columns]
    return _bound(sql, tuple((f"given_{name}", kind) for name, kind in columns)).bindparams(
        **{f"given_{name}": values for (name, _), values in zip(columns, by_column, strict=True)}
    )


def insert_new(
    tx: Transaction, name: str, columns: Columns, rows: Sequence[Sequence[Any]], *, key: int
) -> list[bool]:
    """Insert those of ``rows`` whose key is free into the table ``name``; gives of each whether it was.

    The first ``key`` of ``columns`` are the table's primary key; no key may be given twice.
    """
    if not rows:
        return []
    if tx.dialect == "sqlite":
        return _insert_each(tx, name, columns, rows)
    added = tx.execute(given(tx.dialect, _insert_sql(name, tuple(columns), key), columns, rows)).all()
    if len(added) == 1 and added[0][0] == len(rows):
        return [True] * len(rows)
    stored = {tuple(row[1:]) for row in added}
    return [tuple(row[:key]) in stored for row in rows]


def _insert_each(tx: Transaction, name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Insert row by row: on SQLite that costs less than taking a JSON text apart, and says what came of each row."""
    names = ", ".join(column for column, _ in columns)
    marks = ", ".join("?" for _ in columns)
    sql = f"INSERT INTO {name} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    cursor = tx.connection.connection.cursor()
    insert = cursor.execute
    try:
        return [insert(sql, row).rowcount == 1 for row in rows]
    except sqlite3.Error as error:
        # Raised as SQLAlchemy would, for those who begin again.
        raise DBAPIError.instance(sql, (), error, sqlite3.Error, hide_parameters=True) from error
    finally:
        cursor.close()


@lru_cache(maxsize=64)
def _insert_sql(name: str, columns: tuple[tuple[str, Type], ...], key: int) -> str:
    """Give SQL for rows (n, *key): how many were added and, unless it was all of them, the key of each.

    That all are new is the rule, and reading their keys back would be a third of the work.
    """
    names = ", ".join(column for column, _ in columns)
    keys = ", ".join(column for column, _ in columns[:key])
    none = ", ".join(f"CAST(NULL AS {'BIGINT' if kind == 'int' else 'TEXT'})" for _, kind in columns[:key])
    return (
        f"WITH added AS (INSERT INTO {name} ({names}) SELECT {names} FROM {table('postgresql', columns)} "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {keys}), counted AS (SELECT count(*) AS n FROM added) "
        f"SELECT n, {none} FROM counted UNION ALL SELECT 0, {keys} FROM added "
        f"WHERE (SELECT n FROM counted) < cardinality(:given_{columns[0][0]})"
    )


@lru_cache(maxsize=512)
def _bound(sql: str, params: tuple[tuple[str, Type | None], ...]) -> TextClause:
    """Give a statement made once: taking its text apart costs more than sending it."""
    return text(sql).bindparams(
        *(bindparam(name, type_=Text() if kind is None else _ARRAYS[kind]) for name, kind in params)
    )
