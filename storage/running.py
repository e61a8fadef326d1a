"""Running values of heavy accounts: what a customer's events of a selection came to, up to instants along the way.

Owns the table ``running``. Its rows, the rungs of a ladder, stand some hundred events apart. What a window holds is
the value at its end less the value at its beginning, each taken from the nearest rung below and the few events since:
it costs the same however many events lie in the window. A rung above an event that came late is not believed, and a
sweep takes it away. It must not know what a term makes of a value.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, delete, insert, text
from sqlmodel import Field, SQLModel, col

from rules.conditions.print import to_text
from rules.conditions.terms import Events
from rules.instants import EARLIEST
from storage import dirty, pruned
from storage.database import Transaction
from storage.sets import Columns, given, table

STRIDE: Final = 256
"""Events from one rung to the next."""
HEAVY: Final = 4_096
"""From so many events in one answer on, an account gets a ladder."""

Ints = NDArray[np.int64]


class Running(SQLModel, table=True):
    """One rung: all events of a selection up to and including ``at``; ``total`` in minor units of the currency."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "selection", "at"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    selection: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    """8 bytes of hash of the filter, the currency that amounts are added in, and the horizon of pruned events."""
    at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    amounts: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
    first_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_at: int | None = Field(default=None, sa_column=Column(BigInteger))


class Rung(NamedTuple):
    """A row of the table, in the order of its columns."""

    customer_id: int
    kind: int
    selection: int
    at: int
    events: int
    amounts: int
    total: int
    first_at: int | None
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Values:
    """One value for each customer asked for: of all events up to ``at``, which is `BOTTOM` where no rung is below.

    ``first`` and ``last`` are instants where ``events`` is above 0.
    """

    at: Ints
    events: Ints
    amounts: Ints
    total: Ints
    first: Ints
    last: Ints


BOTTOM: Final = EARLIEST - 1
"""Stands for the instant of a rung below all events."""


@dataclass(frozen=True, slots=True)
class Ladders:
    """The ladders that may be climbed in one snapshot: whose they are, and from when on theirs are not believed.

    ``touched`` gives the earliest instant by (customer id, kind id) at which something came in since the last sweep.
    """

    customers: frozenset[int]
    touched: Mapping[tuple[int, int], int]
    horizon: int | None
    """Before it nothing is counted: a rung of before an event was pruned is another ladder's."""

    def below(self, tx: Transaction, ids: Ints, kind: int, selection: int, until: int) -> Values:
        """Give the highest rung up to ``until`` of each of ``ids``, ascending."""
        rows = [
            (customer, min(until, self.touched.get((customer, kind), until + 1) - 1))
            for customer in ids.tolist()
        ]
        sql = (
            "SELECT running.customer_id, running.at, running.events, running.amounts, running.total, "  # noqa: S608
            f"running.first_at, running.last_at FROM {table(tx.dialect, _ASKED)} CROSS JOIN running "
            "WHERE running.customer_id = given.id AND running.kind = :kind AND running.selection = :selection "
            "AND running.at = (SELECT max(rung.at) FROM running AS rung WHERE rung.customer_id = given.id "
            "AND rung.kind = :kind AND rung.selection = :selection AND rung.at <= given.until)"
        )
        statement = given(tx.dialect, sql, _ASKED, rows).bindparams(kind=kind, selection=selection)
        values = np.zeros((len(ids), 6), dtype=np.int64)
        values[:, 0] = BOTTOM
        for customer, at, events, amounts, total, first, last in tx.execute(statement):
            place = int(np.searchsorted(ids, customer))
            values[place] = (at, events, amounts, total, first or 0, last or 0)
        return Values(*values.T.copy())

    def standing(self, tx: Transaction, ids: Ints, kind: int, selection: int) -> NDArray[np.bool_]:
        """Tell which of ``ids`` have a ladder of this selection."""
        chosen = [customer for customer in ids.tolist() if customer in self.customers]
        standing = np.zeros(len(ids), dtype=np.bool_)
        if chosen:
            sql = (
                f"SELECT given.id FROM {table(tx.dialect, _ASKED[:1])} WHERE EXISTS (SELECT 1 FROM running "  # noqa: S608
                "WHERE running.customer_id = given.id AND running.kind = :kind AND running.selection = :selection)"
            )
            statement = given(tx.dialect, sql, _ASKED[:1], [(customer,) for customer in chosen])
            found = tx.execute(statement.bindparams(kind=kind, selection=selection)).scalars()
            standing[np.searchsorted(ids, np.fromiter(found, dtype=np.int64))] = True
        return standing


def ladders(tx: Transaction) -> Ladders:
    """Give the ladders that stand; costs a seek for each heavy account, and nothing where there are none."""
    customers = list(tx.execute(_CUSTOMERS).scalars())
    touched = dirty.since(tx, customers) if customers else {}
    return Ladders(frozenset(customers), touched, pruned.horizon(tx))


def selection_of(events: Events, currency: str, horizon: int | None) -> int:
    """Give the 8 bytes, as a signed whole number, that stand for a filter, the account's currency and the horizon."""
    said = f"{currency}\0{horizon}\0{'' if events.where is None else to_text(events.where)}"
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big", signed=True)


def move(tx: Transaction, believed: Ladders, rungs: Iterable[Rung]) -> None:
    """Take away the rungs that were not believed, and put up new ones."""
    for (customer, kind), since in sorted(believed.touched.items()):
        tx.execute(
            delete(Running).where(
                col(Running.customer_id) == customer, col(Running.kind) == kind, col(Running.at) >= since
            )
        )
    rows = [rung._asdict() for rung in sorted(set(rungs))]
    if rows:
        tx.execute(insert(Running), rows)


def forget_all(tx: Transaction) -> None:
    """Take all ladders down, as when events that they count are taken away."""
    tx.execute(delete(Running))


_ASKED: Final[Columns] = (("id", "int"), ("until", "int"))
_CUSTOMERS: Final = text(
    "WITH RECURSIVE step (id) AS (SELECT min(customer_id) FROM running UNION ALL "
    "SELECT (SELECT min(customer_id) FROM running WHERE customer_id > step.id) FROM step WHERE step.id IS NOT NULL) "
    "SELECT id FROM step WHERE id IS NOT NULL"
)
