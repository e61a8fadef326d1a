"""Silences: for whom managers let nobody be told, until when, and why.

Owns the table ``silence``. What a silence comes to is decided in ``rules.alerts.pipeline``; its condition is a text here.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, Text, select, update
from sqlmodel import Field, SQLModel, col

from storage.counters import take
from storage.database import Transaction


class SilenceRow(SQLModel, table=True):
    """A silence; it is ended by its instant or by a person, and kept."""

    __tablename__ = "silence"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    condition: str = Field(sa_column=Column(Text, nullable=False))
    rule_id: int | None = Field(default=None, sa_column=Column(Integer))
    """The one rule that it is about; None: all of them."""
    reason: str = Field(sa_column=Column(Text, nullable=False))
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    until: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    ended_by: str | None = Field(default=None, sa_column=Column(Text))


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A silence as it is stored; ``ended_by`` is set on one that a person ended early."""

    id: int
    condition: str
    rule_id: int | None
    reason: str
    author: str
    at: int
    until: int
    ended_at: int | None
    ended_by: str | None


def add(
    tx: Transaction, *, condition: str, rule_id: int | None, reason: str, author: str, now: int, until: int
) -> StoredSilence:
    """Store a silence from ``now`` on."""
    row = SilenceRow(
        id=take(tx, "silence")[0],
        condition=condition,
        rule_id=rule_id,
        reason=reason,
        author=author,
        at=now,
        until=until,
    )
    tx.session.add(row)
    tx.session.flush()
    return _silence(row)


def running(tx: Transaction, *, now: int) -> list[StoredSilence]:
    """Give the silences that are not over at ``now``, the one that ends first first."""
    rows = tx.session.execute(
        select(SilenceRow)
        .where(col(SilenceRow.until) > now, col(SilenceRow.ended_at).is_(None))
        .order_by(col(SilenceRow.until), col(SilenceRow.id))
    ).scalars()
    return [_silence(row) for row in rows]


def by_id(tx: Transaction, number: int) -> StoredSilence | None:
    """Give a silence, also one that is over."""
    row = tx.session.execute(select(SilenceRow).where(col(SilenceRow.id) == number)).scalar_one_or_none()
    return _silence(row) if row else None


def end(tx: Transaction, number: int, *, by: str, now: int) -> bool:
    """End a silence early; of two who do at once, one is told that it was running."""
    done = tx.execute(
        update(SilenceRow)
        .where(col(SilenceRow.id) == number, col(SilenceRow.ended_at).is_(None), col(SilenceRow.until) > now)
        .values(ended_at=now, ended_by=by)
    )
    return done.rowcount == 1


def _silence(row: SilenceRow) -> StoredSilence:
    return StoredSilence(
        id=row.id,
        condition=row.condition,
        rule_id=row.rule_id,
        reason=row.reason,
        author=row.author,
        at=row.at,
        until=row.until,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
