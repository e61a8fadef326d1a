"""What the preview had promised of a version of a rule when it was saved: how many messages in how many days.

Owns the table ``promise``.
"""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, func, select, text
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Promise(SQLModel, table=True):
    """The preview's count of ``messages`` over ``days``, beside the backlog."""

    __table_args__ = (PrimaryKeyConstraint("rule_id", "version"), {"sqlite_with_rowid": False})

    rule_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    version: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    messages: int = Field(sa_column=Column(Integer, nullable=False))
    days: int = Field(sa_column=Column(Integer, nullable=False))


_NOTE = text(
    "INSERT INTO promise (rule_id, version, messages, days) VALUES (:rule, :version, :messages, :days) "
    "ON CONFLICT (rule_id, version) DO NOTHING"
)


def note(tx: Transaction, *, rule_id: int, version: int, messages: int, days: int) -> None:
    """Keep what was promised of a version."""
    tx.execute(_NOTE, {"rule": rule_id, "version": version, "messages": messages, "days": days})


def latest(tx: Transaction) -> dict[int, tuple[int, int]]:
    """Give (messages, days) by rule id, as promised of the latest version that any was promised of."""
    newest = (
        select(col(Promise.rule_id), func.max(col(Promise.version)).label("version"))
        .group_by(col(Promise.rule_id))
        .subquery()
    )
    rows = tx.execute(
        select(col(Promise.rule_id), col(Promise.messages), col(Promise.days)).join(
            newest,
            (col(Promise.rule_id) == newest.c.rule_id) & (col(Promise.version) == newest.c.version),
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}
