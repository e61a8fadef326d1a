"""The one right to sweep, and the one to judge days, held so that who has lost it cannot write any more.

Owns the table ``turn``. The right itself is the database's: a lock in this process on SQLite, an advisory lock of a
session on PostgreSQL, which ends with that session. A session may end while its process goes on: the server, or somebody
at it, cuts it off. So everybody who gets the right numbers their turn, and every transaction under it sees first that
no later one has begun. It must not know what is done under the right.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Integer, Text, text
from sqlmodel import Field, SQLModel

from rules.errors import WarmlineError
from storage.database import Database, Transaction
from storage.errors import JudgingRunningError, SweepRunningError


class TurnRow(SQLModel, table=True):
    """How often a right was taken so far."""

    __tablename__ = "turn"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    number: int = Field(sa_column=Column(Integer, nullable=False))


@contextmanager
def sweeping(database: Database) -> Iterator[Database]:
    """Hold the right to sweep; raises `SweepRunningError` where somebody else holds it.

    Gives the database to do it with: each of its writing transactions raises `SweepRunningError` once a later turn has
    begun, and else keeps one from beginning before it ends.
    """
    with database.sweeping():
        yield _begun(database, "sweep", SweepRunningError)


@contextmanager
def judging(database: Database) -> Iterator[Database]:
    """Hold the right to judge days as `sweeping` does that to sweep; raises `JudgingRunningError`."""
    with database.judging():
        yield _begun(database, "judging", JudgingRunningError)


def _begun(database: Database, name: str, lost: type[WarmlineError]) -> Database:
    if database.dialect == "sqlite":
        # There is but one process, and its lock ends with it.
        return database
    # Waits for whoever had the right and is in the midst of a transaction: what they commit is seen from here on.
    with database.writing() as tx:
        number = tx.execute(_BEGIN, {"name": name}).scalar_one()

    def check(tx: Transaction) -> None:
        if tx.execute(_HOLD, {"name": name}).scalar_one() != number:
            raise lost

    return database.under(check)


_BEGIN = text(
    "INSERT INTO turn (name, number) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET number = turn.number + 1 RETURNING number"
)
_HOLD = text("SELECT number FROM turn WHERE name = :name FOR SHARE")
