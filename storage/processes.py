"""What managers changed of the catalogue of processes: which kind belongs where, and which names stand for others.

Owns the tables ``kind_process`` and ``kind_alias``. What ships stands in a file; only the changes are stored. Who made
them, and what was before, is in the audit. It must not know what a process is good for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Text, text
from sqlmodel import Field, SQLModel

from rules.lifecycle.processes import Catalogue, KeyEvent, Overlay, overlaid, overlaid_aliases, shipped
from storage.database import Transaction


class KindProcess(SQLModel, table=True):
    """A kind of event that a manager put into a process, or, where ``process`` is null, took out of one."""

    __tablename__ = "kind_process"

    kind: str = Field(sa_column=Column(Text, primary_key=True))
    process: str | None = Field(default=None, sa_column=Column(Text))
    tells: str = Field(sa_column=Column(Text, nullable=False))
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


class KindAlias(SQLModel, table=True):
    """A name that sources use for a kind, by a manager's word; null: the name stands for itself again."""

    __tablename__ = "kind_alias"

    source: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str | None = Field(default=None, sa_column=Column(Text))
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and when."""

    author: str
    at: int


def catalogue(tx: Transaction) -> Catalogue:
    """Give the catalogue in force: what ships, and over it what managers changed."""
    events: dict[str, KeyEvent | None] = {}
    for kind, process, tells in tx.execute(_CHANGED):
        events[kind] = None if process is None else KeyEvent(kind, process, tells)
    return overlaid(shipped(), Overlay(events, _aliases(tx)))


def aliases(tx: Transaction) -> Mapping[str, str]:
    """Give the aliases in force: one small query, for intake asks it of every batch."""
    return overlaid_aliases(shipped(), _aliases(tx))


def assign(tx: Transaction, event: KeyEvent, by: By) -> None:
    """Put a kind into a process."""
    _save(
        tx, KindProcess(kind=event.kind, process=event.process, tells=event.tells, author=by.author, at=by.at)
    )


def unassign(tx: Transaction, kind: str, by: By) -> None:
    """Take a kind out of its process."""
    _save(tx, KindProcess(kind=kind, process=None, tells="", author=by.author, at=by.at))


def alias(tx: Transaction, source: str, kind: str | None, by: By) -> None:
    """Let ``source`` stand for ``kind``, or, with None, for itself."""
    _save(tx, KindAlias(source=source, kind=kind, author=by.author, at=by.at))


def _aliases(tx: Transaction) -> dict[str, str | None]:
    return {row[0]: row[1] for row in tx.execute(_ALIASES)}


# Asked for every card: made once.
_CHANGED: Final = text("SELECT kind, process, tells FROM kind_process ORDER BY kind")
_ALIASES: Final = text("SELECT source, kind FROM kind_alias")


def _save(tx: Transaction, row: SQLModel) -> None:
    tx.session.merge(row)
    tx.session.flush()
