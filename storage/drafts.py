"""Rules that were written and looked at but not saved yet: each waits for its author, for a day.

Owns the table ``draft``. It must not know what a draft says: that is a text in here.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Text, delete, select, update
from sqlmodel import Field, SQLModel, col

from storage.counters import take
from storage.database import Transaction


class DraftRow(SQLModel, table=True):
    """What somebody may save: ``what`` is a JSON object. ``created_at`` is elapsed time."""

    __tablename__ = "draft"

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    what: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is stored."""

    id: int
    actor: str
    what: str
    created_at: int


def add(tx: Transaction, *, actor: str, what: str, now: int) -> int:
    """Keep a draft, and give its number; ``now`` is elapsed time."""
    number = take(tx, "draft")[0]
    tx.session.add(DraftRow(id=number, actor=actor, what=what, created_at=now))
    tx.session.flush()
    return number


def rewrite(tx: Transaction, number: int, what: str) -> None:
    """Let a draft that is still there say something else."""
    tx.execute(update(DraftRow).where(col(DraftRow.id) == number).values(what=what))


def by_id(tx: Transaction, number: int) -> Draft | None:
    """Give a draft that is still there."""
    row = tx.execute(
        select(col(DraftRow.id), col(DraftRow.actor), col(DraftRow.what), col(DraftRow.created_at)).where(
            col(DraftRow.id) == number
        )
    ).first()
    return Draft(*row) if row else None


def remove(tx: Transaction, number: int) -> bool:
    """Take a draft away; of two who do at once, one is told that it was there."""
    return (
        tx.execute(delete(DraftRow).where(col(DraftRow.id) == number).returning(col(DraftRow.id))).first()
        is not None
    )


def prune(tx: Transaction, *, before: int) -> None:
    """Forget the drafts that nobody may save any more."""
    tx.execute(delete(DraftRow).where(col(DraftRow.created_at) < before))
