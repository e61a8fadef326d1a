"""Customers have names that can be told apart, and what a CRM knows of them."""

from datetime import date

import pytest

from bench.company.people import COUNTRIES, PLANS, SEGMENTS, external_id, profiles
from bench.company.shape import END, Shape
from rules.instants import DAY
from storage.incoming import CustomerIn

SHAPE = Shape(customers=3_000, events=30_000)


@pytest.fixture(scope="module")
def people() -> list[CustomerIn]:
    return list(profiles(SHAPE))


def test_the_same_seed_makes_the_same_people(people: list[CustomerIn]) -> None:
    assert list(profiles(SHAPE)) == people
    assert list(profiles(Shape(customers=3_000, events=30_000, seed=2))) != people


def test_ids_are_in_the_order_of_numbers(people: list[CustomerIn]) -> None:
    assert [one.external_id for one in people] == [external_id(number) for number in range(3_000)]
    assert sorted(one.external_id for one in people) == [one.external_id for one in people]


def test_names_can_be_told_apart(people: list[CustomerIn]) -> None:
    names = {one.own["name"] for one in people}
    assert len(names) > 0.99 * len(people)
    assert all(name is not None and len(name.split(" ")) == 2 for name in names)


def test_everybody_has_what_rules_ask_for(people: list[CustomerIn]) -> None:
    assert {one.own["segment"] for one in people} == set(SEGMENTS)
    assert {one.own["country"] for one in people} == set(COUNTRIES)
    assert {one.attributes["plan"] for one in people} == set(PLANS)
    dates = [one.attributes["renewal_date"] for one in people if one.attributes["renewal_date"] is not None]
    assert 0.3 < len(dates) / len(people) < 0.5
    days = [(date.fromisoformat(str(day)) - date(1970, 1, 1)).days - END // DAY for day in dates]
    assert min(days) >= -30
    assert max(days) < 335
    assert all(one.created_at is not None and SHAPE.begin <= one.created_at <= END for one in people)
