"""Customers are found by what people know of them."""

import json

import numpy as np
import pytest
from sqlalchemy import insert

from storage import customers, names
from storage.customers import Attribute, Customer
from storage.database import Database, Transaction


def _add(
    tx: Transaction, customer_id: int, name: str | None, email: str | None = None, **rest: object
) -> None:
    tx.execute(
        insert(Customer),
        {
            "id": customer_id,
            "external_id": f"C-{customer_id}",
            "name": name,
            "email": email,
            "known_since": customer_id * 1000,
            "search_name": customers.searched(name),
            "search_email": customers.searched(email),
            **rest,
        },
    )
    names.note(tx, [(customer_id, "", customers.searched(name))])


@pytest.fixture
def people(database: Database) -> Database:
    with database.writing() as tx:
        _add(tx, 1, "Ann Lee", "ann@example.org")
        _add(tx, 2, "Anna Leeds", "anna@example.org")
        _add(tx, 3, "Joann Smith", "JS@Example.org")
        _add(tx, 4, "Zoë Straße", None)
        _add(tx, 5, "100% Cotton_Ltd", None)
        _add(tx, 6, None, None, external_id="00006")
    return database


def _names(found: list[customers.Profile]) -> list[str | None]:
    return [profile.name for profile in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C-1", ["Ann Lee"]),
        ("js@example.ORG", ["Joann Smith"]),
        ("ann lee", ["Ann Lee"]),
        ("ANN", ["Ann Lee", "Anna Leeds", "Joann Smith"]),
        ("zoe\u0308 STRASSE", ["Zoë Straße"]),
        ("  ann   lee ", ["Ann Lee"]),
        ("%", ["100% Cotton_Ltd"]),
        ("n_l", ["100% Cotton_Ltd"]),
        ("_", ["100% Cotton_Ltd"]),
        ("'; drop table customer", []),
        ("\0", []),
        ("a\ud800", []),
        ("", []),
        ("   ", []),
    ],
)
def test_search_finds_by_id_address_and_name(people: Database, text: str, expected: list[str]) -> None:
    with people.reading() as tx:
        assert _names(customers.search(tx, text, 10)) == expected


def test_search_gives_no_more_than_asked_for_and_the_surest_first(people: Database) -> None:
    with people.reading() as tx:
        assert _names(customers.search(tx, "ann", 2)) == ["Ann Lee", "Anna Leeds"]
        assert _names(customers.search(tx, "lee", 10)) == ["Ann Lee", "Anna Leeds"]


def test_exact_names_without_doubt(people: Database) -> None:
    with people.reading() as tx:
        assert _names(customers.exact(tx, "Ann lee", 10)) == ["Ann Lee"]
        assert customers.exact(tx, "Ann", 10) == []
        assert [one.external_id for one in customers.exact(tx, "00006", 10)] == ["00006"]


def test_suggest_forgives_typing(people: Database) -> None:
    with people.reading() as tx:
        assert _names(customers.suggest(tx, "jonan smit", 1)) == ["Joann Smith"]
        assert [one.external_id for one in customers.suggest(tx, "0006", 1)] == ["00006"]
        assert customers.suggest(tx, "qqqq", 3) == []


def test_nobody_is_suggested_for_letters_that_are_like_no_word_of_a_name(people: Database) -> None:
    with people.writing() as tx:
        _add(tx, 7, "Z")
        _add(tx, 8, "Liz Zoe")
    with people.reading() as tx:
        assert customers.suggest(tx, "zzz", 5) == []
        assert _names(customers.suggest(tx, "liz zo", 5)) == ["Liz Zoe"]


def test_profiles_carry_attributes_as_written(people: Database) -> None:
    with people.writing() as tx:
        tx.execute(
            insert(Attribute),
            [
                {"customer_id": 1, "name": "plan", "value": json.dumps("Gold")},
                {"customer_id": 1, "name": "seats", "value": "12.50"},
            ],
        )
    with people.reading() as tx:
        profile = customers.by_id(tx, 1)
        assert profile is not None
        assert {name: str(value) for name, value in profile.attributes.items()} == {
            "plan": "Gold",
            "seats": "12.50",
        }
        assert customers.by_ids(tx, [1, 2, 99]).keys() == {1, 2}
        assert customers.by_id(tx, 99) is None
        assert customers.attribute_names(tx) == ["plan", "seats"]


def test_ids_are_of_those_known_at_the_instant(people: Database) -> None:
    with people.reading() as tx:
        np.testing.assert_array_equal(customers.ids(tx, 3000), [1, 2, 3])
        assert customers.ids(tx, 0).dtype == np.int64
        assert customers.count(tx) == 6
