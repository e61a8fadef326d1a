"""How a company gets into a database quickly: profiles through the real intake, events straight into the table.

It is not intake that is measured on what is loaded here. Secondary indexes are made after the rows, as they are written
in the database itself, so that this need not know them.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
import psycopg
from sqlalchemy import text

from bench.company.history import CURRENCIES, DETAILS, KINDS, Block, history
from bench.company.people import profiles
from bench.company.shape import Ints, Shape
from handlers.ingest import take_in_profiles
from storage import events
from storage.database import Database
from storage.incoming import CustomerIn

Advance = Callable[[int], None]
"""Is told how many rows more are loaded."""

SOURCE: Final = "bench"
_PROFILES: Final = 5_000
_ROWS: Final = 250_000
_COLUMNS: Final = "customer_id, kind, occurred_at, key, amount, currency"


def load(database: Database, shape: Shape, advance: Advance) -> None:
    """Store the whole company; its customers' numbers count their ids from the lowest on."""
    people(database, profiles(shape), advance, now=shape.begin)
    with database.reading() as tx:
        ids = np.fromiter(
            tx.execute(text("SELECT id FROM customer ORDER BY external_id")).scalars(), dtype=np.int64
        )
    store(database, history(shape), ids, KINDS, advance)


def people(database: Database, given: Iterable[CustomerIn], advance: Advance, *, now: int) -> None:
    """Take profiles in, as an import would."""
    left = iter(given)
    while batch := list(islice(left, _PROFILES)):
        with database.writing() as tx:
            take_in_profiles(tx, batch, now=now)
        advance(len(batch))


def store(
    database: Database, blocks: Iterable[Block], ids: Ints, kinds: Sequence[str], advance: Advance
) -> None:
    """Write events of the customers ``ids`` into the table, and leave the database as it is after a while of running."""
    with database.writing() as tx:
        numbers = events.ensure_kinds(tx, kinds)
    kind_ids = np.array([numbers[name] for name in kinds], dtype=np.int64)
    counts = np.zeros(len(kinds), dtype=np.int64)

    def counted() -> Iterator[Block]:
        for block in blocks:
            yield block
            counts[:] += np.bincount(block.kind, minlength=len(kinds))
            advance(len(block))

    if database.path:
        _into_sqlite(str(database.path), counted(), ids, kind_ids)
    else:
        _into_postgresql(
            database.url.set(drivername="postgresql").render_as_string(hide_password=False),
            counted(),
            ids,
            kind_ids,
        )
    with database.writing() as tx:
        tx.execute(
            text("UPDATE kind SET events = :events WHERE id = :id"),
            [{"events": n, "id": i} for n, i in zip(counts.tolist(), kind_ids.tolist(), strict=True)],
        )


def _into_sqlite(path: str, blocks: Iterable[Block], ids: Ints, kind_ids: Ints) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-262144")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'event' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    for block in blocks:
        connection.execute("BEGIN")
        for rows in _rows(block, ids, kind_ids):
            connection.executemany(f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.executemany(
            "INSERT INTO event_detail (customer_id, kind, occurred_at, key, source, properties) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            _details(block, ids, kind_ids),
        )
        connection.execute("COMMIT")
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _into_postgresql(url: str, blocks: Iterable[Block], ids: Ints, kind_ids: Ints) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'event' AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"'.encode())
        for block in blocks:
            with connection.cursor().copy(f"COPY event ({_COLUMNS}) FROM STDIN".encode()) as copy:
                for rows in _rows(block, ids, kind_ids):
                    copy.write(_copied(rows))
            with connection.cursor().copy(
                b"COPY event_detail (customer_id, kind, occurred_at, key, source, properties) FROM STDIN"
            ) as copy:
                copy.write(_copied(_details(block, ids, kind_ids)))
        for _, sql in indexes:
            connection.execute(sql.encode())
        # As the server does by itself before long.
        connection.execute(b"VACUUM ANALYZE")
        connection.execute(b"CHECKPOINT")


def _rows(block: Block, ids: Ints, kind_ids: Ints) -> Iterator[list[tuple[Any, ...]]]:
    amounts = block.amount.astype(object)
    amounts[block.currency == 0] = None
    currencies = np.array(CURRENCIES, dtype=object)
    for first in range(0, len(block), _ROWS):
        part = slice(first, first + _ROWS)
        yield list(
            zip(
                ids[block.customer[part]].tolist(),
                kind_ids[block.kind[part]].tolist(),
                block.at[part].tolist(),
                block.key[part].tolist(),
                amounts[part].tolist(),
                currencies[block.currency[part]].tolist(),
                strict=True,
            )
        )


def _details(block: Block, ids: Ints, kind_ids: Ints) -> list[tuple[Any, ...]]:
    borne = np.flatnonzero(block.detail)
    return [
        (*place, SOURCE, DETAILS[detail])
        for *place, detail in zip(
            ids[block.customer[borne]].tolist(),
            kind_ids[block.kind[borne]].tolist(),
            block.at[borne].tolist(),
            block.key[borne].tolist(),
            block.detail[borne].tolist(),
            strict=True,
        )
    ]


def _copied(rows: Sequence[tuple[Any, ...]]) -> str:
    """Write rows as COPY reads them; no text of ours holds what would have to be escaped."""
    return "".join(
        "\t".join(["\\N" if value is None else str(value) for value in row]) + "\n" for row in rows
    )
