"""The company's tables, read out of a database into memory once: what the peers that hold their data there begin with."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import text

from bench.company.shape import Ints
from bench.past import Past
from storage.database import Database

_CHUNK: Final = 200_000
_TABLES: Final[dict[str, dict[str, Any]]] = {
    "event": {
        "customer_id": pl.Int64,
        "kind": pl.Int64,
        "occurred_at": pl.Int64,
        "key": pl.Int64,
        "amount": pl.Int64,
        "currency": pl.Utf8,
    },
    "event_detail": {
        "customer_id": pl.Int64,
        "kind": pl.Int64,
        "occurred_at": pl.Int64,
        "key": pl.Int64,
        "properties": pl.Utf8,
    },
    "customer": {"id": pl.Int64, "known_since": pl.Int64, "segment": pl.Utf8},
    "attribute": {"customer_id": pl.Int64, "name": pl.Utf8, "value": pl.Utf8},
}
Frames = dict[str, pl.DataFrame]


def frames(database: Database) -> Frames:
    """Give the tables that conditions look at, by name."""
    found: Frames = {}
    with database.reading() as tx:
        for name, columns in _TABLES.items():
            statement = text(f"SELECT {', '.join(columns)} FROM {name}")
            rows = tx.execute(statement.execution_options(stream_results=True))
            parts = [
                pl.DataFrame(chunk, schema=columns, orient="row")
                for chunk in _chunks(rows.partitions(_CHUNK))
            ]
            found[name] = pl.concat(parts) if parts else pl.DataFrame(schema=columns)
    return found


def _chunks(partitions: Any) -> Any:
    for chunk in partitions:
        yield [tuple(row) for row in chunk]


def pasts(given: Frames, kinds: dict[str, int], ids: Ints) -> dict[int, Past]:
    """Give the customers ``ids`` as plain Python objects, for a loop over them."""
    wanted = ids.tolist()
    names = {number: name for name, number in kinds.items()}
    renewals = dict(
        given["attribute"].filter(pl.col("name") == "renewal_date").select("customer_id", "value").iter_rows()
    )
    found = {
        number: Past(
            segment=segment,
            known_since=known_since,
            renewal_date=renewals[number].strip('"') if number in renewals else None,
        )
        for number, known_since, segment in given["customer"].filter(pl.col("id").is_in(wanted)).iter_rows()
    }
    for customer, kind, at, amount, currency, priority in _in_order(given, wanted):
        past, name = found[customer], names[kind]
        past.at.setdefault(name, []).append(at)
        past.amount.setdefault(name, []).append(amount if currency == "USD" else None)
        past.priority.setdefault(name, []).append(priority)
    return found


def with_priority(given: Frames) -> pl.DataFrame:
    """Give the events, each with the priority that its properties name, if they do."""
    detail = given["event_detail"].with_columns(
        priority=pl.col("properties").str.json_path_match("$.priority")
    )
    return given["event"].join(
        detail.drop("properties"), on=["customer_id", "kind", "occurred_at", "key"], how="left"
    )


def _in_order(given: Frames, wanted: Sequence[int]) -> Sequence[tuple[Any, ...]]:
    chosen = {
        name: frame.filter(pl.col("customer_id").is_in(wanted))
        for name, frame in given.items()
        if name in ("event", "event_detail")
    }
    return (
        with_priority(chosen)
        .sort("customer_id", "kind", "occurred_at")
        .select("customer_id", "kind", "occurred_at", "amount", "currency", "priority")
        .rows()
    )
