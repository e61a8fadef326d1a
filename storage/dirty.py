"""The log of customers that a sweep must look at again.

Owns the table ``dirty``: append-only, emptied by the sweep of the very rows that it read. A watermark over a serial
number would lose those whose transaction committed late.
"""

import secrets
from collections.abc import Iterable

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, bindparam, delete, select
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction
from storage.sets import Columns, given, table

PROFILE = 0
"""Stands where a kind would: what was touched is the customer's own data."""


class Dirty(SQLModel, table=True):
    """One (customer, kind) touched by one transaction, the ``batch``."""

    __table_args__ = (
        PrimaryKeyConstraint("batch", "customer_id", "kind"),
        {"sqlite_with_rowid": False},
    )

    batch: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))


def mark(tx: Transaction, touched: Iterable[tuple[int, int]], *, now: int) -> None:
    """Note the (customer id, kind id) pairs that this transaction touched, in one batch of its own.

    ``now`` only makes batches stand in the order of their making, so that the log is appended to.
    """
    rows = sorted(set(touched))
    if not rows:
        return
    batch = now.to_bytes(8, "big", signed=True)[2:] + secrets.token_bytes(10)
    columns: Columns = (("customer_id", "int"), ("kind", "int"))
    sql = (
        "INSERT INTO dirty (batch, customer_id, kind) "  # noqa: S608
        f"SELECT :batch, customer_id, kind FROM {table(tx.dialect, columns)}"
    )
    # What it is bound as must be said: in the list of a SELECT, PostgreSQL would take it for a text.
    statement = given(tx.dialect, sql, columns, rows).bindparams(bindparam("batch", batch, LargeBinary()))
    tx.execute(statement)


def batches(tx: Transaction) -> list[bytes]:
    """Give the batches that stand in the log; a batch is seen whole or not at all."""
    return list(tx.execute(select(col(Dirty.batch)).distinct()).scalars())


def forget(tx: Transaction, read: Iterable[bytes]) -> None:
    """Empty the log of the batches that a sweep read; those that came since stay."""
    rows = [{"b_batch": batch} for batch in read]
    if rows:
        tx.execute(delete(Dirty).where(col(Dirty.batch) == bindparam("b_batch")), rows)
