"""Texts from outside: taken as they are, or refused."""

from decimal import Decimal

import pytest

from handlers.intake.errors import RefusedError, shown
from handlers.intake.texts import cell, check


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", Decimal(12)),
        ("-0.50", Decimal("-0.50")),
        (" 7 ", Decimal(7)),
        ("007", "007"),
        ("1e5", "1e5"),
        ("+5", "+5"),
        ("NaN", "NaN"),
        ("٣", "٣"),
        ("1" * 19, "1" * 19),
        ("", None),
        (" \t", None),
        ("a\nb", "a\nb"),
    ],
)
def test_a_cell_is_a_number_where_it_is_written_as_one(text: str, expected: object) -> None:
    found = cell(text, "x", limit=100)
    assert found == expected
    assert type(found) is type(expected)


def test_ends_of_lines_are_for_texts_that_may_have_them() -> None:
    assert check("a\tb\r\nc", "x", limit=10, lines=True) == "a\tb\r\nc"
    with pytest.raises(RefusedError) as refused:
        check("a\tb", "x", limit=10)
    assert refused.value.reason.params == {"field": "x", "character": "U+0009"}


def test_what_is_shown_of_a_text_can_be_stored_anywhere() -> None:
    assert shown("é" * 100) == "é" * 80
    assert shown("a\0\ud800\x1b") == "a\\x00\\ud800\\x1b"
