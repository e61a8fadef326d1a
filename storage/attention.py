"""How many alerts each channel was told on each day.

Owns the table ``attention``. How many a channel is willing to read is its own to say.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, delete, select, text, tuple_
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Attention(SQLModel, table=True):
    """Alerts told in a channel on a day of its zone, ISO 8601."""

    __table_args__ = (PrimaryKeyConstraint("channel", "day"), {"sqlite_with_rowid": False})

    channel: str = Field(sa_column=Column(Text, nullable=False))
    day: str = Field(sa_column=Column(Text, nullable=False))
    alerts: int = Field(sa_column=Column(Integer, nullable=False))


_SPEND = text(
    "INSERT INTO attention (channel, day, alerts) VALUES (:channel, :day, :alerts) "
    "ON CONFLICT (channel, day) DO UPDATE SET alerts = attention.alerts + excluded.alerts"
)


def spent(tx: Transaction, days: Mapping[str, str]) -> dict[str, int]:
    """Give how many alerts channels were told, each on its day: ``days`` by channel."""
    if not days:
        return {}
    rows = tx.execute(
        select(col(Attention.channel), col(Attention.alerts)).where(
            tuple_(col(Attention.channel), col(Attention.day)).in_(list(days.items()))
        )
    )
    return {row[0]: row[1] for row in rows}


def spend(tx: Transaction, told: Iterable[tuple[str, str, int]]) -> None:
    """Note that channels were told alerts: (channel, day, how many)."""
    rows = [{"channel": channel, "day": day, "alerts": n} for channel, day, n in told if n]
    if rows:
        tx.execute(_SPEND, rows)


def move(tx: Transaction, before: str, after: str) -> None:
    """Make what one channel was told what another was, which it turned out to be."""
    rows = tx.execute(
        select(col(Attention.day), col(Attention.alerts)).where(col(Attention.channel) == before)
    ).all()
    tx.execute(delete(Attention).where(col(Attention.channel) == before))
    spend(tx, [(after, day, alerts) for day, alerts in rows])
