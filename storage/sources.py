"""Where events come from: which kinds each source sends, how often it does, and whether it has stopped.

Owns the tables ``source`` and ``source_kind``. How many events arrived stands in ``storage.arrivals``; what follows is
decided in ``rules.alerts.rhythm``.
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Column,
    PrimaryKeyConstraint,
    Text,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlmodel import Field, SQLModel, col

from rules.alerts.rhythm import Source
from storage.database import Transaction


class SourceRow(SQLModel, table=True):
    """A source of events, by the name under which it sends. Lengths of time in milliseconds."""

    __tablename__ = "source"
    __table_args__ = (PrimaryKeyConstraint("source"), {"sqlite_with_rowid": False})

    source: str = Field(sa_column=Column(Text, nullable=False))
    said: int | None = Field(default=None, sa_column=Column(BigInteger))
    """How long a manager says it may be quiet; 0: for ever; None: as long as it is used to."""
    learned: int | None = Field(default=None, sa_column=Column(BigInteger))
    """How long it may be quiet, by its own habit; None: it has none."""
    learned_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    stale_since: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When it was noticed that it has stopped."""
    back_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When it was noticed that it sends again: what it missed is still coming in."""


class SourceKind(SQLModel, table=True):
    """A source has sent events of a kind."""

    __tablename__ = "source_kind"
    __table_args__ = (PrimaryKeyConstraint("source", "kind"), {"sqlite_with_rowid": False})

    source: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))


_NEW_SOURCE = text("INSERT INTO source (source) VALUES (:source) ON CONFLICT (source) DO NOTHING")
_NEW_KIND = text(
    "INSERT INTO source_kind (source, kind) VALUES (:source, :kind) ON CONFLICT (source, kind) DO NOTHING"
)
# The hours of a source are read backwards by the primary key: one seek each.
_ALL = text(
    "SELECT s.source, s.said, s.learned, s.learned_at, s.stale_since, s.back_at, "
    "(SELECT a.last_at FROM arrival a WHERE a.source = s.source ORDER BY a.hour DESC LIMIT 1) "
    "FROM source s ORDER BY s.source"
)


def note(tx: Transaction, sent: Iterable[tuple[str, str]]) -> None:
    """Note which (source, kind) came, where that is new; one small question where nothing is."""
    pairs = sorted(set(sent))
    if not pairs:
        return
    known = {
        (row[0], row[1])
        for row in tx.execute(
            select(col(SourceKind.source), col(SourceKind.kind)).where(
                tuple_(col(SourceKind.source), col(SourceKind.kind)).in_(pairs)
            )
        )
    }
    fresh = [pair for pair in pairs if pair not in known]
    if fresh:
        tx.execute(_NEW_SOURCE, [{"source": source} for source in sorted({source for source, _ in fresh})])
        tx.execute(_NEW_KIND, [{"source": source, "kind": kind} for source, kind in fresh])


def listing(tx: Transaction) -> list[Source]:
    """Give every source with when it last sent, by name."""
    return [Source(*row) for row in tx.execute(_ALL)]


def by_name(tx: Transaction, name: str) -> Source | None:
    """Give a source; None where nothing ever came of one."""
    return next((one for one in listing(tx) if one.name == name), None)


def say(tx: Transaction, name: str, length: int | None) -> None:
    """Note how long a source may be quiet, by a manager's word; 0: for ever; None: as long as it is used to."""
    tx.execute(update(SourceRow).where(col(SourceRow.source) == name).values(said=length))


def learn(tx: Transaction, name: str, length: int | None, *, now: int) -> None:
    """Note how long a source may be quiet by its own habit."""
    tx.execute(update(SourceRow).where(col(SourceRow.source) == name).values(learned=length, learned_at=now))


def mark(tx: Transaction, name: str, *, stale_since: int | None, back_at: int | None) -> None:
    """Note whether a source has stopped, and whether it sends again."""
    tx.execute(
        update(SourceRow)
        .where(col(SourceRow.source) == name)
        .values(stale_since=stale_since, back_at=back_at)
    )


def stale_kinds(tx: Transaction) -> dict[str, str]:
    """Give the kinds that come of sources that have stopped, or whose missing events still come in: source by kind."""
    rows = tx.execute(
        select(col(SourceKind.kind), col(SourceKind.source))
        .join(SourceRow, col(SourceRow.source) == col(SourceKind.source))
        .where(or_(col(SourceRow.stale_since).is_not(None), col(SourceRow.back_at).is_not(None)))
        .order_by(col(SourceKind.source).desc(), col(SourceKind.kind))
    )
    return {row[0]: row[1] for row in rows}


def watch_never(tx: Transaction, name: str) -> None:
    """Let a source that is to come be quiet for ever, as where time is only played."""
    tx.execute(insert(SourceRow), [{"source": name, "said": 0}])
