"""Small whole numbers made by the program: customers, kinds, rules, alerts.

Owns the table ``counter``. The numbers of an undone transaction are not lost: the row is undone with it.
"""

from sqlalchemy import BigInteger, Column, Text, text
from sqlmodel import Field, SQLModel

from storage.database import Transaction


class Counter(SQLModel, table=True):
    """The next free number of a series."""

    name: str = Field(sa_column=Column(Text, primary_key=True))
    next: int = Field(sa_column=Column(BigInteger, nullable=False))


_TAKE = text(
    "INSERT INTO counter (name, next) VALUES (:name, 1 + :n) "
    "ON CONFLICT (name) DO UPDATE SET next = counter.next + :n RETURNING next"
)


def take(tx: Transaction, name: str, n: int = 1) -> range:
    """Take ``n`` numbers of the series ``name``, beginning at 1; nobody else gets them."""
    end = int(tx.execute(_TAKE, {"name": name, "n": n}).scalar_one())
    return range(end - n, end)
