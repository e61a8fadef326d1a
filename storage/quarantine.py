"""What could not be taken in, kept whole with the reason, until somebody retries or drops it.

Owns the table ``quarantine``. Nothing is dropped in silence.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    Text,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction
from storage.sets import any_of


class Quarantined(SQLModel, table=True):
    """One line or event that could not be taken in; ``id`` is a hash, so the same trouble again is the same row."""

    __tablename__ = "quarantine"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    received_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    source: str = Field(sa_column=Column(Text, nullable=False))
    format: str = Field(sa_column=Column(Text, nullable=False))
    """How ``record`` is to be read again: ``cdnow``, ``events-csv``, …, or ``http``."""
    origin: str = Field(sa_column=Column(Text, nullable=False))
    """The file's name, or the path of the request."""
    line: int | None = Field(default=None, sa_column=Column(Integer))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    """The code of the reason; its words stand in the templates."""
    params: str = Field(sa_column=Column(Text, nullable=False))
    """The parameters of the reason, a JSON object."""
    record: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The very bytes that came."""
    header: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """The header line of a CSV file, without which a line cannot be read again."""
    ordinal: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    """The how-manieth equal record of its file this is: equal lines without an id are events of their own."""


_LINE: Final = func.coalesce(col(Quarantined.line), 0)
_AS_IT_CAME: Final = (col(Quarantined.received_at), col(Quarantined.origin), _LINE, col(Quarantined.id))
"""The order in which records came; what has no line (both databases sort NULL elsewhere) has no order in its origin."""

Param = str | int


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that could not be taken in: the very bytes (``record``), where they came from and why.

    ``origin`` is the file's name or the path of the request; ``reason`` and ``params`` are words in the templates.
    """

    source: str
    format: str
    origin: str
    line: int | None
    reason: str
    params: Mapping[str, Param]
    record: bytes
    header: bytes | None = None
    ordinal: int = 1

    @property
    def id(self) -> str:
        """The same record of the same place has the same id, whatever the reason."""
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.source, self.format, self.origin, str(self.line), str(self.ordinal)):
            digest.update(part.encode() + b"\0")
        digest.update(self.record)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in quarantine, under ``id``, since ``received_at``."""

    id: str
    received_at: int
    refused: Refused


def add(tx: Transaction, refused: Sequence[Refused], *, now: int) -> None:
    """Put records into quarantine; one that lies there already stays, with the reason of today."""
    if not refused:
        return
    make = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    statement = make(Quarantined)
    rows = {
        one.id: {
            "id": one.id,
            "received_at": now,
            "source": one.source,
            "format": one.format,
            "origin": one.origin,
            "line": one.line,
            "reason": one.reason,
            "params": json.dumps(dict(one.params)),
            "record": one.record,
            "header": one.header,
            "ordinal": one.ordinal,
        }
        for one in refused
    }
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"reason": statement.excluded.reason, "params": statement.excluded.params},
        ),
        [rows[key] for key in sorted(rows)],
    )


def listing(tx: Transaction, *, limit: int, after: Kept | None = None) -> list[Kept]:
    """Give what lies in quarantine, what came first first and within a file by line, beginning after ``after``."""
    query = select(Quarantined).order_by(*_AS_IT_CAME).limit(limit)
    if after is not None:
        place = (after.received_at, after.refused.origin, after.refused.line or 0, after.id)
        query = query.where(
            # Said apart, for the index.
            col(Quarantined.received_at) >= after.received_at,
            tuple_(*_AS_IT_CAME) > tuple_(*(literal(part) for part in place)),
        )
    return [_kept(row) for row in tx.session.execute(query).scalars()]


def newest(tx: Transaction, *, limit: int) -> list[Kept]:
    """Give what lies in quarantine, what came last first; within a file by line."""
    rows = tx.session.execute(
        select(Quarantined)
        .order_by(
            col(Quarantined.received_at).desc(),
            col(Quarantined.origin),
            col(Quarantined.line),
            col(Quarantined.id),
        )
        .limit(limit)
    ).scalars()
    return [_kept(row) for row in rows]


def by_ids(tx: Transaction, ids: Iterable[str]) -> list[Kept]:
    """Give records by id, in the order of `listing`; ids of nothing lack."""
    chosen = any_of(tx.dialect, ids, "text")
    rows = tx.session.execute(
        select(Quarantined).where(col(Quarantined.id).in_(chosen)).order_by(*_AS_IT_CAME)
    ).scalars()
    return [_kept(row) for row in rows]


def count(tx: Transaction) -> int:
    """Count what lies in quarantine."""
    return int(tx.execute(select(func.count()).select_from(Quarantined)).scalar_one())


def remove(tx: Transaction, ids: Iterable[str]) -> int:
    """Take records out of quarantine; gives how many there were."""
    chosen = any_of(tx.dialect, ids, "text")
    return tx.execute(delete(Quarantined).where(col(Quarantined.id).in_(chosen))).rowcount


def clear(tx: Transaction) -> int:
    """Empty the quarantine; gives how many records there were."""
    return tx.execute(delete(Quarantined)).rowcount


def _kept(row: Quarantined) -> Kept:
    return Kept(
        id=row.id,
        received_at=row.received_at,
        refused=Refused(
            source=row.source,
            format=row.format,
            origin=row.origin,
            line=row.line,
            reason=row.reason,
            params=json.loads(row.params),
            record=row.record,
            header=row.header,
            ordinal=row.ordinal,
        ),
    )
