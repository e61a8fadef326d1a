from fractions import Fraction

import pytest

from tests.templates.given import VOICE


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1234, "1,234"),
        (Fraction(1, 3), "0.3"),
        (10**40, "10" + ",000" * 13),
        (Fraction(-(10**40) * 2 + 1, 2), "-9" + ",999" * 13 + ".5"),
    ],
)
def test_numbers_of_any_length_are_written(value: Fraction | int, written: str) -> None:
    assert VOICE.figures.number(value) == written


def test_money_and_shares_of_any_length_are_written() -> None:
    assert VOICE.figures.money(10**40, "USD") == "$100" + ",000" * 12 + ".00"
    assert VOICE.figures.percent(Fraction(10**40)) == "+1" + ",000" * 14 + "%"
