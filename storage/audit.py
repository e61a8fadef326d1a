"""Who changed what, when, and how it differs from before.

Owns the table ``audit``: append-only.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Integer, Text, insert, select
from sqlmodel import Field, SQLModel, col

from storage.counters import take
from storage.database import Transaction


class AuditRow(SQLModel, table=True):
    """One change by one actor."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_object", "object", "id"),)

    id: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    )
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    object: str = Field(sa_column=Column(Text, nullable=False))
    diff: str = Field(sa_column=Column(Text, nullable=False))


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: ``actor`` did ``action`` to ``object`` (such as ``rule:lapsing``); ``diff`` in lines of - and +."""

    at: int
    actor: str
    action: str
    object: str
    diff: str


def note(tx: Transaction, entry: Entry) -> None:
    """Note a change, in the transaction that makes it."""
    tx.execute(
        insert(AuditRow),
        {
            "id": take(tx, "audit")[0],
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "object": entry.object,
            "diff": entry.diff,
        },
    )


def of(tx: Transaction, changed: str) -> list[Entry]:
    """Give the changes of an object, the newest first."""
    rows = tx.session.execute(
        select(AuditRow).where(col(AuditRow.object) == changed).order_by(col(AuditRow.id).desc())
    )
    return [
        Entry(at=row.at, actor=row.actor, action=row.action, object=row.object, diff=row.diff)
        for row in rows.scalars()
    ]


def refuse(tx: Transaction, *, at: int, actor: str, action: str, on: str) -> None:
    """Note that ``actor`` was not allowed to do ``action`` to the object ``on``."""
    note(tx, Entry(at=at, actor=actor, action=f"refused:{action}", object=on, diff=""))
