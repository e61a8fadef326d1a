"""What held alerts back from being told, and why.

Owns the table ``suppression``. What holds alerts back is decided in ``rules.alerts.pipeline``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, insert, select
from sqlmodel import Field, SQLModel, col

from rules.alerts.pipeline.stage import Stage, Why
from storage.database import Transaction
from storage.sets import Columns, given, table


class SuppressionRow(SQLModel, table=True):
    """An alert came to be held back by a stage, or by the same for another reason; never changed."""

    __tablename__ = "suppression"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "alert_id", "seq"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    alert_id: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    stage: str = Field(sa_column=Column(Text, nullable=False))
    why: str = Field(sa_column=Column(Text, nullable=False))
    until: int | None = Field(default=None, sa_column=Column(BigInteger))
    actor: str | None = Field(default=None, sa_column=Column(Text))
    held_for: str = Field(default="", sa_column=Column(Text, nullable=False))
    """The rule, silence, holiday or source behind it."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an alert was held back from ``at`` on."""

    customer_id: int
    alert_id: int
    seq: int
    at: int
    stage: Stage
    why: Why
    until: int | None
    actor: str | None
    by: str

    @property
    def cause(self) -> tuple[object, ...]:
        """What makes it another suppression than the one before."""
        return self.stage, self.why, self.until, self.actor, self.by


_ALERTS: Final[Columns] = (("customer_id", "int"), ("alert_id", "int"))


def latest(tx: Transaction, alerts: Iterable[tuple[int, int]]) -> dict[int, Suppression]:
    """Give the last suppression of each of these alerts, given as (customer id, alert id), by alert id.

    Those without one lack.
    """
    # All of each, the last one last: there are few, and joined to the newest of all of them SQLite reads those through
    # for each alert.
    sql = (
        f"SELECT s.* FROM {table(tx.dialect, _ALERTS)} CROSS JOIN suppression s "  # noqa: S608
        "WHERE s.customer_id = given.customer_id AND s.alert_id = given.alert_id ORDER BY s.seq"
    )
    rows = tx.execute(given(tx.dialect, sql, _ALERTS, sorted(alerts)))
    return {row.alert_id: _suppression(row) for row in rows}


def of_alert(tx: Transaction, customer_id: int, alert_id: int) -> list[Suppression]:
    """Give every suppression of an alert, the first one first."""
    rows = tx.session.execute(
        select(SuppressionRow)
        .where(col(SuppressionRow.customer_id) == customer_id, col(SuppressionRow.alert_id) == alert_id)
        .order_by(col(SuppressionRow.seq))
    ).scalars()
    return [_suppression(row) for row in rows]


def add_all(tx: Transaction, new: Iterable[Suppression]) -> None:
    """Note that alerts came to be held back."""
    rows = [
        {
            "customer_id": one.customer_id,
            "alert_id": one.alert_id,
            "seq": one.seq,
            "at": one.at,
            "stage": str(one.stage),
            "why": str(one.why),
            "until": one.until,
            "actor": one.actor,
            "held_for": one.by,
        }
        for one in new
    ]
    if rows:
        tx.execute(insert(SuppressionRow), rows)


def _suppression(row: Any) -> Suppression:
    return Suppression(
        customer_id=row.customer_id,
        alert_id=row.alert_id,
        seq=row.seq,
        at=row.at,
        stage=Stage(row.stage),
        why=Why(row.why),
        until=row.until,
        actor=row.actor,
        by=row.held_for,
    )
