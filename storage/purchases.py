"""Purchases as the value models see them: every event of a kind up to an instant, of a set of customers or a stretch.

One row a customer, whose instants and amounts come as two texts of numbers. It must not know what a model makes of
them.
"""

from typing import Any, Final

import numpy as np
from sqlalchemy import text

from rules.conditions.columns import Ints
from rules.lifecycle.purchases import NO_AMOUNT, NO_PURCHASE, Purchases
from storage import sets
from storage.database import Dialect, Transaction
from storage.events import kind_ids
from storage.selected import IDS, at

_AMOUNT: Final = (
    f"CASE WHEN event.currency = :currency THEN coalesce(event.amount, {NO_AMOUNT}) "
    f"WHEN event.amount < 0 THEN {NO_PURCHASE} ELSE {NO_AMOUNT} END"
)
_TEXTS: Final[dict[Dialect, str]] = {
    "sqlite": f"count(*), group_concat(event.occurred_at), group_concat({_AMOUNT})",
    "postgresql": f"count(*), string_agg(event.occurred_at::text, ','), string_agg(({_AMOUNT})::text, ',')",
}


def of_customers(tx: Transaction, ids: Ints, *, kind: str, currency: str, until: int) -> Purchases:
    """Give the events of ``kind`` up to ``until`` of customers by ``ids`` (ascending), which their places point into."""
    number = kind_ids(tx, [kind]).get(kind)
    if number is None or not len(ids):
        return _none()
    sql = (
        f"SELECT given.id, {_TEXTS[tx.dialect]} FROM {sets.table(tx.dialect, IDS)} CROSS JOIN event "  # noqa: S608
        f"WHERE event.customer_id = given.id AND event.kind = :kind AND {at(tx.dialect, '<=', ':until')} "
        "GROUP BY given.id"
    )
    statement = sets.given(tx.dialect, sql, IDS, [(one,) for one in ids.tolist()])
    rows = tx.execute(statement.bindparams(kind=number, currency=currency, until=until)).all()
    return _read(rows, ids)


def of_stretch(tx: Transaction, ids: Ints, *, kind: str, currency: str, until: int) -> Purchases:
    """Give the same, where ``ids`` are all or most of the customers from the first of them to the last."""
    number = kind_ids(tx, [kind]).get(kind)
    if number is None or not len(ids):
        return _none()
    # SQLite seeks a customer's range of the key; PostgreSQL reads the stretch as it lies.
    source = (
        "FROM customer CROSS JOIN event WHERE customer.id >= :low AND customer.id <= :high "
        "AND event.customer_id = customer.id "
        if tx.dialect == "sqlite"
        else "FROM event WHERE event.customer_id >= :low AND event.customer_id <= :high "
    )
    sql = (
        f"SELECT event.customer_id, {_TEXTS[tx.dialect]} {source}"
        "AND event.kind = :kind AND event.occurred_at <= :until GROUP BY event.customer_id"
    )
    binds = {
        "low": int(ids[0]),
        "high": int(ids[-1]),
        "kind": number,
        "currency": currency,
        "until": until,
    }
    return _read(tx.execute(text(sql), binds).all(), ids)


def _read(rows: Any, ids: Ints) -> Purchases:
    if not rows:
        return _none()
    customers, counts, instants, amounts = zip(*rows, strict=True)
    found = np.array(customers, dtype=np.int64)
    # A stretch holds customers too who are not asked for.
    places = np.minimum(np.searchsorted(ids, found), len(ids) - 1)
    asked, many = ids[places] == found, np.array(counts, dtype=np.int64)
    kept = np.repeat(asked, many)
    return Purchases.in_order(
        np.repeat(places, many)[kept].astype(np.int64), _numbers(instants)[kept], _numbers(amounts)[kept]
    )


def _numbers(texts: tuple[str, ...]) -> Ints:
    return np.fromstring(",".join(texts), dtype=np.int64, sep=",")


def _none() -> Purchases:
    nothing = np.zeros(0, dtype=np.int64)
    return Purchases(nothing, nothing, nothing)
