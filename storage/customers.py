"""Customers and what is known of them beside their events: profile and attributes.

Owns the tables ``customer`` and ``attribute``. It must not know what an event means.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Text, func, select, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlmodel import Field, SQLModel, col

from rules.conditions.names import fold
from storage import names
from storage.counters import take
from storage.database import Transaction
from storage.sets import Columns, any_of, given, table

OWN: Final = ("name", "email", "segment", "owner", "country", "language")
"""The customer's own texts, as columns and in a `Profile`."""
LONGEST_SEARCHED: Final = 200
"""Characters of a name or an address that searching looks at: an index of PostgreSQL takes no more than 2,700 bytes."""
_LAST_CHARACTER: Final = "\U0010ffff"
_INTAKE_LOCK: Final = 0x5741524E  # "WARN": the advisory lock of intakes on PostgreSQL
_ALIKE: Final = 75.0
"""From 0 to 100: how alike a name must be to be suggested."""

# Compared by code points, as SQLite does, whatever language the server's own order is.
_Searched = Text().with_variant(TEXT(collation="C"), "postgresql")


class Customer(SQLModel, table=True):
    """One customer; ``id`` is made by the program and is global, whatever source named the customer first."""

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    external_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    name: str | None = Field(default=None, sa_column=Column(Text))
    email: str | None = Field(default=None, sa_column=Column(Text))
    segment: str | None = Field(default=None, sa_column=Column(Text))
    owner: str | None = Field(default=None, sa_column=Column(Text))
    country: str | None = Field(default=None, sa_column=Column(Text))
    language: str | None = Field(default=None, sa_column=Column(Text))
    created_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    """When the profile says the customer came; without a word of it, when the profile was first taken in."""
    known_since: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    """The earlier of ``created_at`` and the first event; kept true by intake, late events included."""
    search_name: str = Field(default="", sa_column=Column(_Searched, nullable=False, index=True))
    """The beginning of the name as it is searched: NFC-normalised and casefolded."""
    search_email: str = Field(default="", sa_column=Column(_Searched, nullable=False, index=True))
    """The beginning of the e-mail address as it is searched: NFC-normalised and casefolded."""


class Attribute(SQLModel, table=True):
    """One attribute of a customer; ``value`` is JSON: a text, or a number as it was written."""

    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "name"),
        Index("attribute_by_name", "name", "customer_id"),
        {"sqlite_with_rowid": False},
    )

    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    value: str = Field(sa_column=Column(Text, nullable=False))


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer and what is known beside the events; instants in milliseconds."""

    id: int
    external_id: str
    name: str | None
    email: str | None
    segment: str | None
    owner: str | None
    country: str | None
    language: str | None
    created_at: int | None
    known_since: int
    attributes: Mapping[str, str | Decimal]


# Texts made once, and rows instead of objects: building a statement costs more than running it.
_PROFILES: Final = "SELECT id, external_id, name, email, segment, owner, country, language, created_at, known_since FROM customer"
_BY_EXTERNAL_ID: Final = text(f"{_PROFILES} WHERE external_id = :external_id")
_BY_EMAIL: Final = text(f"{_PROFILES} WHERE search_email = :wanted ORDER BY id LIMIT :n")
_BY_NAME: Final = text(f"{_PROFILES} WHERE search_name = :wanted ORDER BY id LIMIT :n")
_NAMED_FROM: Final = text(
    f"{_PROFILES} WHERE search_name >= :wanted AND search_name < :last ORDER BY search_name, id LIMIT :n"
)
_ADDRESSED_FROM: Final = text(
    f"{_PROFILES} WHERE search_email >= :wanted AND search_email < :last ORDER BY search_email, id LIMIT :n"
)
_HOLDING: Final = text(
    f"{_PROFILES} WHERE search_name LIKE :pattern ESCAPE '/' ORDER BY search_name, id LIMIT :n"
)
_ATTRIBUTES: Final = text(
    "SELECT customer_id, name, value FROM attribute WHERE customer_id = :id ORDER BY name"
)


def by_id(tx: Transaction, customer_id: int) -> Profile | None:
    """Give a customer by the program's own id."""
    return by_ids(tx, [customer_id]).get(customer_id)


def by_ids(tx: Transaction, customer_ids: Iterable[int]) -> dict[int, Profile]:
    """Give customers by the program's own ids; ids of nobody lack."""
    columns: Columns = (("id", "int"),)
    sql = f"{_PROFILES} WHERE id IN (SELECT id FROM {table(tx.dialect, columns)})"  # noqa: S608
    rows = tx.execute(given(tx.dialect, sql, columns, [(one,) for one in customer_ids])).all()
    return {profile.id: profile for profile in _profiles(tx, rows)}


def by_external_id(tx: Transaction, external_id: str) -> Profile | None:
    """Give the customer whom sources call ``external_id``, to the letter."""
    if not _storable(external_id):
        return None
    return next(iter(_profiles(tx, tx.execute(_BY_EXTERNAL_ID, {"external_id": external_id}).all())), None)


def exact(tx: Transaction, text: str, limit: int) -> list[Profile]:
    """Give those whom ``text`` names without doubt: by id, else by e-mail address, else by the whole name.

    Case and Unicode's forms do not matter in addresses and names. Several may share an address or a name.
    """
    named = by_external_id(tx, text.strip())
    if named:
        return [named]
    wanted = searched(text)
    if not wanted:
        return []
    for statement in (_BY_EMAIL, _BY_NAME):
        profiles = _profiles(tx, tx.execute(statement, {"wanted": wanted, "n": limit}).all())
        if profiles:
            return profiles
    return []


def search(tx: Transaction, text: str, limit: int) -> list[Profile]:
    """Give up to ``limit`` customers for ``text``, the surest first.

    In this order: the exact id, the exact e-mail address, the whole name, the beginning of a name, of an address,
    and a name that holds the text anywhere.
    """
    found = {profile.id: profile for profile in exact(tx, text, limit)}
    wanted = searched(text)
    if not wanted:
        return list(found.values())
    for question in (_NAMED_FROM, _ADDRESSED_FROM):
        if len(found) < limit:
            # Those found already may come again, so as many more are asked for.
            rows = tx.execute(question, {"wanted": wanted, "last": wanted + _LAST_CHARACTER, "n": limit})
            for profile in _profiles(tx, rows):
                found.setdefault(profile.id, profile)
    if len(found) < limit:
        for profile in _profiles(tx, _holding(tx, wanted, limit)):
            found.setdefault(profile.id, profile)
    return list(found.values())[:limit]


def _holding(tx: Transaction, wanted: str, limit: int) -> Iterable[Any]:
    """Give up to ``limit`` rows of those whose name holds ``wanted`` anywhere, by name."""
    values = {"pattern": f"%{_escaped(wanted)}%", "n": limit}
    among = names.holding(tx, wanted)
    if among is None:
        # Held by so many names that, read in their order, the first few come soon.
        return tx.execute(_HOLDING, values)
    columns: Columns = (("id", "int"),)
    sql = (
        f"{_PROFILES} WHERE id IN (SELECT id FROM {table(tx.dialect, columns)}) "  # noqa: S608
        "AND search_name LIKE :pattern ESCAPE '/' ORDER BY search_name, id LIMIT :n"
    )
    rows = [(one,) for one in among]
    return tx.execute(given(tx.dialect, sql, columns, rows), values) if rows else ()


def _escaped(wanted: str) -> str:
    return wanted.replace("/", "//").replace("%", "/%").replace("_", "/_")


def suggest(tx: Transaction, text: str, limit: int) -> list[Profile]:
    """Give up to ``limit`` customers whose names (ids, where there is no name) are like ``text``, the likest first.

    Asked when `search` finds nobody. Names are looked for by their words, ids among those one slip away.
    """
    wanted = searched(text)
    if not wanted:
        return []
    columns: Columns = (("id", "int"),)
    sql = f"SELECT id, search_name FROM customer WHERE id IN (SELECT id FROM {table(tx.dialect, columns)})"  # noqa: S608
    rows = [(one,) for one in names.near(tx, wanted)]
    candidates = [tuple(row) for row in tx.execute(given(tx.dialect, sql, columns, rows))] if rows else []
    candidates += _nameless(tx, text.strip(), wanted)
    scored = sorted(
        (-fuzz.WRatio(wanted, name, processor=None, score_cutoff=_ALIKE), customer_id)
        for customer_id, name in candidates
        if _share_a_word(wanted, name)
    )
    ids = [customer_id for score, customer_id in scored if score][:limit]
    profiles = by_ids(tx, ids)
    return [profiles[customer_id] for customer_id in ids if customer_id in profiles]


def _nameless(tx: Transaction, typed: str, wanted: str) -> list[tuple[int, str]]:
    """Give (id, external id in small letters) of those without a name whose external id is one slip from the text."""
    columns: Columns = (("external_id", "text"),)
    sql = (
        "SELECT customer.id, customer.external_id, customer.search_name "  # noqa: S608
        f"FROM {table(tx.dialect, columns)} CROSS JOIN customer WHERE customer.external_id = given.external_id"
    )
    forms = {form for form in (typed, wanted, wanted.upper()) if _storable(form)}
    asked = {one for form in forms for one in names.variants(form)}
    rows = [(one,) for one in sorted(asked)]
    found = tx.execute(given(tx.dialect, sql, columns, rows)).all()
    return [(row[0], row[1].lower()) for row in found if not row[2]]


def _share_a_word(wanted: str, name: str) -> bool:
    return any(
        fuzz.ratio(one, other) >= names.ALIKE for one in wanted.split()[:20] for other in name.split()[:20]
    )


def ids(tx: Transaction, known_at: int, *, first: int = 0, limit: int | None = None) -> NDArray[np.int64]:
    """Give the ids, ascending, of customers known at the instant ``known_at``: up to ``limit`` from ``first`` on."""
    rows = tx.execute(
        select(col(Customer.id))
        .where(col(Customer.id) >= first, col(Customer.known_since) <= known_at)
        .order_by(col(Customer.id))
        .limit(limit)
    ).scalars()
    return np.fromiter(rows, dtype=np.int64)


def about(tx: Transaction) -> int:
    """Give about how many customers there are: the highest number given, which is one seek."""
    return int(tx.execute(select(func.max(col(Customer.id)))).scalar_one() or 0)


def owned_among(tx: Transaction, customer_ids: Iterable[int], owners: Iterable[str]) -> set[int]:
    """Give those of ``customer_ids`` whose owner is one of ``owners``, casefolded: Slack ids and e-mail addresses."""
    rows = tx.execute(
        select(col(Customer.id)).where(
            col(Customer.id).in_(any_of(tx.dialect, customer_ids, "int")),
            func.lower(col(Customer.owner)).in_(list(owners)),
        )
    )
    return {row[0] for row in rows}


def count(tx: Transaction) -> int:
    """Count all customers."""
    return int(tx.execute(select(func.count()).select_from(Customer)).scalar_one())


_ATTRIBUTE_NAMES: Final = text(
    "WITH RECURSIVE step (name) AS (SELECT min(name) FROM attribute UNION ALL "
    "SELECT (SELECT min(name) FROM attribute WHERE name > step.name) FROM step WHERE step.name IS NOT NULL) "
    "SELECT name FROM step WHERE name IS NOT NULL"
)


def attribute_names(tx: Transaction) -> list[str]:
    """Give the names of all attributes that any customer has, in order; one seek a name, however many customers."""
    return sorted(tx.execute(_ATTRIBUTE_NAMES).scalars())


def hold_off(tx: Transaction, *, alone: bool) -> None:
    """Let intakes of events run beside each other, but not beside one that is ``alone``, until the transaction ends.

    Who sets ``known_since`` to a later instant must see every event: it has to be alone. To be called first in a
    transaction. On SQLite there is one writer anyway.
    """
    if tx.dialect == "postgresql":
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        tx.execute(text(f"SELECT {lock}(:n)"), {"n": _INTAKE_LOCK})


def lookup(tx: Transaction, external_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Give (id, known_since) of customers by external id; those not known yet lack."""
    rows = tx.execute(
        select(col(Customer.external_id), col(Customer.id), col(Customer.known_since)).where(
            col(Customer.external_id).in_(any_of(tx.dialect, external_ids, "text"))
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows.all()}


def create(tx: Transaction, since: Mapping[str, int]) -> dict[str, int]:
    """Make customers by external id, known since the instants given; gives the ids of those that were made.

    One that another process made meanwhile is left as it is, and lacks in the answer.
    """
    if not since:
        return {}
    columns: Columns = (("id", "int"), ("external_id", "text"), ("known_since", "int"))
    ordered = sorted(since.items())
    rows = [
        (number, *named) for number, named in zip(take(tx, "customer", len(ordered)), ordered, strict=True)
    ]
    sql = (
        "INSERT INTO customer (id, external_id, known_since, search_name, search_email) "  # noqa: S608
        f"SELECT id, external_id, known_since, '', '' FROM {table(tx.dialect, columns)} "
        "WHERE true ON CONFLICT (external_id) DO NOTHING RETURNING external_id, id"
    )
    return {row[0]: row[1] for row in tx.execute(given(tx.dialect, sql, columns, rows))}


def know_since(tx: Transaction, since: Mapping[int, int]) -> set[int]:
    """Move ``known_since`` back where an earlier instant became known; gives the ids of those that moved."""
    if not since:
        return set()
    columns: Columns = (("id", "int"), ("since", "int"))
    sql = (
        f"UPDATE customer SET known_since = given.since FROM {table(tx.dialect, columns)} "  # noqa: S608
        "WHERE customer.id = given.id AND customer.known_since > given.since RETURNING customer.id"
    )
    return set(tx.execute(given(tx.dialect, sql, columns, sorted(since.items()))).scalars())


def locked(tx: Transaction, external_ids: Iterable[str]) -> dict[str, Profile]:
    """Give customers by external id, so that nobody else changes them until the transaction ends."""
    rows = tx.session.execute(
        select(Customer)
        .where(col(Customer.external_id).in_(any_of(tx.dialect, external_ids, "text")))
        .order_by(col(Customer.id))
        .with_for_update()
    ).scalars()
    return {profile.external_id: profile for profile in _profiles(tx, rows)}


_CUSTOMER: Final[Columns] = (
    ("id", "int"),
    *((name, "text") for name in OWN),
    ("created_at", "int"),
    ("known_since", "int"),
    ("search_name", "text"),
    ("search_email", "text"),
)
_ATTRIBUTE: Final[Columns] = (("customer_id", "int"), ("name", "text"), ("value", "text"))


def save(tx: Transaction, changes: Sequence[tuple[Profile, Profile]]) -> None:
    """Store profiles that changed, each as (before, after)."""
    if not changes:
        return
    sets = ", ".join(f"{name} = given.{name}" for name, _ in _CUSTOMER[1:])
    sql = (
        f"UPDATE customer SET {sets} FROM {table(tx.dialect, _CUSTOMER)} "  # noqa: S608
        "WHERE customer.id = given.id"
    )
    rows = [
        (
            after.id,
            *(getattr(after, name) for name in OWN),
            after.created_at,
            after.known_since,
            searched(after.name),
            searched(after.email),
        )
        for _, after in changes
    ]
    tx.execute(given(tx.dialect, sql, _CUSTOMER, rows))
    names.note(
        tx,
        [
            (after.id, searched(before.name), searched(after.name))
            for before, after in changes
            if before.name != after.name
        ],
    )
    kept, gone = [], []
    for before, after in changes:
        for name, value in after.attributes.items():
            if before.attributes.get(name) != value:
                written = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
                kept.append((after.id, name, written))
        gone += [(after.id, name) for name in before.attributes if name not in after.attributes]
    if kept:
        sql = (
            f"INSERT INTO attribute (customer_id, name, value) SELECT customer_id, name, value "  # noqa: S608
            f"FROM {table(tx.dialect, _ATTRIBUTE)} WHERE true "
            "ON CONFLICT (customer_id, name) DO UPDATE SET value = excluded.value"
        )
        tx.execute(given(tx.dialect, sql, _ATTRIBUTE, sorted(kept)))
    if gone:
        columns = _ATTRIBUTE[:2]
        sql = (
            "DELETE FROM attribute WHERE (customer_id, name) IN "  # noqa: S608
            f"(SELECT customer_id, name FROM {table(tx.dialect, columns)})"
        )
        tx.execute(given(tx.dialect, sql, columns, sorted(gone)))


def _profiles(tx: Transaction, rows: Iterable[Any]) -> list[Profile]:
    customers = list(rows)
    attributes: dict[int, dict[str, str | Decimal]] = {}
    for customer_id, name, value in _attributes(tx, [row.id for row in customers]):
        attributes.setdefault(customer_id, {})[name] = json.loads(
            value, parse_float=Decimal, parse_int=Decimal
        )
    return [
        Profile(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            email=row.email,
            segment=row.segment,
            owner=row.owner,
            country=row.country,
            language=row.language,
            created_at=row.created_at,
            known_since=row.known_since,
            attributes=MappingProxyType(attributes.get(row.id, {})),
        )
        for row in customers
    ]


def _attributes(tx: Transaction, customer_ids: Sequence[int]) -> Iterable[Any]:
    if len(customer_ids) == 1:
        return tx.execute(_ATTRIBUTES, {"id": customer_ids[0]})
    if not customer_ids:
        return ()
    return tx.execute(
        select(col(Attribute.customer_id), col(Attribute.name), col(Attribute.value))
        .where(col(Attribute.customer_id).in_(any_of(tx.dialect, customer_ids, "int")))
        .order_by(col(Attribute.customer_id), col(Attribute.name))
    )


def searched(text: str | None) -> str:
    """Give ``text`` as names and addresses are searched; what no database can hold is nobody's name."""
    if text is None or not _storable(text):
        return ""
    return fold(" ".join(text.split()))[:LONGEST_SEARCHED]


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
