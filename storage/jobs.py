"""What is done now and then, and when it was done last.

Owns the table ``job``: whether something is due stands in the database, not in the process that ticks.
"""

from sqlalchemy import BigInteger, Column, Text, select, text
from sqlmodel import Field, SQLModel, col

from storage.database import Transaction


class Job(SQLModel, table=True):
    """A job by name, and the instant of the business's now at which it was done last."""

    name: str = Field(sa_column=Column(Text, primary_key=True))
    done_at: int = Field(sa_column=Column(BigInteger, nullable=False))


def last_done(tx: Transaction, name: str) -> int | None:
    """Give when the job was done last; None where it never was."""
    return tx.execute(select(col(Job.done_at)).where(col(Job.name) == name)).scalar_one_or_none()


def done(tx: Transaction, name: str, *, now: int) -> None:
    """Note that the job was done at ``now``."""
    tx.execute(_DONE, {"name": name, "now": now})


_DONE = text(
    "INSERT INTO job (name, done_at) VALUES (:name, :now) "
    "ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at"
)
