"""Which message a channel's alerts of a day are told under, where they are told in a thread.

Owns the table ``thread``.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, select, text
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Thread(SQLModel, table=True):
    """A day's thread in a channel; ``root`` is the outbox row of the message at its head."""

    __table_args__ = (PrimaryKeyConstraint("channel", "day"), {"sqlite_with_rowid": False})

    channel: str = Field(sa_column=Column(Text, nullable=False))
    day: str = Field(sa_column=Column(Text, nullable=False))
    root: int = Field(sa_column=Column(BigInteger, nullable=False))


_NOTE = text(
    "INSERT INTO thread (channel, day, root) VALUES (:channel, :day, :root) "
    "ON CONFLICT (channel, day) DO UPDATE SET root = excluded.root"
)


def root(tx: Transaction, channel: str, day: str) -> int | None:
    """Give the message at the head of a day's thread (ISO 8601), where there is one."""
    return tx.execute(
        select(col(Thread.root)).where(col(Thread.channel) == channel, col(Thread.day) == day)
    ).scalar_one_or_none()


def note(tx: Transaction, channel: str, day: str, number: int) -> None:
    """Note which message is at the head of a day's thread."""
    tx.execute(_NOTE, {"channel": channel, "day": day, "root": number})
