"""The health of customers as the nightly job found it, and what that job went by.

Owns the tables ``health``, a row for each customer of whom any was ever known, and ``health_run``, a row for each
time that the job was begun. Only the job writes them. It must not know what a score is made of.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, Boolean, Column, Integer, Text, bindparam, func, select, text
from sqlmodel import Field, SQLModel, col

from rules.conditions.columns import Bools, Ints
from rules.lifecycle.health import DIMENSIONS, UNKNOWN, WEIGHTS, Dimension, Health, Scored
from storage.database import Transaction
from storage.selected import IDS, numbers
from storage.sets import Columns, given, table


class HealthRow(SQLModel, table=True):
    """What was found of a customer, as of ``worked_at``; nothing of a score or a dimension that is unknown."""

    __tablename__ = "health"

    customer_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    score: int | None = Field(default=None, sa_column=Column(Integer))
    engagement: int | None = Field(default=None, sa_column=Column(Integer))
    revenue: int | None = Field(default=None, sa_column=Column(Integer))
    lifetime_value: int | None = Field(default=None, sa_column=Column(Integer))
    relationship: int | None = Field(default=None, sa_column=Column(Integer))
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The instant as of which this score was found first."""
    worked_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The instant as of which anything of the row was found otherwise last."""
    score_before: int | None = Field(default=None, sa_column=Column(Integer))
    moved: str | None = Field(default=None, sa_column=Column(Text))
    """The dimension that moved the score most from the one before, or that none did: the weights."""
    moved_by: int | None = Field(default=None, sa_column=Column(Integer))


class HealthRunRow(SQLModel, table=True):
    """The job, begun as of an instant: what health was made of then, and what came of it once it was through."""

    __tablename__ = "health_run"

    at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    health: str = Field(sa_column=Column(Text, nullable=False))
    """JSON, as `Health.as_json` gives it."""
    through: bool = Field(sa_column=Column(Boolean, nullable=False))
    customers: int | None = Field(default=None, sa_column=Column(Integer))
    scored: int | None = Field(default=None, sa_column=Column(Integer))
    changed: int | None = Field(default=None, sa_column=Column(Integer))


@dataclass(frozen=True, slots=True)
class Kept:
    """The row of one customer; None is unknown, or that there was no score before."""

    score: int | None
    dimensions: dict[Dimension, int | None]
    since: int
    worked_at: int
    score_before: int | None
    moved: str | None
    moved_by: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """One time that the job went through everybody: ``changed`` rows were written of ``scored`` customers."""

    at: int
    health: Health
    customers: int = 0
    scored: int = 0
    changed: int = 0


def begin(tx: Transaction, at: int, health: Health) -> None:
    """Note that the job is begun as of ``at``: from now on rows may be known since then."""
    tx.execute(_BEGIN, {"at": at, "health": json.dumps(health.as_json()), "through": False})


def end(tx: Transaction, run: Run) -> None:
    """Note that the job went through everybody."""
    found = {"customers": run.customers, "scored": run.scored, "changed": run.changed}
    tx.execute(_END, {"at": run.at, "through": True, **found})


def last_run(tx: Transaction) -> Run | None:
    """Give the latest run that went through everybody."""
    return _run(tx.execute(_LAST, {"through": True}).first())


def run_as_of(tx: Transaction, at: int) -> Run | None:
    """Give the run as of that instant, whether it went through or was cut short."""
    return _run(tx.execute(_AS_OF, {"at": at}).first())


def scores_of(tx: Transaction, ids: Ints, *, whole: bool) -> tuple[Ints, Ints, Bools]:
    """Give for each of ``ids`` (ascending) the score, since when, and whether there is one.

    ``whole``: they are all customers of a stretch of numbers, which is read at once.
    """
    values, since = np.zeros((2, len(ids)), dtype=np.int64)
    known = np.zeros(len(ids), dtype=np.bool_)
    rows = _rows_of(tx, ("score", "since"), ids, whole=whole, where="AND health.score IS NOT NULL")
    places = np.searchsorted(ids, rows[:, 0])
    values[places], since[places], known[places] = rows[:, 1], rows[:, 2], True
    return values, since, known


def stored(tx: Transaction, ids: Ints) -> tuple[Scored, Bools]:
    """Give what is stored of ``ids`` (ascending), all customers of a stretch of numbers, and of whom anything is."""
    wanted = [f"coalesce({name}, {UNKNOWN})" for name in ("score", *DIMENSIONS)]
    rows = _rows_of(tx, wanted, ids, whole=True)
    found = np.full((len(ids), len(wanted)), UNKNOWN, dtype=np.int64)
    there = np.zeros(len(ids), dtype=np.bool_)
    places = np.searchsorted(ids, rows[:, 0])
    found[places], there[places] = rows[:, 1:], True
    return Scored(found[:, 0].copy(), found[:, 1:].copy()), there


def write(
    tx: Transaction, ids: Ints, found: Scored, *, at: int, before: Ints, moved: Ints, moved_by: Ints
) -> None:
    """Write what was found of ``ids`` as of ``at``; where the score is another than ``before``, what moved it is kept.

    ``moved`` are places among `DIMENSIONS`; -1 is none of them. The score of whoever had none was `UNKNOWN`.
    """
    if not len(ids):
        return
    names = (*DIMENSIONS, WEIGHTS)
    from_one_to_another = (found.score != before) & (found.score != UNKNOWN) & (before != UNKNOWN)
    told = zip(from_one_to_another.tolist(), moved.tolist(), moved_by.tolist(), strict=True)
    columns = (
        ids.tolist(),
        *(_or_none(points) for points in (found.score, *found.dimensions.T, before)),
        *zip(*((str(names[place]), by) if there else (None, None) for there, place, by in told), strict=True),
    )
    rows = list(zip(*columns, strict=True))
    # What it is bound as must be said: in the list of a SELECT it would be taken for something smaller.
    tx.execute(
        given(tx.dialect, _WRITE[tx.dialect], _COLUMNS, rows).bindparams(bindparam("at", at, BigInteger()))
    )


def of(tx: Transaction, customer_id: int) -> Kept | None:
    """Give what is stored of a customer."""
    row = tx.execute(_ONE, {"id": customer_id}).first()
    if row is None:
        return None
    score, since, worked_at, before, moved, by, *points = row
    return Kept(score, dict(zip(DIMENSIONS, points, strict=True)), since, worked_at, before, moved, by)


def scored_in(tx: Transaction, *, after: int, until: int, most: int) -> Ints:
    """Give ``most`` of the customers whose score is known since an instant in (``after``, ``until``].

    Nothing is read where the job was not begun as of one of these instants: it runs once a day.
    """
    binds = {"after": after, "until": until, "most": most}
    if tx.execute(_RAN_IN, binds).first() is None:
        return np.zeros(0, dtype=np.int64)
    return np.fromiter(tx.execute(_SINCE_IN, binds).scalars(), dtype=np.int64)


def spread(tx: Transaction) -> list[tuple[int, int]]:
    """Count the customers of each score that anybody has, the lowest first."""
    score = col(HealthRow.score)
    rows = tx.execute(select(score, func.count()).where(score.is_not(None)).group_by(score).order_by(score))
    return [(row[0], row[1]) for row in rows]


def _rows_of(tx: Transaction, wanted: Sequence[str], ids: Ints, *, whole: bool, where: str = "") -> Ints:
    """Give (customer, what is wanted…) of those of ``ids`` who have a row."""
    wide, columns = len(wanted) + 1, ", ".join(wanted)
    if not len(ids):
        return np.zeros((0, wide), dtype=np.int64)
    if whole:
        sql = f"SELECT customer_id, {columns} FROM health WHERE customer_id BETWEEN :low AND :high {where}"  # noqa: S608
        statement = text(sql).bindparams(low=int(ids[0]), high=int(ids[-1]))
    else:
        sql = (
            f"SELECT health.customer_id, {columns} FROM {table(tx.dialect, IDS)} CROSS JOIN health "  # noqa: S608
            f"WHERE health.customer_id = given.id {where}"
        )
        statement = given(tx.dialect, sql, IDS, [(one,) for one in ids.tolist()])
    rows = numbers(tx.execute(statement).all(), wide)
    # In a stretch there may be customers who are not asked for: those who are not known yet.
    places = np.minimum(np.searchsorted(ids, rows[:, 0]), len(ids) - 1)
    ours: Ints = rows[ids[places] == rows[:, 0]]
    return ours


def _or_none(points: Ints) -> list[int | None]:
    return [None if one == UNKNOWN else one for one in points.tolist()]


def _run(row: Sequence[Any] | None) -> Run | None:
    if row is None:
        return None
    at, health, *counts = row
    return Run(at, Health.of_json(json.loads(health)), *(count or 0 for count in counts))


_COLUMNS: Final[Columns] = (
    ("customer_id", "int"),
    ("score", "int"),
    *((dimension.value, "int") for dimension in DIMENSIONS),
    ("score_before", "int"),
    ("moved", "text"),
    ("moved_by", "int"),
)
_POINTS: Final = ", ".join(DIMENSIONS)
_NEW: Final = ", ".join(f"{name} = excluded.{name}" for name in ("score", *DIMENSIONS, "worked_at"))
_OTHER: Final = f"coalesce(health.score, {UNKNOWN}) <> coalesce(excluded.score, {UNKNOWN})"
# What moved a score is told until the next one moves it; ``since`` is the run's instant where the score is another.
_MOVES: Final = ", ".join(
    f"{name} = CASE WHEN {_OTHER} THEN excluded.{name} ELSE health.{name} END"
    for name in ("since", "score_before", "moved", "moved_by")
)
_WRITE: Final = {
    dialect: (
        f"INSERT INTO health (customer_id, score, {_POINTS}, since, worked_at, score_before, moved, moved_by) "  # noqa: S608
        f"SELECT customer_id, score, {_POINTS}, :at, :at, score_before, moved, moved_by "
        f"FROM {table(dialect, _COLUMNS)} WHERE true "
        f"ON CONFLICT (customer_id) DO UPDATE SET {_MOVES}, {_NEW}"
    )
    for dialect in ("sqlite", "postgresql")
}
_BEGIN: Final = text(
    "INSERT INTO health_run (at, health, through) VALUES (:at, :health, :through) "
    "ON CONFLICT (at) DO UPDATE SET health = excluded.health, through = excluded.through"
)
_END: Final = text(
    "UPDATE health_run SET through = :through, customers = :customers, scored = :scored, changed = :changed "
    "WHERE at = :at"
)
_RUNS: Final = "SELECT at, health, customers, scored, changed FROM health_run"
_LAST: Final = text(f"{_RUNS} WHERE through = :through ORDER BY at DESC LIMIT 1")
_AS_OF: Final = text(f"{_RUNS} WHERE at = :at")
_ONE: Final = text(
    f"SELECT score, since, worked_at, score_before, moved, moved_by, {_POINTS} FROM health "  # noqa: S608
    "WHERE customer_id = :id"
)
_RAN_IN: Final = text("SELECT at FROM health_run WHERE at > :after AND at <= :until LIMIT 1")
_SINCE_IN: Final = text("SELECT customer_id FROM health WHERE since > :after AND since <= :until LIMIT :most")
