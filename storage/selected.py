"""Events of a set of customers, read as rows in arrays, with a filter evaluated over them.

Where a condition filters events, the rows of the range are read in chunks and the filter is evaluated over columns, as
any condition is: no part of a condition is ever turned into SQL. It must not know what a term makes of an event.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import TextClause

from rules.conditions.columns import Bools, Column, Datum, Ints, Mixed, Numbers, Words
from rules.conditions.evaluate import evaluate
from rules.conditions.terms import AMOUNT, CURRENCY, Events, Property, Subject
from rules.conditions.tree import Condition, properties
from rules.money import exponent
from storage import sets
from storage.data import read_properties
from storage.database import Dialect, Transaction
from storage.events import kind_ids

CHUNK: Final = 20_000
"""Rows with properties that are held in memory at once."""
NOTHING: Final = np.iinfo(np.int64).min
"""Stands for SQL's NULL where numbers are read into an array."""
NULL: Final = "-9223372036854775807 - 1"
"""`NOTHING` in SQL, which has no such number in one piece."""
IDS: Final[sets.Columns] = (("id", "int"),)
COUNTED: Final = "CASE WHEN event.currency = :currency THEN event.amount END"
"""The amount of an event where it is in the account's currency."""
_DETAIL: Final = (
    "LEFT JOIN event_detail ON event_detail.customer_id = event.customer_id AND event_detail.kind = event.kind "
    "AND event_detail.occurred_at = event.occurred_at AND event_detail.key = event.key"
)


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


def at(dialect: Dialect, sign: str, bound: str) -> str:
    """Bound the instants of a customer's events of a kind, in SQL over ``given.id`` and ``:kind``.

    On PostgreSQL as a comparison of rows, which only the clustered key can answer: a planner whose statistics
    end before ``now`` takes the index by time for a window, and reads every customer's events for each.
    """
    if dialect == "sqlite":
        return f"event.occurred_at {sign} {bound}"
    return f"(event.customer_id, event.kind, event.occurred_at) {sign} (given.id, :kind, {bound})"


class Reader:
    """Reads events of the customers ``ids`` (ascending)."""

    def __init__(self, tx: Transaction, *, ids: Ints, currency: str) -> None:
        self.tx = tx
        self.ids = ids
        self.currency = currency
        self.decimals = exponent(currency)
        self._everybody = [(customer,) for customer in ids.tolist()]
        self._kinds: dict[str, int | None] = {}

    def know(self, names: Collection[str]) -> None:
        """Find out the ids of several kinds at once."""
        if unknown := set(names) - self._kinds.keys():
            self._kinds |= dict.fromkeys(unknown) | kind_ids(self.tx, sorted(unknown))

    def kind(self, name: str) -> int | None:
        """Give the id of a kind; None for one that no event ever had."""
        if name not in self._kinds:
            self._kinds[name] = kind_ids(self.tx, [name]).get(name)
        return self._kinds[name]

    def given(self, sql: str, binds: Mapping[str, object], without: Bools | None = None) -> TextClause:
        """Bind the customers, but for those ``without``, to the table ``given`` of ``sql``."""
        rows = self._everybody
        if without is not None and without.any():
            rows = [(customer,) for customer in self.ids[~without].tolist()]
        return sets.given(self.tx.dialect, sql, IDS, rows).bindparams(**binds)

    def during(self, events: Events, span: Span, *, without: Bools | None, read: Ints) -> Rows:
        """Give ``events`` in ``span`` of all customers but those ``without``; ``read`` counts, for each, what was read."""
        kind = self.kind(events.kind)
        if kind is None:
            return no_rows()
        dialect = self.tx.dialect
        after = "" if span.after is None else f" AND {at(dialect, '>', ':after')}"
        sql = self._sql(IDS, events.where, f"{at(dialect, '<=', ':until')}{after}")
        binds = {"kind": kind, "until": span.until} | ({} if span.after is None else {"after": span.after})
        return self._read(self.given(sql, binds, without), events.where, read)

    def between(
        self, events: Events, froms: Ints, untils: Ints, wanted: Bools, *, read: Ints | None = None
    ) -> Rows:
        """Give ``events`` in [``froms``, ``untils``], one range for each of the ``wanted`` customers; ``read`` as above."""
        kind = self.kind(events.kind)
        given = [
            (int(self.ids[place]), int(froms[place]), int(untils[place])) for place in np.flatnonzero(wanted)
        ]
        if kind is None or not given:
            return no_rows()
        columns: sets.Columns = (("id", "int"), ("since", "int"), ("until", "int"))
        dialect = self.tx.dialect
        range_ = f"{at(dialect, '>=', 'given.since')} AND {at(dialect, '<=', 'given.until')}"
        statement = sets.given(dialect, self._sql(columns, events.where, range_), columns, given)
        return self._read(statement.bindparams(kind=kind), events.where, read)

    def _sql(self, columns: sets.Columns, where: Condition | None, range_: str) -> str:
        more, join = "", ""
        for name in _asked_of(where):
            if name == CURRENCY:
                more += ", event.currency"
            else:
                more, join = f"{more}, event_detail.properties", _DETAIL
        # CROSS JOIN: SQLite keeps the order, from the customers to their events.
        return (
            f"SELECT given.id, event.occurred_at, coalesce({COUNTED}, {NULL}){more} "  # noqa: S608
            f"FROM {sets.table(self.tx.dialect, columns)} CROSS JOIN event {join} "
            f"WHERE event.customer_id = given.id AND event.kind = :kind AND {range_}"
        )

    def _read(self, statement: TextClause, where: Condition | None, read: Ints | None) -> Rows:
        chunks = [no_rows()]
        asked = _asked_of(where)
        bound = statement.bindparams(currency=self.currency).execution_options(stream_results=True)
        for chunk in self.tx.execute(bound).partitions(CHUNK):
            ids, instants, amounts, *more = zip(*chunk, strict=True)
            counted = np.fromiter(amounts, dtype=np.int64, count=len(amounts))
            places = np.searchsorted(self.ids, np.fromiter(ids, dtype=np.int64, count=len(ids)))
            rows = Rows(
                places=places.astype(np.int64),
                instants=np.fromiter(instants, dtype=np.int64, count=len(instants)),
                amounts=np.where(counted == NOTHING, 0, counted),
                counted=counted != NOTHING,
            )
            if read is not None:
                read += np.bincount(rows.places, minlength=len(read))
            if where is not None:
                kept = evaluate(where, self._columns(where, rows, dict(zip(asked, more, strict=True))))
                rows = Rows(rows.places[kept], rows.instants[kept], rows.amounts[kept], rows.counted[kept])
            chunks.append(rows)
        return Rows(*(np.concatenate(parts) for parts in zip(*map(_parts, chunks), strict=True)))

    def _columns(
        self, where: Condition, rows: Rows, more: Mapping[str, Sequence[str | None]]
    ) -> dict[Subject, Column]:
        columns: dict[Subject, Column] = {}
        for one in properties(where):
            if one.name == AMOUNT:
                columns[one] = Numbers(rows.amounts, 10**self.decimals, rows.counted)
            elif one.name == CURRENCY:
                columns[one] = Words.of(more[CURRENCY])
        wanted = [one for one in properties(where) if one not in columns]
        if wanted:
            columns |= _from_details(wanted, more[_PROPERTIES])
        return columns


def _from_details(wanted: Sequence[Property], details: Sequence[str | None]) -> dict[Subject, Column]:
    """Give columns of properties; many events carry the same to the letter, and that is read once."""
    names = frozenset(one.name for one in wanted)
    distinct = {detail: read_properties(detail, names) for detail in set(details)}
    found: list[dict[str, Datum]] = [distinct[detail] for detail in details]
    return {one: Mixed.of(event.get(one.name) for event in found) for one in wanted}


_PROPERTIES: Final = "properties"


def _asked_of(where: Condition | None) -> tuple[str, ...]:
    """Give what beside instant and amount a filter looks at, in the order in which it is selected."""
    names = {one.name for one in properties(where)} - {AMOUNT} if where is not None else set()
    currency = (CURRENCY,) if CURRENCY in names else ()
    return (*currency, _PROPERTIES) if names - {CURRENCY} else currency


def no_rows() -> Rows:
    """Give no events."""
    nothing = np.zeros(0, dtype=np.int64)
    return Rows(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))


def numbers(rows: Sequence[Any], columns: int) -> Ints:
    """Put rows of so many whole numbers each into an array of that shape."""
    flat = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(rows) * columns)
    return flat.reshape(-1, columns)


def _parts(rows: Rows) -> Iterator[Any]:
    return iter((rows.places, rows.instants, rows.amounts, rows.counted))
