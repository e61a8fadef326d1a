"""Money in and out: exact or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import WarmlineError
from rules.money import (
    EXPONENTS,
    MOST_MINOR_UNITS,
    AmountOutOfRangeError,
    BadAmountError,
    TooManyDecimalsError,
    UnknownCurrencyError,
    decimal_text,
    exponent,
    minor_units,
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("10.5", "USD", 1050),
        (" -0.05 ", "USD", -5),
        ("+7", "EUR", 700),
        (".5", "EUR", 50),
        ("5.", "EUR", 500),
        ("100", "JPY", 100),
        ("100.00", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("10.500", "USD", 1050),
        ("0", "USD", 0),
        ("-0", "USD", 0),
        ("10000000000.00", "USD", MOST_MINOR_UNITS),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "error"),
    [
        ("1.001", "USD", TooManyDecimalsError),
        ("1.5", "JPY", TooManyDecimalsError),
        ("10000000000.01", "USD", AmountOutOfRangeError),
        ("-10000000000.01", "USD", AmountOutOfRangeError),
        ("1e999", "USD", BadAmountError),
        ("NaN", "USD", BadAmountError),
        ("Infinity", "USD", BadAmountError),
        ("1,000", "USD", BadAmountError),
        ("1_000", "USD", BadAmountError),
        ("", "USD", BadAmountError),
        (".", "USD", BadAmountError),
        ("--1", "USD", BadAmountError),
        ("١٢", "USD", BadAmountError),
        ("9" * 5000, "USD", BadAmountError),
        ("1", "usd", UnknownCurrencyError),
        ("1", "XXQ", UnknownCurrencyError),
        ("1", "", UnknownCurrencyError),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str, error: type[WarmlineError]) -> None:
    with pytest.raises(error):
        minor_units(text, currency)


@given(st.integers(-MOST_MINOR_UNITS, MOST_MINOR_UNITS), st.sampled_from(sorted(EXPONENTS)))
def test_writing_and_reading_are_inverse(minor: int, currency: str) -> None:
    text = decimal_text(minor, currency)
    assert minor_units(text, currency) == minor
    assert Decimal(text) * 10 ** exponent(currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1050, "USD", "10.50"),
        (-5, "USD", "-0.05"),
        (100, "JPY", "100"),
        (1, "KWD", "0.001"),
        (0, "EUR", "0.00"),
    ],
)
def test_all_decimals_are_written(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text


@given(st.text(), st.sampled_from(["USD", "JPY", "KWD"]))
def test_any_text_is_an_amount_or_an_error_of_ours(text: str, currency: str) -> None:
    try:
        minor = minor_units(text, currency)
    except (BadAmountError, TooManyDecimalsError, AmountOutOfRangeError):
        return
    assert abs(minor) <= MOST_MINOR_UNITS
