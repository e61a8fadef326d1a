"""The external ids taken in of late: the same id with another time cannot be told by the primary key of ``event``.

Owns the table ``recent_id``. It must not know what an event carries.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel


class RecentId(SQLModel, table=True):
    """The last million external ids taken in by HTTP: where the event of each one stands."""

    __tablename__ = "recent_id"
    __table_args__ = (
        PrimaryKeyConstraint("key", "customer_id"),
        Index("recent_id_by_age", "taken_at"),
        {"sqlite_with_rowid": False},
    )

    key: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False))
    occurred_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    taken_at: int = Field(sa_column=Column(BigInteger, nullable=False))
