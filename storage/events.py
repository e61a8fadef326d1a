"""Events as they are stored: append-only, in the order in which they are asked for.

Owns the tables ``kind``, ``event``, ``event_detail``, ``recent_id`` and ``arrival``.
It must not know what a rule makes of an event.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, String, Text
from sqlmodel import Field, SQLModel


class Kind(SQLModel, table=True):
    """A kind of event under its product name, such as ``purchase``."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))


class Event(SQLModel, table=True):
    """Something that happened to a customer at an instant.

    ``key`` is 8 bytes of hash, as a signed whole number: of (source, external id) or, without an id, of the content.
    ``amount`` is in whole minor units of ``currency``.
    """

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "occurred_at", "key"),
        Index("event_by_time", "kind", "occurred_at"),
        {"sqlite_with_rowid": False},
    )

    # The wide columns stand first: PostgreSQL pads a narrow one that stands before a wide one.
    occurred_at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    amount: int | None = Field(default=None, sa_column=Column(BigInteger))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    currency: str | None = Field(default=None, sa_column=Column(String(3)))


class EventDetail(SQLModel, table=True):
    """What an event carries beside time and amount, for those that carry anything; ``properties`` is a JSON object."""

    __tablename__ = "event_detail"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "occurred_at", "key"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    occurred_at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    external_id: str | None = Field(default=None, sa_column=Column(Text))
    properties: str | None = Field(default=None, sa_column=Column(Text))


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


class Arrival(SQLModel, table=True):
    """How many events of a source arrived in an hour: what tells a silent source from silent customers."""

    __table_args__ = (PrimaryKeyConstraint("source", "hour"), {"sqlite_with_rowid": False})

    source: str = Field(sa_column=Column(Text, nullable=False))
    hour: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: int = Field(sa_column=Column(BigInteger, nullable=False))
