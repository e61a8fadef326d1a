"""The definitions of the life cycle and their versions.

Owns the tables ``lifecycle_version`` and ``definition_version``. A version of the life cycle is the whole of what is in
force, so that it is loaded by one seek; a definition has a version for each change of it alone. It must not know what
a condition means.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, func, insert, select, text
from sqlmodel import Field, SQLModel, col

from rules.lifecycle.definitions import NO_LIFECYCLE, Lifecycle, Name
from storage.database import Transaction

_LOCK: Final = 0x57415252
"""Of PostgreSQL's advisory locks: shared by those to whom the definitions are to stay as they are."""


_HEALTH: Final = "health"
"""What the versions of how health is worked out stand under: no definition has that name."""


class LifecycleVersionRow(SQLModel, table=True):
    """All definitions from one change to the next; never changed, never deleted."""

    __tablename__ = "lifecycle_version"

    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    did: str = Field(sa_column=Column(Text, nullable=False))
    definitions: str = Field(sa_column=Column(Text, nullable=False))
    """What `Lifecycle.to_text` writes."""
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    diff: str = Field(sa_column=Column(Text, nullable=False))


class DefinitionVersionRow(SQLModel, table=True):
    """What one definition said from one change of it to the next."""

    __tablename__ = "definition_version"
    __table_args__ = (PrimaryKeyConstraint("name", "version"), {"sqlite_with_rowid": False})

    name: str = Field(sa_column=Column(Text, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    lifecycle: int = Field(sa_column=Column(Integer, nullable=False))
    """The version of the life cycle that this one came with."""
    condition: str | None = Field(default=None, sa_column=Column(Text))
    """None: it was taken away. Of ``health`` it is JSON."""
    diff: str = Field(sa_column=Column(Text, nullable=False))


@dataclass(frozen=True, slots=True)
class LifecycleVersion:
    """One version of the life cycle: who did what (``use``, ``edit``, ``remove``, ``undo``), when, and what came of it."""

    version: int
    did: str
    lifecycle: Lifecycle
    author: str
    at: int
    diff: str


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """One version of a definition; ``condition`` is None where it was taken away."""

    version: int
    condition: str | None
    author: str
    at: int
    diff: str


def hold(tx: Transaction) -> None:
    """Keep everybody else from changing definitions, and from relying on them, until the end of ``tx``."""
    if tx.dialect == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def current(tx: Transaction, *, lock: bool = False) -> Lifecycle:
    """Give the definitions in force; with ``lock`` they stay so until the end of ``tx``."""
    if lock and tx.dialect == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock_shared(:n)"), {"n": _LOCK})
    found = tx.execute(_CURRENT).scalar_one_or_none()
    return NO_LIFECYCLE if found is None else _read(found)


def at(tx: Transaction, instant: int) -> Lifecycle:
    """Give the definitions that were in force at ``instant``; those of the first version for what was before it."""
    chosen = select(col(LifecycleVersionRow.definitions)).limit(1)
    version = col(LifecycleVersionRow.version)
    then = chosen.where(col(LifecycleVersionRow.at) <= instant).order_by(version.desc())
    found = tx.execute(then).scalar_one_or_none() or tx.execute(chosen.order_by(version)).scalar_one_or_none()
    return NO_LIFECYCLE if found is None else _read(found)


def latest(tx: Transaction) -> LifecycleVersion | None:
    """Give the version in force."""
    newest = select(func.max(col(LifecycleVersionRow.version))).scalar_subquery()
    row = tx.session.execute(
        select(LifecycleVersionRow).where(col(LifecycleVersionRow.version) == newest)
    ).scalar_one_or_none()
    return None if row is None else _version(row)


def version_of(tx: Transaction, version: int) -> LifecycleVersion | None:
    """Give one version of the life cycle."""
    row = tx.session.get(LifecycleVersionRow, version)
    return None if row is None else _version(row)


def versions(tx: Transaction) -> list[LifecycleVersion]:
    """Give every version of the life cycle, the newest first."""
    rows = tx.session.execute(
        select(LifecycleVersionRow).order_by(col(LifecycleVersionRow.version).desc())
    ).scalars()
    return [_version(row) for row in rows]


def history(tx: Transaction, name: Name | str) -> list[DefinitionVersion]:
    """Give every version of a definition, or of ``health``, the newest first."""
    rows = tx.session.execute(
        select(DefinitionVersionRow, LifecycleVersionRow)
        .where(
            col(DefinitionVersionRow.name) == str(name),
            col(LifecycleVersionRow.version) == col(DefinitionVersionRow.lifecycle),
        )
        .order_by(col(DefinitionVersionRow.version).desc())
    )
    return [
        DefinitionVersion(
            version=one.version, condition=one.condition, author=of.author, at=of.at, diff=one.diff
        )
        for one, of in rows
    ]


def save(
    tx: Transaction,
    lifecycle: Lifecycle,
    *,
    did: str,
    author: str,
    now: int,
    diffs: Mapping[Name, str],
    health_diff: str = "",
) -> int:
    """Store the next version of the life cycle, and of each definition that differs (``diffs``); gives its number.

    ``health_diff`` is how health is worked out otherwise; that has versions as a definition has.

    The caller holds the definitions (see `hold`).
    """
    newest = tx.execute(select(func.max(col(LifecycleVersionRow.version)))).scalar_one()
    version = (newest or 0) + 1
    tx.execute(
        insert(LifecycleVersionRow),
        {
            "version": version,
            "did": did,
            "definitions": lifecycle.to_text(),
            "author": author,
            "at": now,
            "diff": "\n".join(filter(None, (*diffs.values(), health_diff))),
        },
    )
    before = _last_versions(tx)
    rows = []
    for name, diff in diffs.items():
        stands = lifecycle.get(name)
        rows.append(
            {
                "name": str(name),
                "version": before.get(str(name), 0) + 1,
                "lifecycle": version,
                "condition": None if stands is None else stands.condition,
                "diff": diff,
            }
        )
    if health_diff:
        rows.append(
            {
                "name": _HEALTH,
                "version": before.get(_HEALTH, 0) + 1,
                "lifecycle": version,
                "condition": None if lifecycle.health is None else json.dumps(lifecycle.health.as_json()),
                "diff": health_diff,
            }
        )
    if rows:
        tx.execute(insert(DefinitionVersionRow), rows)
    return version


def _last_versions(tx: Transaction) -> dict[str, int]:
    rows = tx.execute(
        select(col(DefinitionVersionRow.name), func.max(col(DefinitionVersionRow.version))).group_by(
            col(DefinitionVersionRow.name)
        )
    )
    return {row[0]: row[1] for row in rows}


def _version(row: LifecycleVersionRow) -> LifecycleVersion:
    return LifecycleVersion(
        version=row.version,
        did=row.did,
        lifecycle=_read(row.definitions),
        author=row.author,
        at=row.at,
        diff=row.diff,
    )


_read = lru_cache(maxsize=64)(Lifecycle.of_text)
_CURRENT: Final = text("SELECT definitions FROM lifecycle_version ORDER BY version DESC LIMIT 1")
