"""What people say of alerts they were told: useful, or not. One voice for each person and alert, which may change.

Owns the table ``vote``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    PrimaryKeyConstraint,
    Text,
    case,
    func,
    select,
    text,
)
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Vote(SQLModel, table=True):
    """What somebody says of an alert."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "alert_id", "voter"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    alert_id: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    voter: str = Field(sa_column=Column(Text, nullable=False))
    rule_id: int = Field(sa_column=Column(Integer, nullable=False))
    useful: bool = Field(sa_column=Column(Boolean, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


_VOTE = text(
    "INSERT INTO vote (customer_id, alert_id, voter, rule_id, useful, at) "
    "VALUES (:customer, :alert, :voter, :rule, :useful, :at) "
    "ON CONFLICT (customer_id, alert_id, voter) DO UPDATE SET useful = excluded.useful, at = excluded.at"
)


def say(
    tx: Transaction, *, customer_id: int, alert_id: int, rule_id: int, voter: str, useful: bool, now: int
) -> None:
    """Note what ``voter`` says of an alert; what was said before counts no more."""
    tx.execute(
        _VOTE,
        {
            "customer": customer_id,
            "alert": alert_id,
            "voter": voter,
            "rule": rule_id,
            "useful": useful,
            "at": now,
        },
    )


def of_rules(tx: Transaction, *, since: int) -> dict[int, tuple[int, int]]:
    """Count by rule id how many voices since ``since`` say useful, and how many say not."""
    useful = func.sum(case((col(Vote.useful), 1), else_=0))
    rows = tx.execute(
        select(col(Vote.rule_id), useful, func.count())
        .where(col(Vote.at) >= since)
        .group_by(col(Vote.rule_id))
    )
    return {row[0]: (int(row[1]), int(row[2] - row[1])) for row in rows}
