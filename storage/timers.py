"""When a rule must be looked at again for a customer although nothing happens.

Owns the table ``timer``: the next instant at which a term that depends on the customer's own data, as ``overdue`` and
``days_until``, may flip. Only a sweep writes it, after it has moved the matches of the same customers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, delete, select
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction
from storage.sets import Columns, any_of, given, table

Pair = tuple[int, int]
"""(customer id, rule id)"""


class Timer(SQLModel, table=True):
    """A rule may flip for a customer at ``at``, and not before unless something happens."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "rule_id"),
        Index("timer_due", "rule_id", "at"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    rule_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


def due(tx: Transaction, rule_ids: Sequence[int], *, now: int) -> NDArray[np.int64]:
    """Give the customers, ascending, for whom any of these rules may have flipped by ``now``."""
    rows = tx.execute(
        select(col(Timer.customer_id)).where(col(Timer.rule_id).in_(list(rule_ids)), col(Timer.at) <= now)
    ).scalars()
    return np.unique(np.fromiter(rows, dtype=np.int64))


def of_customers(
    tx: Transaction, rule_ids: Sequence[int], *, first: int, after: int, customers: Sequence[int] | None
) -> dict[Pair, int]:
    """Give the timers of these rules for ``customers``, or for every number from ``first`` to ``after``."""
    statement = select(col(Timer.customer_id), col(Timer.rule_id), col(Timer.at)).where(
        col(Timer.rule_id).in_(list(rule_ids))
    )
    if customers is None:
        statement = statement.where(col(Timer.customer_id) >= first, col(Timer.customer_id) < after)
    else:
        statement = statement.where(col(Timer.customer_id).in_(any_of(tx.dialect, customers, "int")))
    return {(row[0], row[1]): row[2] for row in tx.execute(statement)}


def move(tx: Transaction, changes: Mapping[Pair, int | None]) -> None:
    """Set timers, and take away those that are None."""
    kept = sorted((*pair, at) for pair, at in changes.items() if at is not None)
    gone = sorted(pair for pair, at in changes.items() if at is None)
    if kept:
        sql = (
            f"INSERT INTO timer (customer_id, rule_id, at) SELECT customer_id, rule_id, at "  # noqa: S608
            f"FROM {table(tx.dialect, _TIMER)} WHERE true "
            "ON CONFLICT (customer_id, rule_id) DO UPDATE SET at = excluded.at"
        )
        tx.execute(given(tx.dialect, sql, _TIMER, kept))
    if gone:
        sql = (
            "DELETE FROM timer WHERE (customer_id, rule_id) IN "  # noqa: S608
            f"(SELECT customer_id, rule_id FROM {table(tx.dialect, _TIMER[:2])})"
        )
        tx.execute(given(tx.dialect, sql, _TIMER[:2], gone))


def forget_rule(tx: Transaction, rule_id: int) -> None:
    """Forget the timers of a rule, as when it is removed."""
    tx.execute(delete(Timer).where(col(Timer.rule_id) == rule_id))


_TIMER: Columns = (("customer_id", "int"), ("rule_id", "int"), ("at", "int"))
