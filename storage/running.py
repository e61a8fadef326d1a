"""Running values of heavy accounts: what a customer's events of a selection came to, up to instants along the way.

Owns the table ``running``. Its rows, the rungs of a ladder, stand some hundred events apart. What a window holds is
the value at its end less the value at its beginning, each taken from the nearest rung below and the few events since:
it costs the same however many events lie in the window. A rung above an event that came late is not believed, and a
sweep takes it away. It must not know what a term makes of a value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, delete, insert, text
from sqlmodel import Field, SQLModel, col

from storage import dirty, pruned
from storage.database import Transaction
from storage.rungs import Ints, Rung, Values, highest
from storage.sets import Columns, given, table

STRIDE: Final = 256
"""Events from one rung to the next."""
HEAVY: Final = 4_096
"""From so many events in one answer on, an account gets a ladder."""


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
        untils = [
            (customer, min(until, self.touched.get((customer, kind), until + 1) - 1))
            for customer in ids.tolist()
        ]
        return highest(tx, "running", ids, untils, kind=kind, selection=selection)

    def standing(self, tx: Transaction, ids: Ints, kind: int, selection: int) -> NDArray[np.bool_]:
        """Tell which of ``ids`` have a ladder of this selection."""
        chosen = [customer for customer in ids.tolist() if customer in self.customers]
        standing = np.zeros(len(ids), dtype=np.bool_)
        if chosen:
            sql = (
                f"SELECT given.id FROM {table(tx.dialect, _IDS)} WHERE EXISTS (SELECT 1 FROM running "  # noqa: S608
                "WHERE running.customer_id = given.id AND running.kind = :kind AND running.selection = :selection)"
            )
            statement = given(tx.dialect, sql, _IDS, [(customer,) for customer in chosen])
            found = tx.execute(statement.bindparams(kind=kind, selection=selection)).scalars()
            standing[np.searchsorted(ids, np.fromiter(found, dtype=np.int64))] = True
        return standing


def ladders(tx: Transaction) -> Ladders:
    """Give the ladders that stand; costs a seek for each heavy account, and nothing where there are none."""
    customers = list(tx.execute(_CUSTOMERS).scalars())
    touched = dirty.since(tx, customers) if customers else {}
    return Ladders(frozenset(customers), touched, pruned.horizon(tx))


def undo(tx: Transaction, stood: Ladders) -> None:
    """Take away the rungs that were not believed."""
    for (customer, kind), since in sorted(stood.touched.items()):
        tx.execute(
            delete(Running).where(
                col(Running.customer_id) == customer, col(Running.kind) == kind, col(Running.at) >= since
            )
        )


def put_up(tx: Transaction, rungs: Iterable[Rung]) -> None:
    """Put up rungs."""
    rows = [rung._asdict() for rung in sorted(set(rungs))]
    if rows:
        tx.execute(insert(Running), rows)


def forget_all(tx: Transaction) -> None:
    """Take all ladders down, as when events that they count are taken away."""
    tx.execute(delete(Running))


_IDS: Final[Columns] = (("id", "int"),)
_CUSTOMERS: Final = text(
    "WITH RECURSIVE step (id) AS (SELECT min(customer_id) FROM running UNION ALL "
    "SELECT (SELECT min(customer_id) FROM running WHERE customer_id > step.id) FROM step WHERE step.id IS NOT NULL) "
    "SELECT id FROM step WHERE id IS NOT NULL"
)
