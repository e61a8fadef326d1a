"""What is known of a set of customers at an instant: the queries behind the terms, each set-based and asked once.

A selection of events without a filter is answered by SQL alone: seeks and ranges of the clustered key, one
correlated subquery for each customer, so that no planner can choose to read more. With a filter the rows of the
range are read in chunks and the filter is evaluated over them, as any condition is: no part of a condition is ever
turned into SQL. It must not know what a term makes of a fact.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import TextClause, text

from rules.conditions.columns import Bools, Column, Ints, Mixed, Numbers, Words
from rules.conditions.days import business_days, midnights
from rules.conditions.evaluate import evaluate
from rules.conditions.terms import AMOUNT, CURRENCY, Events, Own, Property, Subject
from rules.conditions.tree import Condition, properties
from rules.instants import Calendar
from rules.money import exponent
from storage import pruned, sets
from storage.data import read_properties, read_value
from storage.database import Transaction
from storage.events import kind_ids

CHUNK: Final = 20_000
"""Rows with properties that are held in memory at once."""

T = TypeVar("T")


class Known(NamedTuple):
    """One whole number for each customer, where it is ``known``."""

    values: Ints
    known: Bools


class Span(NamedTuple):
    """Instants in (``after``, ``until``]; ``after`` None is from the beginning."""

    after: int | None
    until: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Events that a filter let through: whose they are (a place among the ids), when, and the amount where one counts."""

    places: Ints
    instants: Ints
    amounts: Ints
    counted: Bools


class Facts:
    """Answers for the customers ``ids`` (ascending), all of them known at ``now``; each question is put once."""

    def __init__(
        self, tx: Transaction, *, now: int, calendar: Calendar, currency: str, ids: Ints, known_since: Ints
    ) -> None:
        self._tx = tx
        self.now = now
        self.calendar = calendar
        self.currency = currency
        self.decimals = exponent(currency)
        self.ids = ids
        self.known_since = known_since
        self._rows_of_ids = [(customer,) for customer in ids.tolist()]
        self._kinds: dict[str, int | None] = {}
        self._asked: dict[tuple[object, ...], Any] = {}

    def __len__(self) -> int:
        return len(self.ids)

    # Facts of events

    def last(self, events: Events) -> Known:
        """Give the instant of the last of ``events`` up to now."""
        return self._once(("last", events), lambda: self._extreme(events, newest=True))

    def first(self, events: Events) -> Known:
        """Give the instant of the first of ``events``, if it is not after now."""
        return self._once(("first", events), lambda: self._extreme(events, newest=False))

    def happened_since(self, events: Events, edge: int) -> Bools:
        """Tell who had any of ``events`` after ``edge``: by one seek, or with a filter from the window's rows alone."""
        if events.where is not None:
            return self.count(events, Span(edge, self.now)) > 0
        last = self.last(events)
        since: Bools = last.known & (last.values > edge)
        return since

    def count(self, events: Events, span: Span) -> Ints:
        """Count ``events`` in ``span``."""
        if events.where is not None:
            return np.bincount(self._rows(events, span).places, minlength=len(self)).astype(np.int64)
        return self._once(
            ("count", events, span),
            lambda: self._aggregate("count(*)", events, span).values + self._pruned(events, span).events,
        )

    def total(self, events: Events, span: Span) -> Ints:
        """Add the amounts of ``events`` in ``span`` that are in the account's currency, in minor units."""
        if events.where is not None:
            rows, totals = self._rows(events, span), np.zeros(len(self), dtype=np.int64)
            np.add.at(totals, rows.places[rows.counted], rows.amounts[rows.counted])
            return totals
        return self._once(
            ("total", events, span),
            lambda: self._aggregate(_TOTAL, events, span).values + self._pruned(events, span).total,
        )

    def amounts(self, events: Events, span: Span) -> Ints:
        """Count the amounts of ``events`` in ``span`` that are in the account's currency."""
        if events.where is not None:
            rows = self._rows(events, span)
            return np.bincount(rows.places[rows.counted], minlength=len(self)).astype(np.int64)
        return self._once(
            ("amounts", events, span),
            lambda: self._aggregate(_AMOUNTS, events, span).values + self._pruned(events, span).amounts,
        )

    def latest_days(self, events: Events, most: int) -> Ints:
        """Give the last ``most`` business days with ``events``, one row a customer, latest first.

        Days are counted since 1970-01-01; `NO_DAY` fills the row of those with fewer.
        """
        return self._once(("days", events, most), lambda: self._latest_days(events, most))

    def between(self, events: Events, froms: Ints, untils: Ints, wanted: Bools) -> Rows:
        """Give ``events`` in [``froms``, ``untils``], one range for each of the ``wanted`` customers."""
        kind = self._kind(events.kind)
        given = [
            (int(self.ids[place]), int(froms[place]), int(untils[place])) for place in np.flatnonzero(wanted)
        ]
        if kind is None or not given:
            return _no_rows()
        columns: sets.Columns = (("id", "int"), ("since", "int"), ("until", "int"))
        range_ = f"{self._at('>=', 'given.since')} AND {self._at('<=', 'given.until')}"
        statement = sets.given(
            self._tx.dialect, self._rows_sql(columns, events.where, range_), columns, given
        )
        return self._read_rows(statement.bindparams(kind=kind), events.where)

    # Facts of the customer

    def own(self, name: Own) -> Words:
        """Give the customer's own text ``name``: segment, owner, country or language."""
        return self._once(("own", name), lambda: self._own(name))

    def attribute(self, name: str) -> Mixed:
        """Give the attribute ``name``: a text or a number."""
        return self._once(("attribute", name), lambda: self._attribute(name))

    # Queries

    def _once(self, question: tuple[object, ...], ask: Callable[[], T]) -> T:
        if question not in self._asked:
            self._asked[question] = ask()
        answer: T = self._asked[question]
        return answer

    def _kind(self, name: str) -> int | None:
        if name not in self._kinds:
            self._kinds[name] = kind_ids(self._tx, [name]).get(name)
        return self._kinds[name]

    def _extreme(self, events: Events, *, newest: bool) -> Known:
        if events.where is not None:
            rows = self._rows(events, Span(None, self.now))
            found = np.full(len(self), _NEVER if newest else _FAR, dtype=np.int64)
            (np.maximum if newest else np.minimum).at(found, rows.places, rows.instants)
            return Known(found, np.bincount(rows.places, minlength=len(self)) > 0)
        order, span = "DESC" if newest else "ASC", Span(None, self.now)
        stored = self._aggregate("event.occurred_at", events, span, f"ORDER BY occurred_at {order} LIMIT 1")
        left = self._pruned(events, span)
        ends = np.where(stored.known, stored.values, _NEVER if newest else _FAR)
        values = np.maximum(ends, left.last_at) if newest else np.minimum(ends, left.first_at)
        known = stored.known | (left.events > 0)
        return Known(np.where(known, values, 0), known)

    def _pruned(self, events: Events, span: Span) -> pruned.Left:
        """Give what pruning left of ``events`` without a filter, for a lifetime: windows do not reach past the horizon."""
        kind = self._kind(events.kind)
        if span.after is not None or kind is None or self._horizon() is None:
            return pruned.Left.none(len(self))
        return self._once(
            ("pruned", kind), lambda: pruned.left(self._tx, self.ids, kind=kind, currency=self.currency)
        )

    def _horizon(self) -> int | None:
        return self._once(("horizon",), lambda: pruned.horizon(self._tx))

    def _aggregate(self, what: str, events: Events, span: Span, order: str = "") -> Known:
        """Ask for one number of each customer's ``events`` in ``span``, by a subquery that is a range of the key."""
        kind = self._kind(events.kind)
        if kind is None:
            return Known(np.zeros(len(self), dtype=np.int64), np.zeros(len(self), dtype=np.bool_))
        after = "" if span.after is None else f"AND {self._at('>', ':after')}"
        sql = (
            f"SELECT given.id, (SELECT {what} FROM event WHERE event.customer_id = given.id AND event.kind = :kind "  # noqa: S608
            f"AND {self._at('<=', ':until')} {after} {order}) FROM {sets.table(self._tx.dialect, _IDS)}"
        )
        binds = {"kind": kind, "until": span.until}
        if span.after is not None:
            binds["after"] = span.after
        if ":currency" in what:
            return self._placed(sql, {**binds, "currency": self.currency})
        return self._placed(sql, binds)

    def _at(self, sign: str, bound: str) -> str:
        """Bound the instants of a customer's events of a kind.

        On PostgreSQL as a comparison of rows, which only the clustered key can answer: a planner whose statistics
        end before ``now`` takes the index by time for a window, and reads every customer's events for each.
        """
        if self._tx.dialect == "sqlite":
            return f"event.occurred_at {sign} {bound}"
        return f"(event.customer_id, event.kind, event.occurred_at) {sign} (given.id, :kind, {bound})"

    def _placed(self, sql: str, binds: Mapping[str, object]) -> Known:
        found = Known(np.zeros(len(self), dtype=np.int64), np.zeros(len(self), dtype=np.bool_))
        rows = [row for row in self._tx.execute(self._given(sql, binds)).all() if row[1] is not None]
        if rows:
            table = np.array([tuple(row) for row in rows], dtype=np.int64)
            places = np.searchsorted(self.ids, table[:, 0])
            found.values[places] = table[:, 1]
            found.known[places] = True
        return found

    def _given(self, sql: str, binds: Mapping[str, object]) -> TextClause:
        return sets.given(self._tx.dialect, sql, _IDS, self._rows_of_ids).bindparams(**binds)

    # Rows under a filter

    def _rows(self, events: Events, span: Span) -> Rows:
        return self._once(("rows", events, span), lambda: self._filtered(events, span))

    def _filtered(self, events: Events, span: Span) -> Rows:
        kind = self._kind(events.kind)
        if kind is None:
            return _no_rows()
        after = "" if span.after is None else f" AND {self._at('>', ':after')}"
        sql = self._rows_sql(_IDS, events.where, f"{self._at('<=', ':until')}{after}")
        binds = {"kind": kind, "until": span.until} | ({} if span.after is None else {"after": span.after})
        return self._read_rows(self._given(sql, binds), events.where)

    def _rows_sql(self, columns: sets.Columns, where: Condition | None, range_: str) -> str:
        detailed = where is not None and any(
            part.name not in {AMOUNT, CURRENCY} for part in properties(where)
        )
        detail, join = ("event_detail.properties", _DETAIL) if detailed else ("NULL", "")
        # CROSS JOIN: SQLite keeps the order, from the customers to their events.
        return (
            f"SELECT given.id, event.occurred_at, event.amount, event.currency, {detail} "  # noqa: S608
            f"FROM {sets.table(self._tx.dialect, columns)} CROSS JOIN event {join} "
            f"WHERE event.customer_id = given.id AND event.kind = :kind AND {range_}"
        )

    def _read_rows(self, statement: TextClause, where: Condition | None) -> Rows:
        chunks = [_no_rows()]
        for chunk in self._tx.execute(statement.execution_options(stream_results=True)).partitions(CHUNK):
            ids, instants, amounts, currencies, details = zip(*chunk, strict=True)
            counted = np.array(
                [
                    amount is not None and currency == self.currency
                    for amount, currency in zip(amounts, currencies, strict=True)
                ],
                dtype=np.bool_,
            )
            read = Rows(
                places=np.searchsorted(self.ids, np.array(ids, dtype=np.int64)).astype(np.int64),
                instants=np.array(instants, dtype=np.int64),
                amounts=np.array([amount or 0 for amount in amounts], dtype=np.int64),
                counted=counted,
            )
            kept = np.ones(len(ids), dtype=np.bool_)
            if where is not None:
                kept = evaluate(where, self._columns(where, read, currencies, details))
            chunks.append(
                Rows(read.places[kept], read.instants[kept], read.amounts[kept], read.counted[kept])
            )
        return Rows(*(np.concatenate(parts) for parts in zip(*map(_parts, chunks), strict=True)))

    def _columns(
        self, where: Condition, read: Rows, currencies: Sequence[str | None], details: Sequence[str | None]
    ) -> dict[Subject, Column]:
        asked = properties(where)
        names = frozenset(one.name for one in asked) - {AMOUNT, CURRENCY}
        found = [read_properties(detail, names) for detail in details] if names else []
        columns: dict[Subject, Column] = {
            one: Mixed.of(event.get(one.name) for event in found) for one in asked if one.name in names
        }
        columns[Property(AMOUNT)] = Numbers(read.amounts, 10**self.decimals, read.counted)
        columns[Property(CURRENCY)] = Words.of(currencies)
        return columns

    # Days

    def _latest_days(self, events: Events, most: int) -> Ints:
        days = np.full((len(self), most), NO_DAY, dtype=np.int64)
        if events.where is not None:
            rows = self._rows(events, Span(None, self.now))
            pairs = np.unique(np.stack([rows.places, -business_days(rows.instants, self.calendar)]), axis=1)
            starts = np.searchsorted(pairs[0], pairs[0])
            nth = np.arange(pairs.shape[1]) - starts
            taken = nth < most
            days[pairs[0][taken], nth[taken]] = -pairs[1][taken]
            return days
        found = self.last(events)
        places, instants = np.flatnonzero(found.known), found.values[found.known]
        for nth in range(most):
            if not len(places):
                break
            days[places, nth] = business_days(instants, self.calendar)
            places, instants = self._last_before(events, places, midnights(days[places, nth], self.calendar))
        return days

    def _last_before(self, events: Events, places: Ints, bounds: Ints) -> tuple[Ints, Ints]:
        """Seek each customer's last event before a bound: a step of one day, however many events the day has."""
        columns: sets.Columns = (("id", "int"), ("bound", "int"))
        sql = (
            "SELECT given.id, (SELECT event.occurred_at FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {self._at('<', 'given.bound')} ORDER BY occurred_at DESC LIMIT 1) "
            f"FROM {sets.table(self._tx.dialect, columns)}"
        )
        given = list(zip(self.ids[places].tolist(), bounds.tolist(), strict=True))
        statement = sets.given(self._tx.dialect, sql, columns, given).bindparams(kind=self._kind(events.kind))
        rows = sorted((row[0], row[1]) for row in self._tx.execute(statement) if row[1] is not None)
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return np.searchsorted(self.ids, table[:, 0]).astype(np.int64), table[:, 1]

    # The customer's own

    def _own(self, name: Own) -> Words:
        sql = (
            f"SELECT customer.id, customer.{name.value} FROM {sets.table(self._tx.dialect, _IDS)} "  # noqa: S608
            "CROSS JOIN customer WHERE customer.id = given.id"
        )
        return Words.of(self._texts(sql, {}))

    def _attribute(self, name: str) -> Mixed:
        sql = (
            f"SELECT attribute.customer_id, attribute.value FROM {sets.table(self._tx.dialect, _IDS)} "  # noqa: S608
            "CROSS JOIN attribute WHERE attribute.customer_id = given.id AND attribute.name = :name"
        )
        return Mixed.of(
            None if value is None else read_value(value) for value in self._texts(sql, {"name": name})
        )

    def _texts(self, sql: str, binds: Mapping[str, object]) -> Iterable[str | None]:
        found = {row[0]: row[1] for row in self._tx.execute(self._given(sql, binds))}
        return (found.get(customer) for customer in self.ids.tolist())


NO_DAY: Final = np.iinfo(np.int64).min
_NEVER: Final = np.iinfo(np.int64).min
_FAR: Final = np.iinfo(np.int64).max
_IDS: Final[sets.Columns] = (("id", "int"),)
_COUNTED: Final = "CASE WHEN event.currency = :currency THEN event.amount END"
_TOTAL: Final = f"CAST(sum({_COUNTED}) AS BIGINT)"
_AMOUNTS: Final = f"count({_COUNTED})"
_DETAIL: Final = (
    "LEFT JOIN event_detail ON event_detail.customer_id = event.customer_id AND event_detail.kind = event.kind "
    "AND event_detail.occurred_at = event.occurred_at AND event_detail.key = event.key"
)


def known_customers(
    tx: Transaction, *, now: int, customers: Sequence[int] | Ints | None
) -> tuple[Ints, Ints]:
    """Give the ids, ascending, of those of ``customers`` (all, if None) who are known at ``now``, and since when."""
    if customers is None:
        statement = text("SELECT id, known_since FROM customer WHERE known_since <= :now")
    else:
        sql = (
            f"SELECT customer.id, customer.known_since FROM {sets.table(tx.dialect, _IDS)} CROSS JOIN customer "  # noqa: S608
            "WHERE customer.id = given.id AND customer.known_since <= :now"
        )
        wanted = np.unique(np.asarray(customers, dtype=np.int64)).tolist()
        statement = sets.given(tx.dialect, sql, _IDS, [(customer,) for customer in wanted])
    rows = sorted(tuple(row) for row in tx.execute(statement.bindparams(now=now)))
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def _no_rows() -> Rows:
    nothing = np.zeros(0, dtype=np.int64)
    return Rows(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))


def _parts(rows: Rows) -> Iterator[Any]:
    return iter((rows.places, rows.instants, rows.amounts, rows.counted))
