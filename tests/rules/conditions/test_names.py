"""When names and texts are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.names import BadNameError, fold, name_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Order Refunded", "order_refunded"),
        ("order_refunded", "order_refunded"),
        (" ORDER--refunded! ", "order_refunded"),
        ("Order Completed", "order_completed"),
        ("Покупка", "покупка"),
        ("नमस्ते", "नमस्ते"),
        ("E\u0301lan", "\u00e9lan"),
        ("Straße", "strasse"),
        ("2FA", "2fa"),
    ],
)
def test_a_thing_has_one_name(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize("text", ["", " ", "---", "🎉", "x" * 101])
def test_what_leaves_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadNameError):
        name_of(text)


@given(st.text(max_size=30))
def test_folding_and_naming_twice_change_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    try:
        name = name_of(text)
    except BadNameError:
        return
    assert name_of(name) == name
