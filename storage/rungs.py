"""Rungs: what all of a customer's events of a selection came to up to an instant, and the highest one below another.

A rung spares a reading of the events below it. Two tables hold rungs, each for a purpose of its own (`running`,
`carried`), which is theirs to name. It must not know which rungs are to be believed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.conditions.print import to_text
from rules.conditions.terms import Events
from rules.instants import EARLIEST
from storage.database import Transaction
from storage.sets import Columns, given, table

Ints = NDArray[np.int64]

BOTTOM: Final = EARLIEST - 1
"""Stands for the instant of a rung below all events."""


class Rung(NamedTuple):
    """All events of a selection up to and including ``at``; ``total`` in minor units of the currency.

    The columns of both tables, in their order.
    """

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

    ``first`` and ``last`` are instants where ``events`` is above 0 and the rung's ladder keeps them.
    """

    at: Ints
    events: Ints
    amounts: Ints
    total: Ints
    first: Ints
    last: Ints

    @classmethod
    def bottom(cls, customers: int) -> "Values":
        """Give the value of nobody's rung."""
        values = np.zeros((6, customers), dtype=np.int64)
        values[0] = BOTTOM
        return cls(*values)


def highest(
    tx: Transaction, name: str, ids: Ints, untils: Sequence[tuple[int, int]], *, kind: int, selection: int
) -> Values:
    """Give the highest rung of the table ``name`` for each of ``ids``, ascending.

    ``untils`` has a row (customer id, instant) for each who may have one: the rung stands no later than that.
    """
    sql = (
        "SELECT rung.customer_id, rung.at, rung.events, rung.amounts, rung.total, "  # noqa: S608
        f"rung.first_at, rung.last_at FROM {table(tx.dialect, _ASKED)} CROSS JOIN {name} AS rung "
        "WHERE rung.customer_id = given.id AND rung.kind = :kind AND rung.selection = :selection "
        f"AND rung.at = (SELECT max(other.at) FROM {name} AS other WHERE other.customer_id = given.id "
        "AND other.kind = :kind AND other.selection = :selection AND other.at <= given.until)"
    )
    statement = given(tx.dialect, sql, _ASKED, untils).bindparams(kind=kind, selection=selection)
    found = Values.bottom(len(ids))
    for customer, at, events, amounts, total, first, last in tx.execute(statement):
        place = int(np.searchsorted(ids, customer))
        found.at[place], found.events[place], found.amounts[place] = at, events, amounts
        found.total[place], found.first[place], found.last[place] = total, first or 0, last or 0
    return found


def selection_of(events: Events, currency: str, horizon: int | None) -> int:
    """Give the 8 bytes, as a signed whole number, that stand for a filter, the account's currency and the horizon."""
    said = f"{currency}\0{horizon}\0{'' if events.where is None else to_text(events.where)}"
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), "big", signed=True)


_ASKED: Final[Columns] = (("id", "int"), ("until", "int"))
