"""The past of a block of customers, read once: what stood at an instant, and every event since, in order.

Events without a filter come in bulk, as the driver gives them fastest, and are numbers before Python sees them; what
stood before is asked of `facts`, as a sweep would. It must not know what a term makes of it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import text

from rules.conditions.columns import Ints, Mixed, Words
from rules.conditions.terms import MOST_GAPS, Events, Own, Rating
from rules.instants import Calendar
from rules.lifecycle.fit import Fit
from rules.lifecycle.purchases import Purchases
from rules.preview.grid import Stream
from storage import fits, purchases
from storage.database import Transaction
from storage.events import kind_ids
from storage.facts import Facts, Known
from storage.selected import Span

_NO_AMOUNT: Final = -(2**62)
"""Stands for what is no amount in the account's currency; no amount is as large."""
_SPARSEST: Final = 4
"""Numbers to a customer that is asked for, in a range that is still read in bulk."""
_BINARY_HEADER: Final = 19
_BINARY_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        *(
            field
            for name in ("customer", "instant", "amount")
            for field in ((f"size of {name}", ">i4"), (name, ">i8"))
        ),
    ]
)


class History:
    """The past of the customers ``ids`` (ascending): what stood at ``first``, and what happened until ``last``.

    ``reach`` gives for events that are asked for one by one after which instant.
    """

    def __init__(
        self,
        tx: Transaction,
        *,
        first: int,
        last: int,
        reach: Mapping[Events, int],
        calendar: Calendar,
        currency: str,
        ids: Ints,
        known_since: Ints,
    ) -> None:
        self._tx = tx
        self._first, self._last = first, last
        self._reach = reach
        self.currency = currency
        self._ids = ids
        self.known_since = known_since
        self._then, self._in_the_end = (
            Facts(tx, now=now, calendar=calendar, currency=currency, ids=ids, known_since=known_since)
            for now in (first, last)
        )
        self._read: dict[Events, Stream] = {}

    @property
    def decimals(self) -> int:
        """Decimals of the account's currency."""
        return self._then.decimals

    def know(self, kinds: Collection[str]) -> None:
        """Find out at once which kinds of event there are, of those that will be asked for."""
        self._then.know(kinds)
        self._in_the_end.know(kinds)

    def happened(self, events: Events) -> Stream:
        """Give the events that ``reach`` names, up to ``last``."""
        if events not in self._read:
            after = self._reach[events]
            # In bulk a range of customers is read: not for the sake of a few in it.
            bulk = events.where is None and _is_dense(self._ids)
            self._read[events] = (
                self._in_bulk(events.kind, after) if bulk else self._one_by_one(events, after)
            )
        return self._read[events]

    def count(self, events: Events) -> Ints:
        """Count the events up to ``first``."""
        return self._then.count(events, Span(None, self._first))

    def total(self, events: Events) -> Ints:
        """Add their amounts up to ``first``."""
        return self._then.total(events, Span(None, self._first))

    def amounts(self, events: Events) -> Ints:
        """Count their amounts up to ``first``."""
        return self._then.amounts(events, Span(None, self._first))

    def last(self, events: Events) -> Known:
        """Give the last of them up to ``first``."""
        return self._then.last(events)

    def first(self, events: Events) -> Known:
        """Give the first of them up to ``last``."""
        return self._in_the_end.first(events)

    def latest_days(self, events: Events) -> Ints:
        """Give the latest business days with such events up to ``first``, as `Facts.latest_days` does."""
        return self._then.latest_days(events, MOST_GAPS + 1)

    def fits(self) -> Sequence[Fit]:
        """Give the fits of the value models that are in force some time from ``first`` to ``last``, in their order."""
        return fits.during(self._tx, self._first, self._last)

    def purchases(self, kind: str) -> Purchases:
        """Give all events of ``kind`` up to ``last``, as the value models see them."""
        return purchases.of_stretch(self._tx, self._ids, kind=kind, currency=self.currency, until=self._last)

    def rating(self, name: Rating) -> tuple[Known, Ints]:
        """Give the number that is stored of each customer, and since when: what it was before is not kept."""
        return self._in_the_end.rating(name)

    def own(self, name: Own) -> Words:
        """Give the customer's own text as it is today: what it was before is not kept."""
        return self._in_the_end.own(name)

    def attribute(self, name: str) -> Mixed:
        """Give the customer's attribute as it is today: what it was before is not kept."""
        return self._in_the_end.attribute(name)

    def _one_by_one(self, events: Events, after: int) -> Stream:
        many = len(self._ids)
        rows = self._in_the_end.between(
            events,
            np.full(many, after + 1, dtype=np.int64),
            np.full(many, self._last, dtype=np.int64),
            np.ones(many, dtype=np.bool_),
        )
        order = np.lexsort((rows.instants, rows.places))
        return Stream(
            rows.places[order],
            rows.instants[order],
            np.where(rows.counted, rows.amounts, 0)[order],
            rows.counted[order],
        )

    def _in_bulk(self, kind_name: str, after: int) -> Stream:
        kind = kind_ids(self._tx, [kind_name]).get(kind_name)
        if kind is None or not len(self._ids):
            nothing = np.zeros(0, dtype=np.int64)
            return Stream(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))
        bounds = {
            "low": int(self._ids[0]),
            "high": int(self._ids[-1]),
            "kind": kind,
            "after": after,
            "until": self._last,
        }
        read = _from_sqlite if self._tx.dialect == "sqlite" else _from_postgresql
        customers, instants, amounts = read(self._tx, bounds, self.currency)
        # A range of customers was read; perhaps not all of them are asked for.
        places = np.minimum(np.searchsorted(self._ids, customers), len(self._ids) - 1)
        asked = self._ids[places] == customers
        if not asked.all():
            places, instants, amounts = places[asked], instants[asked], amounts[asked]
        # They come in order; were that ever otherwise, nothing after this would notice.
        same = places[1:] == places[:-1]
        if np.any((places[1:] < places[:-1]) | (same & (instants[1:] < instants[:-1]))):
            order = np.lexsort((instants, places))
            places, instants, amounts = places[order], instants[order], amounts[order]
        counted = amounts != _NO_AMOUNT
        return Stream(places, instants, np.where(counted, amounts, 0), counted)


def _is_dense(ids: Ints) -> bool:
    return len(ids) == 0 or int(ids[-1] - ids[0]) < _SPARSEST * len(ids)


def _from_sqlite(tx: Transaction, bounds: Mapping[str, int], currency: str) -> tuple[Ints, Ints, Ints]:
    """Read a customer's events as two texts of numbers: one row a customer, and the clustered key gives their order."""
    sql = (
        "SELECT customer.id, count(*), group_concat(event.occurred_at), group_concat(CASE WHEN "  # noqa: S608
        f"event.currency = :currency THEN coalesce(event.amount, {_NO_AMOUNT}) ELSE {_NO_AMOUNT} END) "
        "FROM customer CROSS JOIN event WHERE customer.id BETWEEN :low AND :high "
        "AND customer.known_since <= :until AND event.customer_id = customer.id AND event.kind = :kind "
        "AND event.occurred_at > :after AND event.occurred_at <= :until GROUP BY customer.id ORDER BY customer.id"
    )
    rows = tx.execute(text(sql), {**bounds, "currency": currency}).all()
    if not rows:
        return (np.zeros(0, dtype=np.int64),) * 3
    ids, counts, instants, amounts = zip(*rows, strict=True)
    return (
        np.repeat(np.array(ids, dtype=np.int64), np.array(counts, dtype=np.int64)),
        _numbers(instants),
        _numbers(amounts),
    )


def _numbers(texts: tuple[str, ...]) -> Ints:
    return np.fromstring(",".join(texts), dtype=np.int64, sep=",")


def _from_postgresql(tx: Transaction, bounds: Mapping[str, int], currency: str) -> tuple[Ints, Ints, Ints]:
    """Read events as COPY gives them in binary: rows of one size, that are numbers as they stand.

    The comparisons of rows, and OFFSET 0, leave the planner the clustered key alone, customer by customer.
    """
    driver: Any = tx.connection.connection.driver_connection
    sql = (
        "COPY (SELECT customer.id::bigint, one.occurred_at, one.amount FROM customer CROSS JOIN LATERAL ("  # noqa: S608
        "SELECT event.occurred_at, CASE WHEN event.currency = %(currency)s "
        f"THEN coalesce(event.amount, {_NO_AMOUNT}) ELSE {_NO_AMOUNT} END AS amount FROM event "
        "WHERE event.customer_id = customer.id AND event.kind = %(kind)s "
        "AND (event.customer_id, event.kind, event.occurred_at) > (customer.id, %(kind)s, %(after)s) "
        "AND (event.customer_id, event.kind, event.occurred_at) <= (customer.id, %(kind)s, %(until)s) OFFSET 0"
        ") AS one WHERE customer.id BETWEEN %(low)s AND %(high)s AND customer.known_since <= %(until)s"
        ") TO STDOUT (FORMAT BINARY)"
    )
    with driver.cursor() as cursor, cursor.copy(sql, {**bounds, "currency": currency}) as copy:
        read = b"".join(bytes(piece) for piece in copy)
    # Two bytes of -1 end it.
    rows = np.frombuffer(read[_BINARY_HEADER:-2], dtype=_BINARY_ROW)
    customers, instants, amounts = (rows[name].astype(np.int64) for name in ("customer", "instant", "amount"))
    return customers, instants, amounts
