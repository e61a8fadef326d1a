"""Customers as the oracle sees them, put into a database as intake would leave them."""

import json
from collections.abc import Sequence
from fractions import Fraction

from sqlalchemy import text

from rules.conditions.numbers import decimal_text
from rules.conditions.terms import Own
from storage import events
from storage.database import Transaction
from tests.rules.conditions.oracle import Happening, Person


def store(tx: Transaction, people: Sequence[Person], ids: Sequence[int]) -> None:
    """Write ``people`` under ``ids``; who was never known at all is left out."""
    kinds = events.ensure_kinds(tx, (event.kind for person in people for event in person.events))
    for person, customer_id in zip(people, ids, strict=True):
        if person.known_since is not None:
            _store_one(tx, person, customer_id, kinds)


def _store_one(tx: Transaction, person: Person, customer_id: int, kinds: dict[str, int]) -> None:
    own = {name.value: person.own.get(name) for name in Own if name is not Own.TENURE}
    tx.execute(
        text(
            "INSERT INTO customer (id, external_id, segment, owner, country, language, created_at, known_since, "
            "search_name, search_email) VALUES (:id, :external_id, :segment, :owner, :country, :language, "
            ":created_at, :known_since, '', '')"
        ),
        {
            "id": customer_id,
            "external_id": f"c{customer_id}",
            "created_at": person.created_at,
            "known_since": person.known_since,
            **own,
        },
    )
    for name, value in person.attributes.items():
        tx.execute(
            text("INSERT INTO attribute (customer_id, name, value) VALUES (:id, :name, :value)"),
            {"id": customer_id, "name": name, "value": _json(value)},
        )
    if person.health is not None:
        score, since = person.health
        tx.execute(
            text(
                "INSERT INTO health (customer_id, score, since, worked_at) VALUES (:id, :score, :since, :since)"
            ),
            {"id": customer_id, "score": score, "since": since},
        )
    events.add(tx, [_row(customer_id, event, kinds, place) for place, event in enumerate(person.events)])


def _row(customer_id: int, event: Happening, kinds: dict[str, int], place: int) -> events.Stored:
    written = ", ".join(f"{json.dumps(name)}: {_json(value)}" for name, value in event.properties.items())
    return events.Stored(
        customer_id=customer_id,
        kind=kinds[event.kind],
        occurred_at=event.at,
        key=place * 7 - 3,
        amount=event.amount,
        currency=event.currency,
        source="test",
        external_id=None,
        properties=f"{{{written}}}" if written else None,
    )


def _json(value: str | Fraction) -> str:
    return decimal_text(value) if isinstance(value, Fraction) else json.dumps(value)
