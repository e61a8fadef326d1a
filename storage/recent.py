"""The external ids taken in of late: the same id with another time cannot be told by the primary key of ``event``.

Owns the table ``recent_id``. It must not know what an event carries.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, delete, select, text
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction
from storage.sets import Columns, any_of, given, table

KEPT: Final = 1_000_000
_GATES: Final = 64
_GATE: Final = 0x57415200  # "WAR", and a byte for the gate


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


Spot = tuple[int, int, int]
"""Where the event of an id stands: (customer id, kind id, occurred_at)."""

_COLUMNS: Final[Columns] = (
    ("key", "int"),
    ("customer_id", "int"),
    ("kind", "int"),
    ("occurred_at", "int"),
    ("taken_at", "int"),
)


def enter(tx: Transaction, keys: Iterable[int]) -> None:
    """Wait for whoever takes in any of these ids right now, and keep others waiting until the transaction ends.

    Without it, two processes could each take in the same id for another customer and not see each other.
    To be called before anything is looked up that is compared with `spots`: what others store while one waits here,
    an earlier look has not seen. On SQLite there is one writer anyway.
    """
    if tx.dialect == "sqlite":
        return
    for gate in sorted({key % _GATES for key in keys}):
        tx.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": _GATE + gate})


def spots(tx: Transaction, keys: Sequence[int]) -> dict[int, Spot]:
    """Give where the events of these ids stand, for those taken in of late."""
    rows = tx.execute(
        select(
            col(RecentId.key), col(RecentId.customer_id), col(RecentId.kind), col(RecentId.occurred_at)
        ).where(col(RecentId.key).in_(any_of(tx.dialect, keys, "int")))
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def remember(tx: Transaction, taken: Sequence[tuple[int, Spot]], *, now: int) -> None:
    """Note where the events of ids stand; those noted already stay as they are."""
    if not taken:
        return
    sql = (
        "INSERT INTO recent_id (key, customer_id, kind, occurred_at, taken_at) "  # noqa: S608
        f"SELECT key, customer_id, kind, occurred_at, taken_at FROM {table(tx.dialect, _COLUMNS)} "
        "WHERE true ON CONFLICT DO NOTHING"
    )
    tx.execute(given(tx.dialect, sql, _COLUMNS, [(key, *spot, now) for key, spot in taken]))


def prune(tx: Transaction, *, keep: int = KEPT) -> None:
    """Forget all but the last ``keep`` ids (and those of the same instant as the oldest of them).

    Walks over ``keep`` entries of an index: for now and then, not for every event.
    """
    oldest = tx.execute(
        select(col(RecentId.taken_at)).order_by(col(RecentId.taken_at).desc()).offset(keep - 1).limit(1)
    ).scalar_one_or_none()
    if oldest is not None:
        tx.execute(delete(RecentId).where(col(RecentId.taken_at) < oldest))
