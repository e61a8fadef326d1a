"""When names and texts are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.names import BadNameError, fold, kind_name, name_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Order Refunded", "order_refunded"),
        ("order_refunded", "order_refunded"),
        (" ORDER--refunded! ", "order_refunded"),
        ("Order Completed", "purchase"),
        ("order.completed", "purchase"),
        ("Покупка", "покупка"),
        ("नमस्ते", "नमस्ते"),
        ("E\u0301lan", "\u00e9lan"),
        ("Straße", "strasse"),
        ("2FA", "2fa"),
    ],
)
def test_kinds_have_one_name(text: str, name: str) -> None:
    assert kind_name(text) == name


@pytest.mark.parametrize("text", ["", " ", "---", "🎉", "x" * 101])
def test_what_leaves_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadNameError):
        kind_name(text)


def test_attributes_have_no_aliases() -> None:
    assert name_of("Order Completed") == "order_completed"


@given(st.text(max_size=30))
def test_folding_and_naming_twice_change_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    try:
        name = kind_name(text)
    except BadNameError:
        return
    assert kind_name(name) == name
