"""Sets of values handed to one statement: a JSON text on SQLite, an array on PostgreSQL.

One bound parameter, however many values there are, so no limit on parameters is ever met. It must not know tables.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from storage.database import Dialect

Type = Literal["int", "text"]
Columns = Sequence[tuple[str, Type]]

_ARRAYS: Final[dict[Type, ARRAY[Any]]] = {"int": ARRAY(BigInteger()), "text": ARRAY(Text())}


def any_of(dialect: Dialect, values: Iterable[Any], kind: Type) -> TextClause:
    """Give a query of ``values``, for ``column.in_(…)``."""
    if dialect == "sqlite":
        return text("SELECT value FROM json_each(:chosen)").bindparams(
            bindparam("chosen", json.dumps(list(values)), Text())
        )
    return text("SELECT unnest(:chosen)").bindparams(bindparam("chosen", list(values), _ARRAYS[kind]))


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
        return text(sql).bindparams(bindparam("given", json.dumps(rows), Text()))
    by_column = zip(*rows, strict=True) if rows else [[] for _ in columns]
    return text(sql).bindparams(
        *(
            bindparam(f"given_{name}", list(values), _ARRAYS[kind])
            for (name, kind), values in zip(columns, by_column, strict=True)
        )
    )
