"""How many events arrive of each source: what tells a silent source from silent customers.

Owns the table ``arrival``. It must not know customers.
"""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlmodel import Field, SQLModel


class Arrival(SQLModel, table=True):
    """How many events of a source arrived in an hour: what tells a silent source from silent customers."""

    __table_args__ = (PrimaryKeyConstraint("source", "hour"), {"sqlite_with_rowid": False})

    source: str = Field(sa_column=Column(Text, nullable=False))
    hour: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: int = Field(sa_column=Column(BigInteger, nullable=False))
