"""What is carried forward: what a customer's whole life of a selection came to up to an instant not long ago.

Owns the table ``carried``. Whoever asks for a lifetime reads the few events since that instant and adds; a life costs
the same however long it is. Rungs are put up by the sweeps that read a life anyway, never by intake, the latest two
of each. One above an event that came late is not believed, and a sweep takes it away. It must not know when a rung is
worth its room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, bindparam, delete, insert, or_, text
from sqlmodel import Field, SQLModel, col

from rules.instants import EARLIEST
from storage import pruned
from storage.database import Transaction
from storage.rungs import Ints, Rung, Values, highest
from storage.sets import Columns, given, table

MOST_UNDONE: Final = 5_000
"""Of so many customers and kinds rungs are taken away one by one; where more are wrong, all go."""

Pair = tuple[int, int]
"""Customer id and kind id."""


class Carried(SQLModel, table=True):
    """One rung: all stored events of a selection up to and including ``at``; ``total`` in minor units of the currency.

    ``first_at`` and ``last_at`` are kept with a filter alone: without one they are a seek each.
    """

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "selection", "at"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    selection: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    """8 bytes of hash, as those of ``running``."""
    at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    events: int = Field(sa_column=Column(BigInteger, nullable=False))
    amounts: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
    first_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_at: int | None = Field(default=None, sa_column=Column(BigInteger))


@dataclass(frozen=True, slots=True)
class Forward:
    """What is carried forward in one snapshot, and from when on it is not believed, for those to whom something came late.

    ``undone`` gives the earliest instant at which something came in since the last sweep, at or below a rung.
    """

    stands: bool
    """Whether there is any rung to be believed."""
    undone: Mapping[Pair, int]
    horizon: int | None
    all_undone: bool = False
    """Something came in below the rungs of very many."""

    def among(self, tx: Transaction, ids: Ints) -> NDArray[np.bool_]:
        """Tell of whom anything is carried forward; a seek each."""
        found = np.zeros(len(ids), dtype=np.bool_)
        if self.stands and len(ids):
            # LIMIT: PostgreSQL would make a join of EXISTS, and read the table whole.
            sql = (
                f"SELECT given.id FROM {table(tx.dialect, _IDS)} WHERE "  # noqa: S608
                "(SELECT 1 FROM carried WHERE carried.customer_id = given.id LIMIT 1) = 1"
            )
            some = tx.execute(given(tx.dialect, sql, _IDS, [(one,) for one in ids.tolist()])).scalars()
            found[np.searchsorted(ids, np.fromiter(some, dtype=np.int64))] = True
        return found

    def below(
        self, tx: Transaction, ids: Ints, among: NDArray[np.bool_], *, kind: int, selection: int, until: int
    ) -> Values:
        """Give the highest rung up to ``until`` that is to be believed, of those of ``ids`` (ascending) who are ``among``."""
        untils = [
            (customer, min(until, self.undone.get((customer, kind), until + 1) - 1))
            for customer in ids[among].tolist()
        ]
        return highest(tx, "carried", ids, untils, kind=kind, selection=selection)


@dataclass(slots=True)
class New:
    """A rung to be put up, and the instant of the highest one below it: what stands lower still is taken away."""

    rung: Rung
    above: int


def forward(tx: Transaction) -> Forward:
    """Give what is carried forward; costs a seek for each customer and kind touched, and nothing where there are none."""
    horizon = pruned.horizon(tx)
    if tx.execute(_ANY).first() is None:
        return Forward(False, {}, horizon)
    undone: dict[Pair, int] = {}
    rows = tx.execute(_UNDONE.bindparams(earliest=EARLIEST, most=MOST_UNDONE + 1)).all()
    for customer, kind, since in rows:
        undone[customer, kind] = min(since, undone.get((customer, kind), since))
    if len(rows) > MOST_UNDONE:
        return Forward(False, {}, horizon, all_undone=True)
    return Forward(True, undone, horizon)


def undo(tx: Transaction, pairs: Iterable[tuple[Pair, int]]) -> None:
    """Take away the rungs of customers and kinds from an instant on."""
    bound = [{"b_customer": customer, "b_kind": kind, "b_since": since} for (customer, kind), since in pairs]
    if bound:
        tx.execute(_UNDO, bound)


def put_up(tx: Transaction, new: Sequence[New]) -> None:
    """Put up rungs, and take away those that stand below the highest two of each.

    One that stands at the very place gives way: should ever one be left over, sweeps go on all the same.
    """
    if not new:
        return
    tx.execute(
        _LOWER,
        [
            {
                "b_customer": one.rung.customer_id,
                "b_kind": one.rung.kind,
                "b_selection": one.rung.selection,
                "b_above": one.above,
                "b_at": one.rung.at,
            }
            for one in new
        ],
    )
    tx.execute(insert(Carried), [one.rung._asdict() for one in new])


def forget_all(tx: Transaction) -> None:
    """Take all rungs away, as when events that they count are taken away."""
    tx.execute(delete(Carried))


_IDS: Final[Columns] = (("id", "int"),)
_ANY: Final = text("SELECT 1 FROM carried LIMIT 1")
# A subquery with an aggregate: PostgreSQL would make a join of any other, and read the table whole.
_UNDONE: Final = text(
    "SELECT customer_id, kind, coalesce(since, :earliest) FROM dirty WHERE coalesce(since, :earliest) <= "
    "(SELECT max(carried.at) FROM carried WHERE carried.customer_id = dirty.customer_id "
    "AND carried.kind = dirty.kind) LIMIT :most"
)
_UNDO: Final = delete(Carried).where(
    col(Carried.customer_id) == bindparam("b_customer"),
    col(Carried.kind) == bindparam("b_kind"),
    col(Carried.at) >= bindparam("b_since"),
)
_LOWER: Final = delete(Carried).where(
    col(Carried.customer_id) == bindparam("b_customer"),
    col(Carried.kind) == bindparam("b_kind"),
    col(Carried.selection) == bindparam("b_selection"),
    or_(col(Carried.at) < bindparam("b_above"), col(Carried.at) == bindparam("b_at")),
)
