"""A row becomes what a source says of a customer, or is refused."""

from decimal import Decimal

import pytest

from handlers.intake.errors import RefusedError
from handlers.intake.events import World
from handlers.intake.profiles import MOST_ATTRIBUTES, customer_of
from rules.instants import Calendar

WORLD = World(source="crm", calendar=Calendar.of("UTC"), currency="USD")


def test_columns_that_are_there_speak() -> None:
    said = customer_of(
        {
            "external_id": " C-1 ",
            "name": "Ann",
            "segment": "",
            "created_at": "2026-01-02",
            "plan": "Gold",
            "seats": "12",
            "zip": "01234",
            "gone": "",
        },
        WORLD,
    )
    assert said.external_id == "C-1"
    assert said.own == {"name": "Ann", "segment": None}
    assert said.created_at == 1_767_312_000_000
    assert said.attributes == {"plan": "Gold", "seats": Decimal(12), "zip": "01234", "gone": None}


def test_a_hostile_name_of_ten_thousand_characters_is_kept_whole() -> None:
    name = ("<!channel> & <@U1> *x* _y_ \u202e👩‍👩‍👧 " * 400)[:10_000].strip()
    assert customer_of({"external_id": "C", "name": name}, WORLD).own["name"] == name


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"external_id": ""}, "missing"),
        ({"name": "Ann"}, "missing"),
        ({"external_id": "C" * 257}, "too_long"),
        ({"external_id": "C", "name": "n" * 20_001}, "too_long"),
        ({"external_id": "C", "email": "e" * 321}, "too_long"),
        ({"external_id": "C", "segment": "s" * 201}, "too_long"),
        ({"external_id": "C", "plan": "p" * 2_001}, "too_long"),
        ({"external_id": "C", "name": "a\nb"}, "control_character"),
        ({"external_id": "C", "name": "a\0b"}, "nul"),
        ({"external_id": "C", "plan": "\ud800"}, "half_character"),
        ({"external_id": "C", "created_at": "99999-01-01"}, "year_out_of_range"),
        ({"external_id": "C", "created_at": "soon"}, "bad_instant"),
        ({"external_id": "C"} | {f"a{n}": "1" for n in range(MOST_ATTRIBUTES + 1)}, "too_many_attributes"),
    ],
)
def test_each_fault_has_a_reason_of_its_own(row: dict[str, str], expected: str) -> None:
    with pytest.raises(RefusedError) as refused:
        customer_of(row, WORLD)
    assert refused.value.reason.code == expected
