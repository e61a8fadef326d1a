"""Digests: which channel was told when what had been held back, and what such a message lists beside what it tells.

Owns the tables ``digest`` and ``digest_listed``. An alert that a digest tells has its message for a root, like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, insert, select, text, update
from sqlmodel import Field, SQLModel, col

from rules.alerts.pipeline.stage import Why
from storage.database import Transaction
from storage.sets import any_of


class DigestRow(SQLModel, table=True):
    """One digest of a channel; its primary key is the promise of at most one for each time that it is due."""

    __tablename__ = "digest"
    __table_args__ = (PrimaryKeyConstraint("channel", "slot"), {"sqlite_with_rowid": False})

    channel: str = Field(sa_column=Column(Text, nullable=False))
    """Its place, as ``storage.channels`` says it."""
    slot: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    """When it was due, by the business's now."""
    root: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    """The outbox row of its message; None where there was nothing to be told at that time."""
    passed: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    """Alerts that were held back and ended before anybody was told."""


class DigestListedRow(SQLModel, table=True):
    """An alert that a digest names though it stays held back, and by what; each is named by one digest."""

    __tablename__ = "digest_listed"
    __table_args__ = (PrimaryKeyConstraint("customer_id", "alert_id"), {"sqlite_with_rowid": False})

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    alert_id: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    root: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    why: str = Field(sa_column=Column(Text, nullable=False))


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest: where, for which time, in which message; ``passed`` alerts ended before it."""

    channel: str
    slot: int
    root: int
    passed: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert that a digest names and that was held back for another reason than the budget."""

    customer_id: int
    alert_id: int
    why: Why


_TAKE: Final = text(
    "INSERT INTO digest (channel, slot, passed) VALUES (:channel, :slot, 0) "
    "ON CONFLICT (channel, slot) DO NOTHING"
)


def is_done(tx: Transaction, channel: str, slot: int) -> bool:
    """Whether the digest of this channel for this time was told, or there was nothing to be told."""
    found = select(col(DigestRow.slot)).where(col(DigestRow.channel) == channel, col(DigestRow.slot) == slot)
    return tx.execute(found).first() is not None


def take(tx: Transaction, channel: str, slot: int) -> bool:
    """Take it on to tell a channel's digest for this time; False where somebody else has."""
    return tx.execute(_TAKE, {"channel": channel, "slot": slot}).rowcount == 1


def told(tx: Transaction, digest: Digest) -> None:
    """Note in which message a digest, taken before, is told."""
    tx.execute(
        update(DigestRow)
        .where(col(DigestRow.channel) == digest.channel, col(DigestRow.slot) == digest.slot)
        .values(root=digest.root, passed=digest.passed)
    )


def of_root(tx: Transaction, root: int) -> Digest | None:
    """Give the digest that a message is."""
    row = tx.session.execute(select(DigestRow).where(col(DigestRow.root) == root)).scalar_one_or_none()
    return None if row is None else Digest(row.channel, row.slot, root, row.passed)


def list_all(tx: Transaction, listed: Sequence[Listed], *, root: int) -> None:
    """Note what a digest names beside what it tells."""
    rows: list[dict[str, Any]] = [
        {"customer_id": one.customer_id, "alert_id": one.alert_id, "root": root, "why": str(one.why)}
        for one in listed
    ]
    if rows:
        tx.execute(insert(DigestListedRow), rows)


def listed_in(tx: Transaction, root: int) -> list[Listed]:
    """Give what a digest names beside what it tells, in the order of the alerts."""
    rows = tx.session.execute(
        select(DigestListedRow)
        .where(col(DigestListedRow.root) == root)
        .order_by(col(DigestListedRow.alert_id))
    ).scalars()
    return [Listed(row.customer_id, row.alert_id, Why(row.why)) for row in rows]


def listed_already(tx: Transaction, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Give those of these alerts, as (customer, alert), that a digest has named."""
    chosen = list(pairs)
    if not chosen:
        return set()
    customers = any_of(tx.dialect, sorted({customer for customer, _ in chosen}), "int", name="customers")
    alerts = any_of(tx.dialect, [alert for _, alert in chosen], "int", name="alerts")
    rows = tx.execute(
        select(col(DigestListedRow.alert_id)).where(
            col(DigestListedRow.customer_id).in_(customers), col(DigestListedRow.alert_id).in_(alerts)
        )
    )
    return {row[0] for row in rows}


def move(tx: Transaction, before: str, after: str) -> None:
    """Make the digests of one channel those of another that it turned out to be."""
    params = {"before": before, "after": after}
    for statement in _MOVE:
        tx.execute(statement, params)


_MOVE: Final = (
    text(
        "DELETE FROM digest WHERE channel = :before AND EXISTS (SELECT 1 FROM digest AS other "
        "WHERE other.channel = :after AND other.slot = digest.slot)"
    ),
    text("UPDATE digest SET channel = :after WHERE channel = :before"),
)
