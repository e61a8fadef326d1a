"""What Slack sent already: a click, a command or an event delivered twice acts once.

Owns the table ``inbox``. The row is written in the transaction that acts, so a crash between leaves neither.
"""

from sqlalchemy import BigInteger, Column, Text, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Inbox(SQLModel, table=True):
    """One delivery of Slack's, under the key that it bears in every repetition."""

    key: str = Field(sa_column=Column(Text, primary_key=True))
    received_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


def first_time(tx: Transaction, key: str, *, now: int) -> bool:
    """Note a delivery, and say whether it is new; ``now`` is elapsed time."""
    make = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    statement = make(Inbox).values(key=key, received_at=now).on_conflict_do_nothing(index_elements=["key"])
    # Asked for what was written: the number of rows is not told for such a statement on PostgreSQL.
    return tx.execute(statement.returning(col(Inbox.key))).first() is not None


def prune(tx: Transaction, *, before: int) -> None:
    """Forget deliveries that Slack will not repeat any more."""
    tx.execute(delete(Inbox).where(col(Inbox.received_at) < before))
