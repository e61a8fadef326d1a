"""What is left of events that were pruned: the horizon, and of each customer and kind the tallies of what lay before it.

Owns the tables ``horizon`` and ``pruned``. Events before the horizon are moved into tallies, in order of customers,
each exactly once: the row goes in the transaction that counts it. Intake refuses what is older, so that nothing is
counted again. It must not know which rules look how far back; that is for whoever sets the horizon.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    func,
    select,
    text,
)
from sqlmodel import Field, SQLModel, col

from rules.conditions.columns import Ints
from rules.errors import WarmlineError
from rules.instants import iso
from storage.database import Transaction
from storage.sets import Columns, given, table

_LOCK: Final = 0x57415250  # "WARP": the advisory lock of the horizon on PostgreSQL
_ONLY: Final = 1


class Horizon(SQLModel, table=True):
    """The one horizon: events before ``at`` were pruned, or are being pruned."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    through: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    """Whether every event before it is gone."""


class Pruned(SQLModel, table=True):
    """The events of one customer, kind and currency that were pruned; ``currency`` is empty for those without one.

    ``amounts`` is how many bore an amount, ``total`` what these make in whole minor units.
    """

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "currency"),
        Index("pruned_by_first", "kind", "first_at"),
        Index("pruned_by_last", "kind", "last_at"),
        {"sqlite_with_rowid": False},
    )

    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    amounts: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
    first_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    currency: str = Field(sa_column=Column(String(3), nullable=False))


class BeforeHorizonError(WarmlineError):
    """A question as of ``as_of``, before the ``horizon``: what was known then was pruned."""

    code: ClassVar[str] = "before_horizon"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was pruned of one customer, kind and currency; instants in milliseconds, ``total`` in minor units."""

    customer_id: int
    kind: int
    currency: str
    events: int
    amounts: int
    total: int
    first_at: int
    last_at: int


class Left(NamedTuple):
    """What pruning left of one kind: one number for each of the customers asked for, in their order.

    ``total`` and ``amounts`` are those in the currency asked for. Where ``events`` is 0, ``first_at`` is later and
    ``last_at`` earlier than any instant.
    """

    events: Ints
    total: Ints
    amounts: Ints
    first_at: Ints
    last_at: Ints

    @classmethod
    def none(cls, customers: int) -> "Left":
        """Give what is left of nothing."""
        events, total, amounts = np.zeros((3, customers), dtype=np.int64)
        bounds = np.iinfo(np.int64)
        return cls(events, total, amounts, np.full(customers, bounds.max), np.full(customers, bounds.min))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of a customer and a kind that are to be pruned together: ``events`` of them, before ``until``."""

    customer_id: int
    kind: int
    until: int
    events: int


def horizon(tx: Transaction, *, lock: bool = False) -> int | None:
    """Give the horizon; None where nothing was ever pruned. With ``lock`` it stays where it is until the end of ``tx``."""
    if lock and tx.dialect == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock_shared(:n)"), {"n": _LOCK})
    found: int | None = tx.execute(_HORIZON).scalar_one_or_none()
    return found


# Asked several times for one card: made once.
_HORIZON: Final = text("SELECT at FROM horizon WHERE id = :only").bindparams(only=_ONLY)


def refuse_before(tx: Transaction, at: int) -> None:
    """Raise `BeforeHorizonError` where ``at`` lies before the horizon: nothing can be answered as of then."""
    stands = horizon(tx)
    if stands is not None and at < stands:
        raise BeforeHorizonError(as_of=iso(at), horizon=iso(stands))


def move_horizon(tx: Transaction, at: int) -> None:
    """Set the horizon to ``at``, and keep whoever relies on it waiting; it never moves back."""
    hold(tx)
    sql = (
        "INSERT INTO horizon (id, at, through) VALUES (:id, :at, false) "
        "ON CONFLICT (id) DO UPDATE SET at = excluded.at, through = false WHERE horizon.at < excluded.at"
    )
    tx.execute(text(sql), {"id": _ONLY, "at": at})


def is_through(tx: Transaction) -> bool:
    """Tell whether nothing is being pruned, or waits for it to go on."""
    return not tx.execute(select(col(Horizon.id)).where(col(Horizon.through).is_(False))).scalars().all()


def finish(tx: Transaction, at: int) -> None:
    """Note that every event before the horizon ``at`` is gone."""
    tx.execute(text("UPDATE horizon SET through = true WHERE at = :at"), {"at": at})


def hold(tx: Transaction) -> None:
    """Keep others from pruning, and from relying on the horizon, until the end of ``tx``; SQLite has one writer anyway."""
    if tx.dialect == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


# What was pruned


def tallies(tx: Transaction, customer_ids: Iterable[int], kind: int | None = None) -> list[Tally]:
    """Give what was pruned of these customers, of one ``kind`` or of all."""
    columns: Columns = (("id", "int"),)
    of_kind = "" if kind is None else "AND pruned.kind = :kind"
    # CROSS JOIN: SQLite keeps the order, from the customers to their tallies.
    sql = (
        "SELECT pruned.customer_id, pruned.kind, pruned.currency, pruned.events, pruned.amounts, pruned.total, "  # noqa: S608
        f"pruned.first_at, pruned.last_at FROM {table(tx.dialect, columns)} CROSS JOIN pruned "
        f"WHERE pruned.customer_id = given.id {of_kind}"
    )
    statement = given(tx.dialect, sql, columns, [(customer,) for customer in customer_ids])
    return [Tally(*row) for row in tx.execute(statement if kind is None else statement.bindparams(kind=kind))]


def left(tx: Transaction, ids: Ints, *, kind: int, currency: str) -> Left:
    """Give what was pruned of ``kind``, for the customers ``ids`` (ascending) each."""
    found = Left.none(len(ids))
    rows = tallies(tx, ids.tolist(), kind)
    if not rows:
        return found
    places = np.searchsorted(ids, np.array([one.customer_id for one in rows], dtype=np.int64))
    counted = np.array([one.currency == currency for one in rows], dtype=np.bool_)
    for into, name, chosen in (
        (found.events, "events", np.ones(len(rows), dtype=np.bool_)),
        (found.total, "total", counted),
        (found.amounts, "amounts", counted),
    ):
        values = np.array([getattr(one, name) for one in rows], dtype=np.int64)
        np.add.at(into, places[chosen], values[chosen])
    np.minimum.at(found.first_at, places, np.array([one.first_at for one in rows], dtype=np.int64))
    np.maximum.at(found.last_at, places, np.array([one.last_at for one in rows], dtype=np.int64))
    return found


def at_an_end(tx: Transaction, kind: int, *, after: int, until: int) -> Ints:
    """Give the ids, ascending, of those whose first or last pruned event of ``kind`` lies in (``after``, ``until``].

    Days since a first or a last pass a number for them as they do for those whose event is stored: whoever looks for
    these among the events by time has to look here too.
    """
    bound = {"kind": kind, "after": after, "until": until}
    found = [
        row[0]
        for end in ("first_at", "last_at")
        for row in tx.execute(
            text(
                f"SELECT customer_id FROM pruned WHERE kind = :kind AND {end} > :after AND {end} <= :until"  # noqa: S608
            ),
            bound,
        )
    ]
    return np.unique(np.array(found, dtype=np.int64))


def first_at(tx: Transaction, customer_ids: Iterable[int]) -> dict[int, int]:
    """Give the instant of each customer's first event that was pruned; those without one lack."""
    first: dict[int, int] = {}
    for one in tallies(tx, customer_ids):
        first[one.customer_id] = min(one.first_at, first.get(one.customer_id, one.first_at))
    return first


def first_of(tx: Transaction, kinds: Iterable[int]) -> int | None:
    """Give the instant of the first event that was pruned of any of these kinds, whoever's; one seek a kind."""
    found = [
        tx.execute(select(func.min(col(Pruned.first_at))).where(col(Pruned.kind) == kind)).scalar_one()
        for kind in kinds
    ]
    return min((at for at in found if at is not None), default=None)


# Pruning


def before(tx: Transaction, at: int) -> dict[int, int]:
    """Count the events before ``at``, by id of kind; kinds without any lack. Walks over as many entries of an index."""
    sql = (
        "SELECT kind.id, (SELECT count(*) FROM event WHERE event.kind = kind.id AND event.occurred_at < :at) "
        "FROM kind"
    )
    return {row[0]: row[1] for row in sorted(map(tuple, tx.execute(text(sql), {"at": at}))) if row[1]}


def customers_before(tx: Transaction, at: int) -> int:
    """Count the customers with an event before ``at``. Reads every event before it: for a report, not for a tick."""
    sql = "SELECT count(DISTINCT customer_id) FROM event WHERE occurred_at < :at"
    return int(tx.execute(text(sql), {"at": at}).scalar_one())


def stretches(
    tx: Transaction, customer_ids: Sequence[int], kinds: Sequence[int], *, at: int, most: int
) -> list[Stretch]:
    """Give what is to be pruned of these customers and kinds, in the order of the table, some ``most`` events at a time.

    A stretch that ends before ``at`` has more of its customer and kind behind it: ask again once it is gone.
    """
    columns: Columns = (("id", "int"), ("kind", "int"))
    sql = (
        "SELECT given.id, given.kind, (SELECT count(*) FROM (SELECT 1 FROM event WHERE event.customer_id = given.id "  # noqa: S608
        f"AND event.kind = given.kind AND {_BEFORE[tx.dialect]} LIMIT :more) AS few) "
        f"FROM {table(tx.dialect, columns)}"
    )
    pairs = [(customer, kind) for customer in customer_ids for kind in kinds]
    statement = given(tx.dialect, sql, columns, pairs).bindparams(at=at, more=most + 1)
    found = sorted((row[0], row[1], row[2]) for row in tx.execute(statement) if row[2])
    return [
        Stretch(customer, kind, at if events <= most else _cut(tx, customer, kind, most), min(events, most))
        for customer, kind, events in found
    ]


def prune(tx: Transaction, some: Sequence[Stretch]) -> dict[int, int]:
    """Move the events of these stretches into tallies; gives how many there were, by id of kind."""
    hold(tx)
    columns: Columns = (("customer_id", "int"), ("kind", "int"), ("until", "int"))
    sql = (
        "INSERT INTO pruned (customer_id, kind, currency, events, amounts, total, first_at, last_at) "  # noqa: S608
        "SELECT event.customer_id, event.kind, coalesce(event.currency, ''), count(*), count(event.amount), "
        "coalesce(CAST(sum(event.amount) AS BIGINT), 0), min(event.occurred_at), max(event.occurred_at) "
        f"FROM {table(tx.dialect, columns)} CROSS JOIN event WHERE event.customer_id = given.customer_id "
        f"AND event.kind = given.kind AND {_UNTIL[tx.dialect]} "
        "GROUP BY event.customer_id, event.kind, coalesce(event.currency, '') "
        "ON CONFLICT (customer_id, kind, currency) DO UPDATE SET events = pruned.events + excluded.events, "
        "amounts = pruned.amounts + excluded.amounts, total = pruned.total + excluded.total, "
        f"first_at = {_LEAST[tx.dialect]}(pruned.first_at, excluded.first_at), "
        f"last_at = {_MOST[tx.dialect]}(pruned.last_at, excluded.last_at)"
    )
    places = [(one.customer_id, one.kind, one.until) for one in some]
    tx.execute(given(tx.dialect, sql, columns, places))
    gone: dict[int, int] = {}
    for kind in {one.kind for one in some}:
        bound = [
            {"customer": one.customer_id, "kind": kind, "until": one.until}
            for one in some
            if one.kind == kind
        ]
        tx.execute(_FORGET["event_detail"], bound)
        gone[kind] = tx.execute(_FORGET["event"], bound).rowcount
    for kind, events in sorted(gone.items()):
        tx.execute(
            text("UPDATE kind SET events = events - :gone WHERE id = :kind"), {"kind": kind, "gone": events}
        )
    return gone


def _cut(tx: Transaction, customer: int, kind: int, most: int) -> int:
    """Give the instant before which some ``most`` events lie; more, where so many are of one instant."""
    sql = (
        "SELECT occurred_at FROM event WHERE customer_id = :customer AND kind = :kind "
        "ORDER BY occurred_at LIMIT 1 OFFSET :skipped"
    )
    bound = {"customer": customer, "kind": kind}
    first, until = (
        int(tx.execute(text(sql), bound | {"skipped": skipped}).scalar_one()) for skipped in (0, most)
    )
    return until if until > first else first + 1


# On PostgreSQL a comparison of rows, which only the clustered key can answer.
_BEFORE: Final = {
    "sqlite": "event.occurred_at < :at",
    "postgresql": "(event.customer_id, event.kind, event.occurred_at) < (given.id, given.kind, :at)",
}
_UNTIL: Final = {
    "sqlite": "event.occurred_at < given.until",
    "postgresql": (
        "(event.customer_id, event.kind, event.occurred_at) < (given.customer_id, given.kind, given.until)"
    ),
}
_LEAST: Final = {"sqlite": "min", "postgresql": "least"}
_MOST: Final = {"sqlite": "max", "postgresql": "greatest"}
_FORGET: Final = {
    name: text(f"DELETE FROM {name} WHERE customer_id = :customer AND kind = :kind AND occurred_at < :until")  # noqa: S608
    for name in ("event", "event_detail")
}
