"""The life cycle's history: for every customer the stretches of business days of each label, and what is late for it.

Owns the tables ``stretch``, ``late`` and ``judged``. A stretch is a run of days at whose ends the same label held. Days
are whole numbers since 1970-01-01, in the business zone. Intake notes whose events came after their day was judged. It
must not know what a label means, nor how a day is judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Text, text
from sqlmodel import Field, SQLModel

from rules.conditions.columns import Ints
from rules.conditions.terms import Family
from rules.lifecycle.stretches import Stretch
from storage import customers
from storage.database import Transaction
from storage.selected import numbers
from storage.sets import Columns, given, table

_ONLY: Final = 1
_IDS: Final[Columns] = (("id", "int"),)
_STRETCH: Final[Columns] = (
    ("customer_id", "int"),
    ("family", "text"),
    ("from_day", "int"),
    ("to_day", "int"),
    ("label", "text"),
    ("came_from", "text"),
    ("version", "int"),
)
_KEY: Final = _STRETCH[:3]
_LATE: Final[Columns] = (("customer_id", "int"), ("generation", "int"), ("since", "int"))


class StretchRow(SQLModel, table=True):
    """A customer's label of a family from one day through another; the rows of a customer and a family have no gap."""

    __tablename__ = "stretch"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "family", "from_day"),
        Index("stretch_by_day", "family", "from_day", "came_from", "label"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    family: str = Field(sa_column=Column(Text, nullable=False))
    from_day: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    to_day: int | None = Field(default=None, sa_column=Column(Integer))
    """The last day; None: still so on the last day that was judged."""
    label: str | None = Field(default=None, sa_column=Column(Text))
    """None: no definition held of somebody who was known."""
    came_from: str | None = Field(default=None, sa_column=Column(Text))
    """The label of the day before; None: none, or not known yet; empty: known, but that day was not judged."""
    version: int = Field(sa_column=Column(Integer, nullable=False))
    """Of the life cycle, in force on the first day."""


class Late(SQLModel, table=True):
    """From when on a customer's days have to be judged anew: an event of theirs came after its day was judged.

    A run takes the rows of the generations before its own; intake writes those of the latest. So no row is ever
    changed that a run has read.
    """

    __table_args__ = (PrimaryKeyConstraint("customer_id", "generation"), {"sqlite_with_rowid": False})

    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    generation: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))


class Judged(SQLModel, table=True):
    """How far the days are judged: one row."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    until: int = Field(sa_column=Column(BigInteger, nullable=False))
    """What happened before this instant, and comes in now, is late."""
    generation: int = Field(sa_column=Column(Integer, nullable=False))
    through: int | None = Field(default=None, sa_column=Column(Integer))
    """The last day that is judged for everybody; None: none is."""


class Mark(NamedTuple):
    """A run of judging: it takes what is late of generations before ``generation``; ``through`` was judged before it."""

    generation: int
    through: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """So many ``customers`` went from one label to another on ``day``; None is no label, or not known yet."""

    day: int
    before: str | None
    after: str | None
    customers: int


# What intake notes


def note_late(tx: Transaction, touched: Iterable[tuple[int, int]]) -> None:
    """Note the (customer id, instant) of what was taken in, where the instant lies in a day that was judged."""
    found = tx.execute(_UNTIL).one_or_none()
    if found is None:
        return
    until, generation = found
    since: dict[int, int] = {}
    for customer, at in touched:
        if at < until:
            since[customer] = min(at, since.get(customer, at))
    if not since:
        return
    sql = (
        "INSERT INTO late (customer_id, generation, since) SELECT customer_id, generation, since "  # noqa: S608
        f"FROM {table(tx.dialect, _LATE)} WHERE true ON CONFLICT (customer_id, generation) "
        "DO UPDATE SET since = excluded.since WHERE late.since > excluded.since"
    )
    # In one order, so that two intakes never wait for each other in a circle.
    rows = [(customer, generation, at) for customer, at in sorted(since.items())]
    tx.execute(given(tx.dialect, sql, _LATE, rows))


# What a run of judging reads and writes


def begin(tx: Transaction, until: int) -> Mark:
    """Begin to judge the days that end by ``until``: from now on intake notes what happened before.

    Intakes under way end before, so what they stored is seen by every snapshot taken after ``tx``.
    """
    customers.hold_off(tx, alone=True)
    tx.execute(_BEGIN, {"id": _ONLY, "until": until})
    row = tx.execute(_JUDGED).one()
    return Mark(row[0], row[1])


def finish(tx: Transaction, mark: Mark, through: int) -> None:
    """Note that all days up to ``through`` are judged, with what was late when the run of ``mark`` began."""
    tx.execute(text("UPDATE judged SET through = :through WHERE id = :id"), {"id": _ONLY, "through": through})
    tx.execute(text("DELETE FROM late WHERE generation < :generation"), {"generation": mark.generation})


def through(tx: Transaction) -> int | None:
    """Give the last day that is judged for everybody."""
    row = tx.execute(_JUDGED).one_or_none()
    return None if row is None else row[1]


def late(tx: Transaction, mark: Mark, *, after: int, limit: int) -> tuple[Ints, Ints]:
    """Give up to ``limit`` customers beyond the number ``after``, ascending, and from when on each is late."""
    rows = tx.execute(_LATE_OF, {"generation": mark.generation, "after": after, "limit": limit}).all()
    table = numbers(rows, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def taken(tx: Transaction, mark: Mark, ids: Ints) -> None:
    """Forget that these customers were late: they were judged anew."""
    sql = (
        "DELETE FROM late WHERE generation < :generation AND customer_id IN "  # noqa: S608
        f"(SELECT id FROM {table(tx.dialect, _IDS)})"
    )
    statement = given(tx.dialect, sql, _IDS, [(one,) for one in ids.tolist()])
    tx.execute(statement.bindparams(generation=mark.generation))


def of_customers(
    tx: Transaction, ids: Ints, *, family: Family | None = None, ending_from: int | None = None
) -> list[Stretch]:
    """Give the stretches of these customers, each customer's and family's in order, days without a label as well.

    Of one ``family`` or all; only those that end on the day ``ending_from`` or later, where it is said.
    """
    bound: dict[str, object] = {} if family is None else {"family": family.value}
    if ending_from is not None:
        bound["ending"] = ending_from
    ends = "" if ending_from is None else "AND (stretch.to_day IS NULL OR stretch.to_day >= :ending)"
    of_family = "" if family is None else "AND stretch.family = :family"
    # CROSS JOIN: SQLite keeps the order, from the customers to their stretches.
    sql = (
        f"SELECT {_COLUMNS} FROM {table(tx.dialect, _IDS)} CROSS JOIN stretch "  # noqa: S608
        f"WHERE stretch.customer_id = given.id {of_family} {ends} "
        "ORDER BY stretch.customer_id, stretch.family, stretch.from_day"
    )
    statement = given(tx.dialect, sql, _IDS, [(one,) for one in ids.tolist()])
    return [Stretch(*row) for row in tx.execute(statement.bindparams(**bound)).all()]


def write(tx: Transaction, gone: Sequence[Stretch], kept: Sequence[Stretch]) -> None:
    """Take the stretches ``gone`` away, and put ``kept`` in, or in the place of those that begin on their day."""
    if gone:
        sql = (
            "DELETE FROM stretch WHERE (customer_id, family, from_day) IN "  # noqa: S608
            f"(SELECT customer_id, family, from_day FROM {table(tx.dialect, _KEY)})"
        )
        tx.execute(given(tx.dialect, sql, _KEY, [one[:3] for one in gone]))
    if kept:
        sql = (
            f"INSERT INTO stretch ({_NAMES}) SELECT {_NAMES} FROM {table(tx.dialect, _STRETCH)} WHERE true "  # noqa: S608
            "ON CONFLICT (customer_id, family, from_day) DO UPDATE SET to_day = excluded.to_day, "
            "label = excluded.label, came_from = excluded.came_from, version = excluded.version"
        )
        tx.execute(given(tx.dialect, sql, _STRETCH, kept))


# What is asked


def of_customer(tx: Transaction, customer_id: int, family: Family | None = None) -> list[Stretch]:
    """Give a customer's stretches, of one family or all, in order; days without a label lack."""
    found = of_customers(tx, np.array([customer_id], dtype=np.int64), family=family)
    return [one for one in found if one.label is not None]


def current(tx: Transaction, customer_id: int, family: Family) -> Stretch | None:
    """Give the stretch that the last judged day is in; None without a label, or where no day was judged."""
    row = tx.execute(_CURRENT, {"customer": customer_id, "family": family.value}).one_or_none()
    return Stretch(*row) if row is not None and row[4] is not None else None


def since(tx: Transaction, customer_id: int, family: Family) -> int | None:
    """Give the first day of the stretch that the last judged day is in, in days since 1970-01-01; None as `current`."""
    found = current(tx, customer_id, family)
    return None if found is None else found.from_day


def moves(tx: Transaction, family: Family, *, first: int, last: int) -> list[Move]:
    """Count who went from which label to which, by day, from ``first`` to ``last``, both in; read from an index alone.

    That somebody was there already on the first day that was judged is no move.
    """
    rows = tx.execute(_MOVES, {"family": family.value, "first": first, "last": last})
    return [Move(*row) for row in rows]


_COLUMNS: Final = ", ".join(f"stretch.{name}" for name, _ in _STRETCH)
_NAMES: Final = ", ".join(name for name, _ in _STRETCH)
_UNTIL: Final = text(f"SELECT until, generation FROM judged WHERE id = {_ONLY}")  # noqa: S608  (a number of ours)
_JUDGED: Final = text(f"SELECT generation, through FROM judged WHERE id = {_ONLY}")  # noqa: S608
_BEGIN: Final = text(
    "INSERT INTO judged (id, until, generation) VALUES (:id, :until, 1) ON CONFLICT (id) DO UPDATE SET "
    "generation = judged.generation + 1, "
    "until = CASE WHEN excluded.until > judged.until THEN excluded.until ELSE judged.until END"
)
_LATE_OF: Final = text(
    "SELECT customer_id, min(since) FROM late WHERE customer_id > :after AND generation < :generation "
    "GROUP BY customer_id ORDER BY customer_id LIMIT :limit"
)
_CURRENT: Final = text(
    f"SELECT {_NAMES} FROM stretch WHERE customer_id = :customer AND family = :family "  # noqa: S608
    "ORDER BY from_day DESC LIMIT 1"
)
_MOVES: Final = text(
    "SELECT from_day, came_from, label, count(*) FROM stretch WHERE family = :family "
    "AND from_day >= :first AND from_day <= :last AND (came_from IS NULL OR came_from <> '') "
    "AND (came_from IS NOT NULL OR label IS NOT NULL) GROUP BY from_day, came_from, label"
)
