"""What is done now and then, when it was done last, and what is done once and never again.

Owns the tables ``job`` and ``tick``: whether something is due, and whether it was done, stands in the database and not
in the process that ticks, so that of several processes one does it, and none that was killed leaves it undone.

A caller that must do something once puts `once` first in the transaction that does it::

    with database.writing() as tx:
        if jobs.once(tx, job="digest:C123", slot="2026-11-27", now=now):
            ...  # the digest's row in the outbox, in this very transaction
"""

from typing import Final

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, select, text
from sqlmodel import Field, SQLModel, col

from rules.instants import DAY
from storage.database import Transaction

KEPT: Final = 400 * DAY
"""How long it is remembered that a slot was done: longer than anybody sets a clock back."""


class Job(SQLModel, table=True):
    """A job by name, and the instant at which it was done last, by the clock that the job goes by."""

    name: str = Field(sa_column=Column(Text, primary_key=True))
    done_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class Tick(SQLModel, table=True):
    """A slot of a job that was done: the day of a digest, the number of a reminder."""

    __table_args__ = (PrimaryKeyConstraint("job", "slot"), {"sqlite_with_rowid": False})

    job: str = Field(sa_column=Column(Text, nullable=False))
    slot: str = Field(sa_column=Column(Text, nullable=False))
    done_at: int = Field(sa_column=Column(BigInteger, nullable=False))


def last_done(tx: Transaction, name: str) -> int | None:
    """Give when the job was done last; None where it never was."""
    return tx.execute(select(col(Job.done_at)).where(col(Job.name) == name)).scalar_one_or_none()


def done(tx: Transaction, name: str, *, now: int) -> None:
    """Note that the job was done at ``now``."""
    tx.execute(_DONE, {"name": name, "now": now})


def turn(tx: Transaction, name: str, *, now: int, every: int) -> bool:
    """Take a job's turn; False where somebody, this process or another, took it less than ``every`` before ``now``.

    Both in milliseconds of one clock. A tick may come a little early, by a tenth. A turn that lies ahead of ``now`` was
    taken by a clock that has been set back since, and holds nobody up. Whoever took it and was killed has left it
    undone: the next turn makes up for it, so this is for work that may as well be repeated; else see `once`.
    """
    early = now - every + every // 10
    return tx.execute(_TURN, {"name": name, "now": now, "early": early}).rowcount == 1


def once(tx: Transaction, *, job: str, slot: str, now: int) -> bool:
    """Claim a slot of a job for this transaction; False where it was done before, ever.

    The claim stands and falls with the transaction: do in it all that the slot stands for. Another process that asks
    for the same slot meanwhile waits until this one has committed (it gets False) or is undone, killed or cut off (it
    gets True). ``slot`` is a name that is the same whenever the same is asked for, such as a business date.
    """
    return tx.execute(_ONCE, {"job": job, "slot": slot, "now": now}).rowcount == 1


def prune(tx: Transaction, *, before: int) -> None:
    """Forget the slots that were done before an instant."""
    tx.execute(text("DELETE FROM tick WHERE done_at < :before"), {"before": before})


_DONE = text(
    "INSERT INTO job (name, done_at) VALUES (:name, :now) "
    "ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at"
)
_TURN = text(
    "INSERT INTO job (name, done_at) VALUES (:name, :now) "
    "ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at "
    "WHERE job.done_at <= :early OR job.done_at > excluded.done_at"
)
_ONCE = text(
    "INSERT INTO tick (job, slot, done_at) VALUES (:job, :slot, :now) ON CONFLICT (job, slot) DO NOTHING"
)
