"""For whom a rule holds.

Owns the table ``match``. Only a sweep writes it, in the transaction that also moves the alert.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlmodel import Field, SQLModel, col

from rules.alerts.states import Reason
from storage.database import Transaction
from storage.sets import any_of


class Match(SQLModel, table=True):
    """A rule holds for a customer, since the sweep at ``since``."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "rule_id"),
        Index("match_by_rule", "rule_id", "customer_id"),
        Index(
            "match_held",
            "rule_id",
            "held_until",
            sqlite_where=text("held_until IS NOT NULL"),
            postgresql_where=text("held_until IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    rule_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    held_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    """Entered while the last alert cooled down, or not held for long enough yet: no alert before this instant."""
    held_for: str | None = Field(default=None, sa_column=Column(Text))
    """The reason with which the alert opens once the hold is over."""


@dataclass(frozen=True, slots=True)
class Held:
    """A match that waits: for the end of a cooldown, or until it has held for long enough.

    ``held_for`` is the reason with which the alert opens then.
    """

    customer_id: int
    rule_id: int
    held_until: int
    held_for: Reason


def of_customers(
    tx: Transaction, rule_ids: Sequence[int], *, first: int, after: int, customers: Sequence[int] | None
) -> dict[int, NDArray[np.int64]]:
    """Give for whom rules hold, ascending, by rule id: of ``customers``, or of every number from ``first`` to ``after``."""
    found: dict[int, NDArray[np.int64]] = {}
    if customers is None:
        for rule_id in rule_ids:
            rows = tx.execute(
                select(col(Match.customer_id))
                .where(
                    col(Match.rule_id) == rule_id,
                    col(Match.customer_id) >= first,
                    col(Match.customer_id) < after,
                )
                .order_by(col(Match.customer_id))
            ).scalars()
            found[rule_id] = np.fromiter(rows, dtype=np.int64)
        return found
    rows_of: dict[int, list[int]] = {rule_id: [] for rule_id in rule_ids}
    for customer, rule_id in tx.execute(
        select(col(Match.customer_id), col(Match.rule_id)).where(
            col(Match.customer_id).in_(any_of(tx.dialect, customers, "int"))
        )
    ):
        if rule_id in rows_of:
            rows_of[rule_id].append(customer)
    return {rule_id: np.array(sorted(ids), dtype=np.int64) for rule_id, ids in rows_of.items()}


def since(tx: Transaction, *, rule_id: int, customer_id: int) -> int | None:
    """Give since which sweep the rule holds for the customer; nothing where it does not."""
    return tx.execute(
        select(col(Match.since)).where(col(Match.rule_id) == rule_id, col(Match.customer_id) == customer_id)
    ).scalar_one_or_none()


def of_pair(tx: Transaction, *, rule_id: int, customer_id: int) -> tuple[int | None, int | None]:
    """Give since when a rule holds for a customer, and until when that is waited for; None for what is not."""
    row = tx.execute(
        select(col(Match.since), col(Match.held_until)).where(
            col(Match.rule_id) == rule_id, col(Match.customer_id) == customer_id
        )
    ).first()
    return (row[0], row[1]) if row else (None, None)


def held(tx: Transaction, rule_ids: Sequence[int], *, now: int) -> list[Held]:
    """Give the matches of these rules whose hold is over at ``now``."""
    rows = tx.execute(
        select(col(Match.customer_id), col(Match.rule_id), col(Match.held_until), col(Match.held_for)).where(
            col(Match.rule_id).in_(rule_ids), col(Match.held_until) <= now
        )
    )
    return [Held(row[0], row[1], row[2], Reason(row[3] or Reason.COOLDOWN_OVER)) for row in rows]


def enter(tx: Transaction, pairs: Iterable[tuple[int, int]], *, now: int) -> None:
    """Note that rules hold from ``now`` on, for pairs of (customer id, rule id)."""
    rows = [{"customer_id": customer, "rule_id": rule, "since": now} for customer, rule in pairs]
    if rows:
        tx.execute(insert(Match), rows)


def leave(tx: Transaction, pairs: Iterable[tuple[int, int]]) -> None:
    """Note that rules hold no longer, for pairs of (customer id, rule id)."""
    rows = [{"b_customer": customer, "b_rule": rule} for customer, rule in pairs]
    if rows:
        tx.execute(
            delete(Match).where(
                col(Match.customer_id) == bindparam("b_customer"), col(Match.rule_id) == bindparam("b_rule")
            ),
            rows,
        )


def hold(tx: Transaction, holds: Iterable[tuple[int, int, int | None, Reason | None]]) -> None:
    """Set until when matches wait, and with which reason their alerts open: (customer id, rule id, instant, reason)."""
    rows = [
        {"b_customer": customer, "b_rule": rule, "b_until": until, "b_for": str(reason) if reason else None}
        for customer, rule, until, reason in holds
    ]
    if rows:
        tx.execute(
            update(Match.__table__)  # type: ignore[attr-defined]
            .where(
                col(Match.customer_id) == bindparam("b_customer"), col(Match.rule_id) == bindparam("b_rule")
            )
            .values(held_until=bindparam("b_until"), held_for=bindparam("b_for")),
            rows,
        )


def forget_rule(tx: Transaction, rule_id: int) -> None:
    """Forget for whom a rule held, as when it is removed."""
    tx.execute(delete(Match).where(col(Match.rule_id) == rule_id))
