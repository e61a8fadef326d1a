"""A record becomes an event exactly, or is refused with a reason of its own."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.intake import json_text
from handlers.intake.errors import RefusedError
from handlers.intake.events import MOST_PROPERTIES, World, cells_of, event_of
from rules.instants import EARLIEST, LATEST, Calendar
from rules.money import EXPONENTS, MOST_MINOR_UNITS, decimal_text
from storage.incoming import EventIn

WORLD = World(source="shop", calendar=Calendar.of("Europe/Berlin"), currency="EUR")
FINE = {"customer": "C-1", "kind": "purchase", "occurred_at": "2026-11-22T10:00:00Z"}


def make(**changes: Any) -> EventIn:
    return event_of({**FINE, **changes}, WORLD)


def reason(**changes: Any) -> str:
    with pytest.raises(RefusedError) as refused:
        make(**changes)
    return refused.value.reason.code


def test_a_whole_event() -> None:
    event = make(
        kind="Order Completed",
        amount="19.90",
        currency="usd",
        external_id="o-1",
        properties={"Plan Name": "Gold", "seats": Decimal("2.50"), "note": "two\nlines", "gone": None},
    )
    assert event == EventIn(
        source="shop",
        customer="C-1",
        kind="order_completed",
        occurred_at=1_795_341_600_000,
        amount=1990,
        currency="USD",
        external_id="o-1",
        properties='{"note":"two\\nlines","plan_name":"Gold","seats":2.50}',
    )


def test_what_is_not_said_is_not_there() -> None:
    event = make(amount="", currency="USD", external_id="", properties="")
    assert (event.amount, event.currency, event.external_id, event.properties) == (None, None, None, None)


def test_a_naive_time_is_in_the_business_time_zone() -> None:
    assert make(occurred_at="2026-11-22 11:00").occurred_at == make().occurred_at
    assert make(occurred_at="2026-11-22").occurred_at == make(occurred_at="2026-11-21T23:00:00Z").occurred_at


def test_an_amount_without_a_currency_is_in_the_business_s() -> None:
    assert (make(amount="5").amount, make(amount="5").currency) == (500, "EUR")
    assert make(amount="5", currency="JPY").amount == 5
    assert make(amount=Decimal("5.5"), currency="KWD").amount == 5500


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"customer": ""}, "missing"),
        ({"customer": "   "}, "missing"),
        ({"kind": None}, "missing"),
        ({"occurred_at": None}, "missing"),
        ({"customer": ["C"]}, "wrong_type"),
        ({"customer": True}, "wrong_type"),
        ({"customer": Decimal("1.5")}, "wrong_type"),
        ({"customer": "C" * 257}, "too_long"),
        ({"external_id": "i" * 257}, "too_long"),
        ({"kind": "k" * 201}, "too_long"),
        ({"kind": "k" * 101}, "bad_kind"),
        ({"kind": "!!"}, "bad_kind"),
        ({"customer": "C\0"}, "nul"),
        ({"kind": "a\0b"}, "nul"),
        ({"customer": "C\ud800"}, "half_character"),
        ({"external_id": "o\x1b[31m"}, "control_character"),
        ({"customer": "C\n1"}, "control_character"),
        ({"occurred_at": "yesterday"}, "bad_instant"),
        ({"occurred_at": "2026-02-30"}, "bad_instant"),
        ({"occurred_at": Decimal(1_700_000_000)}, "bad_instant"),
        ({"occurred_at": "99999-01-01T00:00:00Z"}, "year_out_of_range"),
        ({"occurred_at": "+12026-01-01"}, "year_out_of_range"),
        ({"occurred_at": "0000-01-01"}, "year_out_of_range"),
        ({"occurred_at": "-0001-01-01"}, "year_out_of_range"),
        ({"occurred_at": "9999-12-31T23:59:59-01:00"}, "year_out_of_range"),
        ({"amount": "NaN"}, "not_finite"),
        ({"amount": "-Infinity"}, "not_finite"),
        ({"amount": "inf"}, "not_finite"),
        ({"amount": "1e999"}, "amount_out_of_range"),
        ({"amount": Decimal("1e999")}, "amount_out_of_range"),
        ({"amount": "10000000000.01"}, "amount_out_of_range"),
        ({"amount": "1.999"}, "too_many_decimals"),
        ({"amount": "1.5", "currency": "JPY"}, "too_many_decimals"),
        ({"amount": "1e-9999"}, "bad_amount"),
        ({"amount": "1,50"}, "bad_amount"),
        ({"amount": "1e"}, "bad_amount"),
        ({"amount": True}, "wrong_type"),
        ({"amount": "1", "currency": "DOLLARS"}, "unknown_currency"),
        ({"amount": "1", "currency": "ıı"}, "unknown_currency"),
        ({"properties": ["a"]}, "properties_no_object"),
        ({"properties": "[1]"}, "not_an_object"),
        ({"properties": "{"}, "not_json"),
        ({"properties": '{"a": NaN}'}, "not_json"),
        ({"properties": '{"a": 1, "a": 2}'}, "not_json"),
        ({"properties": {"Plan Name": "a", "plan-name": "b"}}, "property_twice"),
        ({"properties": {"plan": "a"}, "plan": "b"}, "property_twice"),
        ({"properties": {"": "a"}}, "bad_property_name"),
        ({"properties": {"a": "x\0"}}, "nul"),
        ({"properties": {"a": "\udfff"}}, "half_character"),
        ({"properties": {"a": "\x07"}}, "control_character"),
        ({"properties": {"a": {"b\0": 1}}}, "nul"),
        ({"properties": {"a": "x" * 10_001}}, "too_long"),
        ({"properties": {f"a{n}": "x" * 9_000 for n in range(2)}}, "too_long"),
        ({"properties": {f"a{n}": Decimal(n) for n in range(MOST_PROPERTIES + 1)}}, "too_many_properties"),
        ({"properties": {"a": Decimal("1e999")}}, "number_out_of_range"),
        ({"properties": {"a": Decimal("1" * 41)}}, "number_out_of_range"),
        ({"properties": {"a": json_text.loads("[" * 9 + "]" * 9)}}, "too_deep"),
    ],
)
def test_each_fault_has_a_reason_of_its_own(changes: dict[str, Any], expected: str) -> None:
    assert reason(**changes) == expected


def test_ids_may_be_whole_numbers_of_json() -> None:
    assert make(customer=Decimal(17), external_id=Decimal(12345678901234567890)).external_id == (
        "12345678901234567890"
    )
    assert make(customer=Decimal(17)).customer == "17"


def test_an_exponent_is_read_where_the_amount_is_plain() -> None:
    assert make(amount=Decimal("1E+3")).amount == 100_000
    assert make(amount="1.5e1").amount == 1500
    assert make(amount=Decimal("0E+5000")).amount == 0


def test_marks_emoji_and_odd_spaces_are_fine() -> None:
    name = "\u202eevil\u202c 👩‍👩‍👧 \u00a0x"
    assert make(customer=name).customer == name


def test_what_else_a_record_says_is_a_property() -> None:
    row = {**FINE, "Note": " 12.50 ", "code": "007", "empty": "", "properties": '{"b": 1}'}
    event = event_of(cells_of(row), WORLD)
    assert event.properties == '{"b":1,"code":"007","note":12.50}'


@given(
    minor=st.integers(-MOST_MINOR_UNITS, MOST_MINOR_UNITS),
    currency=st.sampled_from(sorted(EXPONENTS)),
    as_number=st.booleans(),
)
def test_amounts_are_exact(minor: int, currency: str, as_number: bool) -> None:
    written = decimal_text(minor, currency)
    event = make(amount=Decimal(written) if as_number else written, currency=currency)
    assert (event.amount, event.currency) == (minor, currency)


@given(text=st.text(st.characters(codec=None, categories=None), max_size=40))
def test_any_text_at_any_place_is_taken_or_refused_with_words_that_can_be_stored(text: str) -> None:
    for field in ("customer", "kind", "occurred_at", "amount", "currency", "external_id", "properties"):
        record = {**FINE, "amount": "1", field: text}
        try:
            event = event_of(record, WORLD)
        except RefusedError as error:
            said = " ".join(str(value) for value in error.reason.params.values())
            assert said.encode("utf-8")
            assert "\0" not in said
        else:
            assert EARLIEST <= event.occurred_at <= LATEST
            assert event.customer.encode()
            assert -(2**63) <= event.key < 2**63
