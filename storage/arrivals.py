"""How many events arrive of each source: what tells a silent source from silent customers.

Owns the table ``arrival``. It must not know customers.
"""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, select, text
from sqlmodel import Field, SQLModel, col

from rules.instants import HOUR
from storage.database import Transaction


class Arrival(SQLModel, table=True):
    """How many events of a source arrived in an hour: what tells a silent source from silent customers."""

    __table_args__ = (PrimaryKeyConstraint("source", "hour"), {"sqlite_with_rowid": False})

    source: str = Field(sa_column=Column(Text, nullable=False))
    hour: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    """The instant at which the hour begins."""
    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: int = Field(sa_column=Column(BigInteger, nullable=False))


_NOTE = text(
    "INSERT INTO arrival (source, hour, events, last_at) VALUES (:source, :hour, :events, :now) "
    "ON CONFLICT (source, hour) DO UPDATE SET events = arrival.events + excluded.events, "
    "last_at = CASE WHEN excluded.last_at > arrival.last_at THEN excluded.last_at ELSE arrival.last_at END"
)


def note(tx: Transaction, events: Mapping[str, int], *, now: int) -> None:
    """Note how many new events of each source came at ``now``."""
    rows = [
        {"source": source, "hour": now - now % HOUR, "events": n, "now": now}
        for source, n in sorted(events.items())
    ]
    if rows:
        tx.execute(_NOTE, rows)


def hours(tx: Transaction, source: str, *, since: int, until: int) -> list[tuple[int, int]]:
    """Give the hours from ``since`` to ``until`` in which events of a source arrived: (begin, last arrival), ascending."""
    rows = tx.execute(
        select(col(Arrival.hour), col(Arrival.last_at))
        .where(col(Arrival.source) == source, col(Arrival.hour) >= since, col(Arrival.hour) <= until)
        .order_by(col(Arrival.hour))
    )
    return [(row[0], row[1]) for row in rows]
