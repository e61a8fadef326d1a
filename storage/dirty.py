"""The log of customers that a sweep must look at again.

Owns the table ``dirty``: append-only, emptied by the sweep of the very rows that it read. A watermark over a serial
number would lose those whose transaction committed late.
"""

import secrets
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    bindparam,
    delete,
    func,
    select,
)
from sqlmodel import Field, SQLModel, col

from rules.instants import EARLIEST
from storage.database import Transaction
from storage.sets import Columns, any_of, given, table

PROFILE = 0
"""Stands where a kind would: what was touched is the customer's own data."""


class Dirty(SQLModel, table=True):
    """One (customer, kind) touched by one transaction, the ``batch``, from the instant ``since`` on."""

    __table_args__ = (
        PrimaryKeyConstraint("batch", "customer_id", "kind"),
        {"sqlite_with_rowid": False},
    )

    batch: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    since: int | None = Field(default=None, sa_column=Column(BigInteger))
    """The earliest instant at which an event came; None: any."""


def mark(tx: Transaction, touched: Iterable[tuple[int, int, int | None]], *, now: int) -> None:
    """Note the (customer id, kind id, instant) that this transaction touched, in one batch of its own.

    Of several instants of one customer and kind the earliest stands; None, for what has no instant, is before all.
    ``now`` only makes batches stand in the order of their making, so that the log is appended to.
    """
    since: dict[tuple[int, int], int] = {}
    for customer, kind, at in touched:
        earlier = EARLIEST if at is None else at
        since[customer, kind] = min(earlier, since.get((customer, kind), earlier))
    if not since:
        return
    rows = [(*pair, at) for pair, at in sorted(since.items())]
    batch = now.to_bytes(8, "big", signed=True)[2:] + secrets.token_bytes(10)
    sql = (
        "INSERT INTO dirty (batch, customer_id, kind, since) "  # noqa: S608
        f"SELECT :batch, customer_id, kind, since FROM {table(tx.dialect, _MARK)}"
    )
    # What it is bound as must be said: in the list of a SELECT, PostgreSQL would take it for a text.
    statement = given(tx.dialect, sql, _MARK, rows).bindparams(bindparam("batch", batch, LargeBinary()))
    tx.execute(statement)


def batches(tx: Transaction) -> list[bytes]:
    """Give the batches that stand in the log; a batch is seen whole or not at all."""
    return list(tx.execute(select(col(Dirty.batch)).distinct()).scalars())


def customers(tx: Transaction) -> NDArray[np.int64]:
    """Give the customers who were touched, ascending."""
    rows = tx.execute(select(col(Dirty.customer_id)).distinct()).scalars()
    return np.sort(np.fromiter(rows, dtype=np.int64))


def customers_up_to(tx: Transaction, most: int) -> NDArray[np.int64] | None:
    """Give the customers who were touched, ascending; None where they are more than ``most``, read no further."""
    rows = tx.execute(select(col(Dirty.customer_id)).distinct().limit(most + 1)).scalars()
    found = np.fromiter(rows, dtype=np.int64)
    return None if len(found) > most else np.sort(found)


def since(tx: Transaction, among: Sequence[int]) -> dict[tuple[int, int], int]:
    """Give the earliest instant touched of each (customer id, kind id), for customers ``among``."""
    rows = tx.execute(
        select(col(Dirty.customer_id), col(Dirty.kind), func.min(func.coalesce(col(Dirty.since), EARLIEST)))
        .where(col(Dirty.customer_id).in_(any_of(tx.dialect, among, "int")))
        .group_by(col(Dirty.customer_id), col(Dirty.kind))
    )
    return {(row[0], row[1]): row[2] for row in rows}


def forget(tx: Transaction, read: Iterable[bytes]) -> None:
    """Empty the log of the batches that a sweep read; those that came since stay."""
    rows = [{"b_batch": batch} for batch in read]
    if rows:
        tx.execute(delete(Dirty).where(col(Dirty.batch) == bindparam("b_batch")), rows)


_MARK: Columns = (("customer_id", "int"), ("kind", "int"), ("since", "int"))
