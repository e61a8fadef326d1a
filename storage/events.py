"""Events as they are stored: append-only, in the order in which they are asked for.

Owns the tables ``kind``, ``event`` and ``event_detail``.
It must not know what a rule makes of an event.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import compress
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    TextClause,
    func,
    select,
    text,
)
from sqlmodel import Field, SQLModel, col

from storage import pruned
from storage.counters import take
from storage.database import Transaction
from storage.sets import Columns, any_of, given, insert_new, table


class Kind(SQLModel, table=True):
    """A kind of event under its product name, such as ``purchase``."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    events: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """How many events of this kind are stored, kept by intake: counting ten million is slow."""


class Event(SQLModel, table=True):
    """Something that happened to a customer at an instant.

    ``key`` is 8 bytes of hash, as a signed whole number: of (source, external id) or, without an id, of the content.
    ``amount`` is in whole minor units of ``currency``.
    """

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "occurred_at", "key"),
        Index("event_by_time", "kind", "occurred_at"),
        {"sqlite_with_rowid": False},
    )

    # The wide columns stand first: PostgreSQL pads a narrow one that stands before a wide one.
    occurred_at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    amount: int | None = Field(default=None, sa_column=Column(BigInteger))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    currency: str | None = Field(default=None, sa_column=Column(String(3)))


class EventDetail(SQLModel, table=True):
    """What an event carries beside time and amount, for those that carry anything; ``properties`` is a JSON object."""

    __tablename__ = "event_detail"
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "kind", "occurred_at", "key"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    kind: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    occurred_at: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    key: int = Field(sa_column=Column(BigInteger, nullable=False, autoincrement=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    external_id: str | None = Field(default=None, sa_column=Column(Text))
    properties: str | None = Field(default=None, sa_column=Column(Text))


class Stored(NamedTuple):
    """One row to be stored; the first four are its place in the table."""

    customer_id: int
    kind: int
    occurred_at: int
    key: int
    amount: int | None
    currency: str | None
    source: str
    external_id: str | None
    properties: str | None

    @property
    def body(self) -> "Body":
        """What may not differ where the same event comes again."""
        return (self.amount, self.currency, self.properties)


Whereabouts = tuple[int, int, int, int]
"""The primary key of an event: (customer id, kind id, occurred_at, key)."""
Body = tuple[int | None, str | None, str | None]
"""(amount, currency, properties)"""

_PLACE: Final[Columns] = (("customer_id", "int"), ("kind", "int"), ("occurred_at", "int"), ("key", "int"))
_EVENT: Final[Columns] = (*_PLACE, ("amount", "int"), ("currency", "text"))
_DETAIL: Final[Columns] = (*_PLACE, ("source", "text"), ("external_id", "text"), ("properties", "text"))


def add(tx: Transaction, rows: Sequence[Stored]) -> set[Whereabouts]:
    """Store those of ``rows`` whose place is free, and give their places. No place may be given twice."""
    if not rows:
        return set()
    # In the order of the table: pages are written once, and two processes never wait for each other in a circle.
    # No two places are equal, so nothing beyond them is compared.
    ordered = sorted(rows)
    fresh = insert_new(tx, "event", _EVENT, [row[:6] for row in ordered], key=4)
    new = ordered if all(fresh) else list(compress(ordered, fresh))
    details = [
        (*row[:4], row.source, row.external_id, row.properties)
        for row in new
        if row.external_id is not None or row.properties is not None
    ]
    insert_new(tx, "event_detail", _DETAIL, details, key=4)
    inserted: set[Whereabouts] = {row[:4] for row in new}
    _count(tx, inserted)
    return inserted


def bodies(tx: Transaction, places: Sequence[Whereabouts]) -> dict[Whereabouts, Body]:
    """Give what is stored at ``places``; places where nothing is lack."""
    if not places:
        return {}
    # The join begins with the places: each is one seek, however many events there are.
    sql = (
        "SELECT event.customer_id, event.kind, event.occurred_at, event.key, event.amount, event.currency, "  # noqa: S608
        f"event_detail.properties FROM {table(tx.dialect, _PLACE)} CROSS JOIN event "
        "LEFT JOIN event_detail ON event_detail.customer_id = event.customer_id "
        "AND event_detail.kind = event.kind AND event_detail.occurred_at = event.occurred_at "
        "AND event_detail.key = event.key "
        "WHERE event.customer_id = given.customer_id AND event.kind = given.kind "
        "AND event.occurred_at = given.occurred_at AND event.key = given.key"
    )
    return {
        (row[0], row[1], row[2], row[3]): (row[4], row[5], row[6])
        for row in tx.execute(given(tx.dialect, sql, _PLACE, places)).all()
    }


def ensure_kinds(tx: Transaction, names: Iterable[str]) -> dict[str, int]:
    """Give the ids of kinds by canonical name, making those that are new."""
    wanted = sorted(set(names))
    found = kind_ids(tx, wanted)
    new = [name for name in wanted if name not in found]
    if not new:
        return found
    rows = list(zip(take(tx, "kind", len(new)), new, strict=True))
    columns: Columns = (("id", "int"), ("name", "text"))
    # Another process may have made it since: its id counts, and ours is never used.
    sql = (
        f"INSERT INTO kind (id, name, events) SELECT id, name, 0 FROM {table(tx.dialect, columns)} "  # noqa: S608
        "WHERE true ON CONFLICT (name) DO NOTHING"
    )
    tx.execute(given(tx.dialect, sql, columns, rows))
    return kind_ids(tx, wanted)


def first_at(tx: Transaction, customer_ids: Sequence[int]) -> dict[int, int]:
    """Give the instant of each customer's first event, pruned ones too; those without one lack."""
    rows = tx.execute(
        select(col(Event.customer_id), func.min(col(Event.occurred_at)))
        .where(col(Event.customer_id).in_(any_of(tx.dialect, customer_ids, "int")))
        .group_by(col(Event.customer_id))
    )
    first = pruned.first_at(tx, customer_ids)
    for customer, at in rows:
        first[customer] = min(at, first.get(customer, at))
    return first


_MORE: Final = text("UPDATE kind SET events = events + :more WHERE id = :kind")


_LAST_BETWEEN: Final = text(
    "SELECT max(occurred_at) FROM event WHERE customer_id = :customer AND kind = :kind "
    "AND occurred_at >= :since AND occurred_at <= :until"
)


def last_between(tx: Transaction, customer_id: int, kind_id: int, since: int, until: int) -> int | None:
    """Give the instant of a customer's last event of a kind from ``since`` to ``until``: one seek."""
    values = {"customer": customer_id, "kind": kind_id, "since": since, "until": until}
    found: int | None = tx.execute(_LAST_BETWEEN, values).scalar_one()
    return found


def _count(tx: Transaction, inserted: Iterable[Whereabouts]) -> None:
    new = Counter([place[1] for place in inserted])
    if new:
        tx.execute(_MORE, [{"kind": kind, "more": events} for kind, events in sorted(new.items())])


@dataclass(frozen=True, slots=True)
class KindSummary:
    """What a customer has done of one kind, up to an instant.

    ``sums`` holds whole minor units by currency, for the events that bear an amount; ``amounts`` how many do.
    """

    kind: str
    count: int
    sums: Mapping[str, int]
    amounts: Mapping[str, int]
    last_at: int


Place = tuple[int, int, int]
"""Where an event stands in a customer's history: (occurred_at, kind id, key)."""


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One event of a customer's history. ``amount`` is in whole minor units of ``currency``.

    ``source`` and ``external_id`` are None for an event that carries nothing beside time and amount.
    """

    place: Place
    kind: str
    occurred_at: int
    amount: int | None
    currency: str | None
    source: str | None
    external_id: str | None
    properties: Mapping[str, Any]
    """As JSON has them; numbers are `decimal.Decimal`, as they were written."""


def kinds(tx: Transaction) -> dict[str, int]:
    """Give every known kind by name, and how many events of it are stored; cheap, however many there are."""
    rows = tx.execute(select(col(Kind.name), col(Kind.events)))
    return dict(sorted((row[0], row[1]) for row in rows))


def kind_ids(tx: Transaction, names: Iterable[str]) -> dict[str, int]:
    """Give the ids of kinds by canonical name; names that no event ever had lack."""
    chosen = any_of(tx.dialect, names, "text")
    return {
        row[0]: row[1]
        for row in tx.execute(select(col(Kind.name), col(Kind.id)).where(col(Kind.name).in_(chosen)))
    }


_SUMMARY: Final = (
    "SELECT kind.name, event.currency, count(*), count(event.amount), sum(event.amount), max(event.occurred_at), "
    "{months} AS month FROM event JOIN kind ON kind.id = event.kind "
    "WHERE event.customer_id = :customer AND event.occurred_at <= :now GROUP BY kind.name, event.currency, month"
)


@lru_cache(maxsize=16)
def _summary_of(months: int) -> TextClause:
    """Give a statement that tells so many months apart, the latest first as most events are; -1 is before them."""
    begins = " ".join(f"WHEN event.occurred_at >= :month_{n} THEN {n}" for n in reversed(range(months)))
    return text(_SUMMARY.format(months=f"CASE {begins} ELSE -1 END" if months else "-1"))


def first_of(tx: Transaction, names: Iterable[str]) -> int | None:
    """Give the instant of the first event of any of these kinds, whoever's; one seek a kind."""
    found = [
        tx.execute(select(func.min(col(Event.occurred_at))).where(col(Event.kind) == kind)).scalar_one()
        for kind in kind_ids(tx, names).values()
    ]
    return min((at for at in found if at is not None), default=None)


def summary(tx: Transaction, customer_id: int, now: int) -> list[KindSummary]:
    """Give what the customer has done up to ``now``, by name of kind, pruned events too. Later ones do not exist yet.

    ``now`` is not before the horizon.
    """
    return summary_by_month(tx, customer_id, now, ())[0]


def summary_by_month(
    tx: Transaction, customer_id: int, now: int, months: Sequence[int]
) -> tuple[list[KindSummary], list[int]]:
    """Give the same, and how many events happened from each of the instants ``months``, ascending, to the next."""
    binds = {"customer": customer_id, "now": now, **{f"month_{n}": at for n, at in enumerate(months)}}
    rows = tx.execute(_summary_of(len(months)), binds).all()
    counts = [0] * len(months)
    for row in rows:
        if row[6] >= 0:
            counts[row[6]] += row[2]
    found: dict[str, KindSummary] = {}
    for name, currency, events, with_amount, amount, last_at in (
        *(row[:6] for row in rows),
        *_pruned(tx, customer_id),
    ):
        before = found.get(name)
        sums, amounts = (dict(before.sums), dict(before.amounts)) if before else ({}, {})
        if with_amount:
            code = currency or ""
            sums[code] = sums.get(code, 0) + int(amount)
            amounts[code] = amounts.get(code, 0) + with_amount
        found[name] = KindSummary(
            kind=name,
            count=events + (before.count if before else 0),
            sums=MappingProxyType(sums),
            amounts=MappingProxyType(amounts),
            last_at=max(last_at, before.last_at) if before else last_at,
        )
    # Sorted here: the order of a server's language is not SQLite's.
    return sorted(found.values(), key=lambda one: one.kind), counts


def _pruned(tx: Transaction, customer_id: int) -> list[tuple[str, str, int, int, int, int]]:
    """Give what pruning left of a customer as rows of `summary`."""
    found = pruned.tallies(tx, [customer_id])
    names = {row[0]: row[1] for row in tx.execute(select(col(Kind.id), col(Kind.name)))} if found else {}
    return [(names[one.kind], one.currency, one.events, one.amounts, one.total, one.last_at) for one in found]


def totals(
    tx: Transaction, customer_ids: Iterable[int], now: int, currency: str, kinds: Iterable[str]
) -> dict[int, int]:
    """Add the amounts of ``kinds`` up to ``now``, in minor units of ``currency``; who has none lacks.

    So does anyone of whom it cannot be said any more: with a ``now`` amid what was pruned.
    """
    wanted, asked = list(customer_ids), kind_ids(tx, kinds).values()
    rows = tx.execute(
        select(col(Event.customer_id), func.sum(col(Event.amount)))
        .where(
            col(Event.customer_id).in_(any_of(tx.dialect, wanted, "int")),
            col(Event.kind).in_(sorted(asked)),
            col(Event.occurred_at) <= now,
            col(Event.currency) == currency,
            col(Event.amount).is_not(None),
        )
        .group_by(col(Event.customer_id))
    )
    spent = {row[0]: int(row[1]) for row in rows}
    stands = pruned.horizon(tx)
    left = [] if stands is None else [one for one in pruned.tallies(tx, wanted) if one.kind in asked]
    for one in left:
        if one.currency == currency and one.amounts and one.last_at <= now:
            spent[one.customer_id] = spent.get(one.customer_id, 0) + one.total
    for one in left:
        if one.currency == currency and one.amounts and one.first_at <= now < one.last_at:
            spent.pop(one.customer_id, None)
    return spent


# One seek a kind, however many events the customer has.
_KINDS_OF: Final = text(
    "WITH RECURSIVE step (kind) AS (SELECT min(kind) FROM event WHERE customer_id = :customer UNION ALL "
    "SELECT (SELECT min(kind) FROM event WHERE customer_id = :customer AND kind > step.kind) "
    "FROM step WHERE step.kind IS NOT NULL) "
    "SELECT step.kind, kind.name FROM step JOIN kind ON kind.id = step.kind"
)


_MOST_BRANCHES: Final = 64
"""Kinds that one statement looks at: SQLite joins no more than 500 questions to one."""
_LEAST_KEY: Final = -(2**63)


def timeline(
    tx: Transaction, customer_id: int, now: int, limit: int, before: Place | None = None
) -> list[PastEvent]:
    """Give up to ``limit`` events of the customer up to ``now``, the newest first; ``before`` pages on."""
    of_customer = tx.execute(_KINDS_OF, {"customer": customer_id}).all()
    found = [
        event
        for first in range(0, len(of_customer), _MOST_BRANCHES)
        for event in _newest(
            tx, customer_id, of_customer[first : first + _MOST_BRANCHES], now=now, limit=limit, before=before
        )
    ]
    return sorted(found, key=lambda event: event.place, reverse=True)[:limit]


def _newest(
    tx: Transaction,
    customer_id: int,
    some_kinds: Sequence[Any],
    *,
    now: int,
    limit: int,
    before: Place | None,
) -> list[PastEvent]:
    values: dict[str, int] = {"customer": customer_id, "n": limit}
    for number, (kind_id, _) in enumerate(some_kinds):
        at, key = _up_to(kind_id, now, before)
        values |= {f"kind_{number}": kind_id, f"at_{number}": at, f"key_{number}": key}
    names: dict[int, str] = {row[0]: row[1] for row in some_kinds}
    return [
        PastEvent(
            place=(row[1], row[0], row[2]),
            kind=names[row[0]],
            occurred_at=row[1],
            amount=row[3],
            currency=row[4],
            source=row[5],
            external_id=row[6],
            properties=json.loads(row[7], parse_float=Decimal, parse_int=Decimal) if row[7] else {},
        )
        for row in tx.execute(_newest_of(len(some_kinds)), values)
    ]


def _up_to(kind_id: int, now: int, before: Place | None) -> tuple[int, int]:
    """Give the (occurred_at, key) that events of a kind must stand before to be of ``now`` and before ``before``."""
    if before is None or before[0] > now:
        return now + 1, _LEAST_KEY
    last_at, last_kind, last_key = before
    if kind_id == last_kind:
        return last_at, last_key
    return (last_at + 1 if kind_id < last_kind else last_at), _LEAST_KEY


@lru_cache(maxsize=_MOST_BRANCHES)
def _newest_of(n: int) -> TextClause:
    """Give a statement for the newest events of each of ``n`` kinds: the table is in the order of time within one."""
    branches = " UNION ALL ".join(
        "SELECT * FROM (SELECT customer_id, kind, occurred_at, key, amount, currency FROM event "  # noqa: S608
        f"WHERE customer_id = :customer AND kind = :kind_{number} AND (occurred_at, key) < (:at_{number}, :key_{number}) "
        f"ORDER BY occurred_at DESC, key DESC LIMIT :n) AS newest_{number}"
        for number in range(n)
    )
    return text(
        "SELECT newest.kind, newest.occurred_at, newest.key, newest.amount, newest.currency, "  # noqa: S608
        f"event_detail.source, event_detail.external_id, event_detail.properties FROM ({branches}) AS newest "
        "LEFT JOIN event_detail ON event_detail.customer_id = newest.customer_id "
        "AND event_detail.kind = newest.kind AND event_detail.occurred_at = newest.occurred_at "
        "AND event_detail.key = newest.key"
    )
